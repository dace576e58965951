/** The layout engine in a worker of its own, so that a big mesh never holds up the page. Started with the first use. */
import Elk, { type ELK } from 'elkjs/lib/elk-api.js';
import workerUrl from 'elkjs/lib/elk-worker.min.js?url';

let engine: ELK | undefined;

/** The one engine of the page. */
export function layoutEngine(): ELK {
  engine ??= new Elk({ workerFactory: () => new Worker(workerUrl) });
  return engine;
}
