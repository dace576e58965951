/**
 * The page's side of the painting worker: sends it what has changed, one picture at a time; what is asked for meanwhile
 * waits, and only the newest of it is painted.
 */
import type { EdgeShape } from '../shapes.ts';
import type { EdgePaint, Palette, Paper } from './edges.ts';
import type { Answer, Ask } from './worker.ts';

export interface Wanted {
  /** In the order they are painted. A shape that is the same object as last time has not changed. */
  readonly shapes: readonly EdgeShape[];
  readonly palette: Palette;
  readonly paper: Paper;
}

/** Whether this browser can paint apart from the page. */
export function canPaint(): boolean {
  return typeof Worker !== 'undefined' && typeof OffscreenCanvas !== 'undefined';
}

/** in: what to do with each picture. */
export function createPainter(painted: (answer: Answer) => void) {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  let sent: ReadonlyMap<string, EdgeShape> = new Map();
  let shapes: readonly EdgeShape[] | undefined;
  let busy = false;
  let waiting: Wanted | undefined;

  const send = (wanted: Wanted) => {
    busy = true;
    const changed = wanted.shapes.filter((shape) => sent.get(shape.id) !== shape);
    const ordered = shapes !== wanted.shapes && !isSameOrder(shapes, wanted.shapes);
    const ask: Ask = {
      changed: changed.map(toPaint),
      order: ordered ? wanted.shapes.map(({ id }) => id) : undefined,
      palette: wanted.palette,
      paper: wanted.paper,
    };
    if (changed.length > 0 || ordered) sent = new Map(wanted.shapes.map((shape) => [shape.id, shape]));
    shapes = wanted.shapes;
    worker.postMessage(ask);
  };
  worker.addEventListener('message', ({ data }: MessageEvent<Answer>) => {
    busy = false;
    painted(data);
    if (!waiting) return;
    const next = waiting;
    waiting = undefined;
    send(next);
  });

  return {
    paint(wanted: Wanted): void {
      if (busy) waiting = wanted;
      else send(wanted);
    },
    close(): void {
      worker.terminate();
    },
  };
}

export type Painter = ReturnType<typeof createPainter>;

function isSameOrder(a: readonly EdgeShape[] | undefined, b: readonly EdgeShape[]): boolean {
  return a?.length === b.length && a.every(({ id }, i) => id === b[i]?.id);
}

/** What the worker needs of a shape. */
export function toPaint({ id, d, head, width, tone, strength, dim, selected, found, lit }: EdgeShape): EdgePaint {
  return {
    id,
    d,
    head,
    width: Number.parseFloat(width),
    tone,
    strength: strength === undefined ? 0 : Number.parseFloat(strength),
    dim,
    halo: selected || found ? 'strong' : lit ? 'faint' : 'none',
  };
}
