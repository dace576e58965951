/**
 * The words of the layout: what is asked (workloads, calls, boxes round namespaces, pins, the room) and what comes back
 * (a picture: where every card, line and box lies, in map px). Plain data, so that it can go to a worker and back.
 */
import type { Box, Point } from '../place.ts';
import type { Line } from '../route.ts';

/** Size of a workload's card, and of the small one of callers outside the mesh. */
export const cardSize = { width: 172, height: 50 } as const;
export const entrySize = { width: 108, height: 50 } as const;

/** How a map is laid out: columns along the traffic, rings round the entries, or forces at rest. */
export type Layout = 'layered' | 'radial' | 'force';

export interface ArrangeNode {
  readonly id: string;
  /** Stands for callers without spans of their own: a small card, in the first column. */
  readonly entry: boolean;
  /** Innermost box it belongs to; absent = none. */
  readonly box?: string | undefined;
}

export interface ArrangeEdge {
  readonly id: string;
  readonly source: string;
  readonly target: string;
}

/** A rectangle round the workloads of a namespace or cluster. */
export interface ArrangeBox {
  readonly id: string;
  readonly label: string;
  /** Box it lies in; absent = none. */
  readonly parent?: string | undefined;
}

/** A drawn box. depth: 0 = outermost. */
export interface PictureBox extends Box {
  readonly label: string;
  readonly depth: number;
}

/** A finished arrangement, map px. Things may lie left of or above 0: what was there before stays where it was. */
export interface Picture {
  readonly nodes: ReadonlyMap<string, Box>;
  readonly edges: ReadonlyMap<string, Line>;
  /** Boxes with at least one workload in the picture; none in the radial layout, where they would cut through rings. */
  readonly boxes: ReadonlyMap<string, PictureBox>;
  readonly width: number;
  readonly height: number;
  /** Points that lines over several columns were led through, by edge: the next picture leads them the same way. */
  readonly passes: ReadonlyMap<string, readonly Point[]>;
  /** What made it; undefined for the empty picture. */
  readonly layout: Layout | undefined;
  /** The workload that was asked for in the middle. */
  readonly centre: string | undefined;
}

export const noPicture: Picture = {
  nodes: new Map(),
  edges: new Map(),
  boxes: new Map(),
  width: 0,
  height: 0,
  passes: new Map(),
  layout: undefined,
  centre: undefined,
};

export interface ArrangeInput {
  readonly nodes: readonly ArrangeNode[];
  readonly edges: readonly ArrangeEdge[];
  readonly boxes: readonly ArrangeBox[];
  readonly layout: Layout;
  /** Room on the screen, px: decides how far apart things stand. */
  readonly room: { readonly width: number; readonly height: number };
  /** The picture that is shown now: what it holds keeps its place, or at least its order. */
  readonly before: Picture;
  /** Corners of cards that the user has put somewhere, map px. */
  readonly pinned: ReadonlyMap<string, Point>;
  /** Lay everything out anew, however little has changed. */
  readonly fresh?: boolean | undefined;
  /** The workload in the middle of the radial layout; absent = the entries. */
  readonly centre?: string | undefined;
}

/** Room inside a box round its cards; the label stands in the top one. */
export const boxPad = { side: 16, top: 30, bottom: 16 } as const;

/** A card's or box's size by the node it stands for. */
export function sizeOf({ entry }: Pick<ArrangeNode, 'entry'>): { readonly width: number; readonly height: number } {
  return entry ? entrySize : cardSize;
}
