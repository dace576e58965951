/**
 * The live map: one loop a distinct question computes the map once a second, whoever and however many ask it, and sends it
 * to all of them when it has changed; between changes a heartbeat event says that it is still so. Each event is the whole
 * map, so nobody is owed an older one: a client that is still busy with the last event gets the then newest when it is
 * ready, and one that stays busy is dropped. Nothing is queued.
 */
import type { Graph } from '#shared/api.ts';
import { AppError } from '#shared/error.ts';
import { createListener, heartbeat, offer, type Line, type Listener } from './listener.ts';

export interface LiveOptions<Query> {
  compute(query: Query): Promise<Graph>;
  onBug(error: unknown): void;
  /** Shortest time between two events, and between two heartbeats. */
  readonly everyMs?: number;
  readonly heartbeatMs?: number;
  /** How long a client may leave an event untaken. */
  readonly patienceMs?: number;
  readonly maxClients?: number;
  readonly maxQueries?: number;
}

export interface Live<Query> {
  /**
   * A stream of events for one client. in: the question; the client's line.
   * errors: unavailable when too many clients or different questions are served already.
   */
  follow(query: Query, line: Line): Promise<ReadableStream<Uint8Array>>;
  readonly clients: number;
  close(): void;
}

interface Client extends Listener {
  /** It was busy when the newest map went out. */
  behind: boolean;
}

interface Loop {
  readonly clients: Set<Client>;
  /** Clients that are about to join. */
  joining: number;
  /** Settles when the first map is there; rejects when there will be none. */
  ready: Promise<void>;
  last: { readonly graph: Graph; readonly event: Uint8Array } | undefined;
  timer: NodeJS.Timeout | undefined;
  /** The last try to compute the map failed: what clients hold is getting old. */
  fails: boolean;
}

const encoder = new TextEncoder();
/** A comment keeps proxies from closing a quiet connection; the page sees events only. */
const comment = encoder.encode(': the map cannot be read now\n\n');

export function createLive<Query>(options: LiveOptions<Query>): Live<Query> {
  const { everyMs = 1000, heartbeatMs = 5_000, patienceMs = 15_000, maxClients = 256, maxQueries = 32 } = options;
  const loops = new Map<string, Loop>();
  let clientCount = 0;
  let closed = false;

  const beat = setInterval(() => {
    const event = heartbeat();
    for (const { clients, fails } of loops.values()) {
      for (const client of clients) offer(client, fails ? comment : event, patienceMs);
    }
  }, heartbeatMs);
  beat.unref();

  async function turn(key: string, query: Query, loop: Loop): Promise<void> {
    if (closed) return;
    const startedMs = performance.now();
    try {
      const graph = await options.compute(query);
      const changed = loop.last === undefined || !isSame(graph, loop.last.graph);
      if (loop.last === undefined || changed) loop.last = { graph, event: toEvent(graph) };
      const { event } = loop.last;
      for (const client of loop.clients)
        if (changed || client.behind) client.behind = !offer(client, event, patienceMs);
      loop.fails = false;
    } catch (error) {
      loop.fails = true;
      if (!(error instanceof AppError)) options.onBug(error);
    }
    if (loop.clients.size + loop.joining === 0 || closed) {
      loops.delete(key);
      return;
    }
    // A map that takes long to make may not take more than half of the time.
    const tookMs = performance.now() - startedMs;
    loop.timer = setTimeout(() => void turn(key, query, loop), Math.max(everyMs - tookMs, tookMs));
  }

  function start(key: string, query: Query): Loop {
    const loop: Loop = {
      clients: new Set(),
      joining: 0,
      ready: Promise.resolve(),
      last: undefined,
      timer: undefined,
      fails: false,
    };
    loops.set(key, loop);
    loop.ready = (async () => {
      try {
        const graph = await options.compute(query);
        loop.last = { graph, event: toEvent(graph) };
        loop.timer = setTimeout(() => void turn(key, query, loop), everyMs);
      } catch (error) {
        loops.delete(key);
        throw error;
      }
    })();
    return loop;
  }

  return {
    async follow(query, line) {
      const key = JSON.stringify(query);
      if (closed) throw new AppError('unavailable', 'cannot follow the map: the collector is closing');
      if (clientCount >= maxClients)
        throw new AppError('unavailable', `cannot follow the map: ${maxClients} clients already do`);
      let loop = loops.get(key);
      if (loop === undefined) {
        if (loops.size >= maxQueries) {
          throw new AppError('unavailable', `cannot follow the map: ${maxQueries} different maps are already followed`);
        }
        loop = start(key, query);
      }
      // The first map is computed before the answer starts: a bad question gets its error.
      loop.joining += 1;
      try {
        await loop.ready;
      } finally {
        loop.joining -= 1;
      }
      const { clients } = loop;
      const current = loop;
      clientCount += 1;
      return createListener({ behind: false }, line, {
        came(client) {
          clients.add(client);
          if (current.last) client.hand(current.last.event);
        },
        left(client) {
          if (clients.delete(client)) clientCount -= 1;
        },
      });
    },
    get clients() {
      return clientCount;
    },
    close() {
      closed = true;
      clearInterval(beat);
      for (const loop of loops.values()) {
        clearTimeout(loop.timer);
        for (const { controller } of loop.clients) controller.close();
        loop.clients.clear();
      }
      loops.clear();
      clientCount = 0;
    },
  };
}

/** Does not count as a change of a map: the passing of time, which moves the interval and every rate a little. */
const moving = new Set(['from', 'to', 'generatedAt', 'rate', 'bytesPerSecond']);

/** Whether two maps, or the same part of both, differ in nothing that counts. One that changes does so near its begin. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every(
    (key) => moving.has(key) || isSame((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
  );
}

/** in: the map. out: an event whose id is the moment it was made; a client that comes back with it gets the present map. */
function toEvent(graph: Graph): Uint8Array {
  return encoder.encode(`retry: 2000\nevent: graph\nid: ${graph.generatedAt}\ndata: ${JSON.stringify(graph)}\n\n`);
}
