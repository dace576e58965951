/** The JSON of a trace, in pieces: what a stream carries and what a worker hands over. */
import type { Emitter, TraceView } from './trace-view.ts';

/** Characters that a piece should have before it is sent. */
export const pieceLength = 256 * 1024;

/** The JSON of a trace, a span a piece. in: light: attributes and the like are left out. */
export function* written(view: TraceView, light: boolean): Generator<string> {
  const emitters = new Map<Emitter, string>();
  const { criticalPath, ...head } = view.head;
  yield `${JSON.stringify({ ...head, light }).slice(0, -1)},"spans":[`;
  for (let node = 0; node < view.spanCount; node++) {
    const emitter = view.emitterOf(node);
    let tail = emitters.get(emitter);
    if (tail === undefined) {
      const { resource, scope } = emitter;
      emitters.set(emitter, (tail = JSON.stringify({ resource, scope }).slice(1)));
    }
    yield `${node === 0 ? '' : ','}${JSON.stringify(view.spanAt(node)).slice(0, -1)},${tail}`;
  }
  yield `],"criticalPath":${JSON.stringify(criticalPath)}}`;
}
