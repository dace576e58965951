/**
 * One client of a stream of server-sent events: it is handed an event when it has taken the last one, and dropped when it
 * leaves one untaken for too long. Nothing is queued.
 */
import { gzipHead, gzipPiece } from './gzip-pieces.ts';

/** How a client is reached. */
export interface Line {
  /** Ends the connection of one that does not read. */
  drop(): void;
  /** It takes a stream that is compressed by gzip. */
  readonly gzip?: boolean;
}

export interface Listener {
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  /** Hands it an event whether or not it is ready: its first one, or one that `offer` found it ready for. */
  readonly hand: (event: Uint8Array) => void;
  /** Ends its connection. */
  readonly drop: () => void;
  busySinceMs: number | undefined;
}

/**
 * Hands a client an event if it has taken the last one. in: makes the event, asked only then; how long it may leave one
 * untaken. out: whether it did.
 */
export function offer(client: Listener, event: () => Uint8Array, patienceMs: number): boolean {
  if ((client.controller.desiredSize ?? 0) > 0) {
    client.busySinceMs = undefined;
    client.hand(event());
    return true;
  }
  client.busySinceMs ??= performance.now();
  if (performance.now() - client.busySinceMs > patienceMs) client.drop();
  return false;
}

/** in: what its owner notes of a client; `came`, which hands it the first event, and `left` keep count of it. */
export function createListener<Notes extends object>(
  notes: Notes,
  { drop, gzip = false }: Line,
  { came, left }: { came(client: Listener & Notes): void; left(client: Listener & Notes): void },
): ReadableStream<Uint8Array> {
  let client: (Listener & Notes) | undefined;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const own: Listener & Notes = {
        ...notes,
        controller,
        hand: (event) => controller.enqueue(gzip ? gzipPiece(event) : event),
        busySinceMs: undefined,
        drop() {
          left(own);
          controller.error(new Error('client does not read'));
          drop();
        },
      };
      client = own;
      if (gzip) controller.enqueue(gzipHead);
      came(own);
    },
    cancel() {
      if (client) left(client);
    },
  });
}

/** Said to all from time to time, so that a page can tell quiet from gone. Its data is the present, epoch ms. */
export function heartbeat(): Uint8Array {
  return new TextEncoder().encode(`event: heartbeat\ndata: ${Date.now()}\n\n`);
}
