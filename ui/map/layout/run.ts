/**
 * One arrangement from start to end, in whatever thread it is called: checks what is asked, picks the layout, draws lines
 * and boxes. Pure and deterministic: the same input gives the same picture, in whatever order its lists come.
 */
import type { Box } from '../place.ts';
import { toCurves } from './curves.ts';
import { toForce } from './force.ts';
import { toFrames } from './frames.ts';
import { toLines } from './lanes.ts';
import { shiftTo, strain, toKept } from './keep.ts';
import { toLayered, type Standing } from './layered.ts';
import { noPicture, type ArrangeInput, type Picture } from './picture.ts';
import { strays, withPins } from './pins.ts';
import { toRadial } from './radial.ts';

/** From so many edges on, points of lines lie further apart: they go from thread to thread. */
const manyEdges = 400;
/** An old picture whose calls go further than in a new one by more than this is given up. Compared up to so many nodes. */
const mostStrain = 1.35;
const mostShrunk = 1.3;
const mostWasted = 2.2;
const mostToCompare = 150;

export function toPicture(asked: ArrangeInput): Picture {
  if (asked.nodes.length === 0) return noPicture;
  const input = sorted(asked.layout === 'radial' ? { ...asked, boxes: [] } : asked);
  const standing = toStanding(input);
  const nodes = withPins(input, standing.nodes);
  const passes = stillPassing(input, standing, nodes);
  const gone = strays(input, nodes);
  const boxes = toFrames(
    input.nodes.filter(({ id }) => !gone.has(id)),
    input.boxes,
    nodes,
  );
  const step = input.edges.length > manyEdges ? 40 : 14;
  const edges =
    input.layout === 'layered' ? toLines(nodes, input.edges, passes, step) : toCurves(nodes, input.edges, step);
  const { layout, centre } = input;
  return { nodes, edges, boxes, passes, layout, centre, ...sizeOfAll([...nodes.values(), ...boxes.values()]) };
}

/** The old standing with what is new in it, while that is about as good as a new one; else a new one, near the old. */
function toStanding(input: ArrangeInput): Standing {
  const kept = toKept(input);
  const small = input.nodes.length <= mostToCompare;
  if (kept && !small) return kept;
  const anew = toNew(input);
  if (kept && asGood(input, kept.nodes, anew.nodes)) return kept;
  const { x, y } = shiftTo(input.before.nodes.size > 0 ? input.before.nodes : input.pinned, anew.nodes);
  return {
    nodes: new Map([...anew.nodes].map(([id, box]) => [id, { ...box, x: box.x + x, y: box.y + y }])),
    passes: new Map([...anew.passes].map(([id, way]) => [id, way.map((at) => ({ x: at.x + x, y: at.y + y }))])),
  };
}

function toNew(input: ArrangeInput): Standing {
  if (input.layout === 'layered') return toLayered(input);
  return { nodes: input.layout === 'radial' ? toRadial(input) : toForce(input), passes: new Map() };
}

/** Whether an old picture is still good enough: its calls not much longer, its cards not much smaller, the room not left empty. */
function asGood(input: ArrangeInput, kept: ReadonlyMap<string, Box>, anew: ReadonlyMap<string, Box>): boolean {
  if (strain(input, kept) > mostStrain * strain(input, anew)) return false;
  const shown = (cards: ReadonlyMap<string, Box>) => {
    const { width, height } = sizeOfAll([...cards].flatMap(([id, box]) => (input.pinned.has(id) ? [] : [box])));
    const scale = Math.min(1, input.room.width / width, input.room.height / height);
    return { scale, area: width * height * scale * scale };
  };
  const [old, fresh] = [shown(kept), shown(anew)];
  return old.scale * mostShrunk >= fresh.scale && old.area * mostWasted >= fresh.area;
}

/** Ways that still hold: those of edges whose cards the user has not dragged off. */
function stillPassing(
  { edges }: ArrangeInput,
  { nodes, passes }: Standing,
  placed: Standing['nodes'],
): Standing['passes'] {
  const stays = (id: string) => {
    const [a, b] = [nodes.get(id), placed.get(id)];
    return a !== undefined && b !== undefined && a.x === b.x && a.y === b.y;
  };
  return new Map(
    edges.flatMap(({ id, source, target }) => {
      const way = passes.get(id);
      return way && stays(source) && stays(target) ? [[id, way] as const] : [];
    }),
  );
}

function sorted(input: ArrangeInput): ArrangeInput {
  const byId = (a: { readonly id: string }, b: { readonly id: string }) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
  return {
    ...input,
    nodes: [...input.nodes].sort(byId),
    edges: [...input.edges].sort(byId),
    boxes: [...input.boxes].sort(byId),
  };
}

function sizeOfAll(boxes: readonly Box[]): { readonly width: number; readonly height: number } {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y, width, height } of boxes) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x + width);
    bottom = Math.max(bottom, y + height);
  }
  return { width: right - left, height: bottom - top };
}
