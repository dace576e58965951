/**
 * The arrangement of the graph that is shown: asks for a new one when what is drawn, the layout, the boxes or the pins have
 * changed, and keeps the last until it is there. New numbers alone, or a little less of the same, move nothing.
 */
import type { Graph } from '#shared/api.ts';
import type { Layout } from '../address.svelte.ts';
import { arrange, noPicture, type Picture } from './arrange.ts';
import type { Frames } from './frames.ts';
import type { Pins } from './pins.ts';
import { isEntry } from './scene.ts';
import type { Room } from './room.ts';

export interface Ask {
  readonly graph: Graph;
  readonly frames: Frames;
  readonly layout: Layout;
  readonly room: Room;
  readonly pins: Pins;
}

/** After the last change by hand, ms: cards that are still being put in their places are not arranged yet. */
const handMs = 350;
/** Room that is taken by what lies over the map, px. */
const taken = { width: 56, height: 92 };

/** in: what to arrange, undefined = not yet; arrived: called with each new picture. */
export function createArranged(ask: () => Ask | undefined, arrived: (picture: Picture, first: boolean) => void) {
  let picture = $state.raw<Picture>(noPicture);
  let problem = $state('');
  let kind = '';
  let shape = '';
  let hand = '';
  let turn = 0;

  $effect(() => {
    const asked = ask();
    if (!asked) return;
    const { graph, frames, layout, pins } = asked;
    const nextKind = `${layout} ${frames.frames.map(({ id }) => id).join(' ')}`;
    const nextShape = shapeOf(graph);
    const nextHand = [...pins].map(([id, { x, y }]) => `${id} ${x} ${y}`).join('\n');
    const same = nextKind === kind && nextHand === hand;
    if (same && (nextShape === shape || isKept(graph, picture))) return;
    const byHand = picture.nodes.size > 0 && nextKind === kind && nextHand !== hand && nextHand !== '';
    // cards that are let go belong where the layout would put them, not where they were last
    const fresh = nextHand === '' && hand !== '';
    [kind, shape, hand] = [nextKind, nextShape, nextHand];
    const mine = ++turn;
    setTimeout(() => mine === turn && void start(asked, mine, fresh), byHand ? handMs : 0);
  });

  async function start({ graph, frames, layout, room, pins }: Ask, mine: number, fresh: boolean): Promise<void> {
    try {
      const next = await arrange({
        nodes: graph.nodes.map((node) => {
          const box = frames.boxOf.get(node.id);
          return { id: node.id, entry: isEntry(node), ...(box === undefined ? {} : { box }) };
        }),
        edges: graph.edges.map(({ id, source, target }) => ({ id, source, target })),
        boxes: frames.frames.map(({ id, label, parent }) => ({
          id,
          label,
          ...(parent === undefined ? {} : { parent }),
        })),
        layout,
        room: { width: Math.max(320, room.width - taken.width), height: Math.max(240, room.height - taken.height) },
        before: picture,
        pinned: pins,
        fresh,
      });
      if (mine !== turn) return;
      const first = picture.nodes.size === 0;
      picture = next;
      problem = '';
      arrived(next, first);
    } catch (error) {
      if (mine === turn) problem = error instanceof Error ? error.message : String(error);
    }
  }

  return {
    get picture(): Picture {
      return picture;
    },
    /** Why there is no picture; '' = none of that. */
    get problem(): string {
      return problem;
    },
  };
}

function shapeOf({ nodes, edges }: Graph): string {
  return [...nodes.map(({ id }) => id).sort(), ...edges.map(({ id }) => id).sort()].join('\n');
}

/** Whether the picture holds everything, and little else. */
function isKept({ nodes, edges }: Graph, picture: Picture): boolean {
  return (
    nodes.length > 0.7 * picture.nodes.size &&
    nodes.every(({ id }) => picture.nodes.has(id)) &&
    edges.every(({ id }) => picture.edges.has(id))
  );
}
