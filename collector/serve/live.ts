/**
 * The live map: one loop a distinct question computes the map when the derivation has moved on, about once a second, whoever
 * and however many ask it, and sends it to all of them when it has changed; between changes a heartbeat event says that it is
 * still so. Each event is the whole map, so nobody is owed an older one: a client that is still busy with the last event gets
 * the then newest when it is ready, one that joins gets the map of the last look, and one that stays busy is dropped. Nothing
 * is queued, and a map is written as text only when somebody takes it.
 */
import type { Graph } from '#shared/api.ts';
import { AppError } from '#shared/error.ts';
import { createListener, heartbeat, offer, type Line, type Listener } from './listener.ts';

export interface LiveOptions<Query> {
  compute(query: Query): Promise<Graph>;
  onBug(error: unknown): void;
  /** Time from one look at the map to the next; half of it when it is told to look, see `look`. */
  readonly everyMs?: number;
  /** Between two heartbeats. */
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
  /** The map may be another one now: it is looked at as soon as the last look is long enough ago. */
  look(): void;
  readonly clients: number;
  close(): void;
}

interface Client extends Listener {
  /** It was busy when the newest map went out. */
  behind: boolean;
}

/** The map of a look, and the event that says it, once somebody has taken it. */
interface Look {
  readonly graph: Graph;
  event?: Uint8Array;
}

interface Loop<Query> {
  readonly key: string;
  readonly query: Query;
  readonly clients: Set<Client>;
  /** Clients that are about to join. */
  joining: number;
  /** Settles when the first map is there; rejects when there will be none. */
  ready: Promise<void>;
  last: Look | undefined;
  /** Of the next look; undefined while one is being taken. */
  timer: NodeJS.Timeout | undefined;
  /** It was told to look during the present look, or since: the next is the sooner one. */
  told: boolean;
  /** When the last look began, and how long it took. */
  startedMs: number;
  tookMs: number;
  /** The last try to compute the map failed: what clients hold is getting old. */
  fails: boolean;
}

const encoder = new TextEncoder();
/** A comment keeps proxies from closing a quiet connection; the page sees events only. */
const comment = encoder.encode(': the map cannot be read now\n\n');

export function createLive<Query>(options: LiveOptions<Query>): Live<Query> {
  const { everyMs = 1_500, heartbeatMs = 5_000, patienceMs = 15_000, maxClients = 256, maxQueries = 32 } = options;
  const loops = new Map<string, Loop<Query>>();
  let clientCount = 0;
  let closed = false;

  const beat = setInterval(() => {
    const event = heartbeat();
    for (const { clients, fails } of loops.values()) {
      for (const client of clients) offer(client, () => (fails ? comment : event), patienceMs);
    }
  }, heartbeatMs);
  beat.unref();

  async function turn(loop: Loop<Query>): Promise<void> {
    if (closed) return;
    try {
      const graph = await take(loop);
      const changed = loop.last === undefined || !isSame(graph, loop.last.graph);
      const last: Look = { graph };
      loop.last = last;
      for (const client of loop.clients)
        if (changed || client.behind) client.behind = !offer(client, () => eventOf(last), patienceMs);
      loop.fails = false;
    } catch (error) {
      loop.fails = true;
      if (!(error instanceof AppError)) options.onBug(error);
    }
    if (loop.clients.size + loop.joining === 0 || closed) {
      loops.delete(loop.key);
      return;
    }
    schedule(loop);
  }

  /** One look. */
  async function take(loop: Loop<Query>): Promise<Graph> {
    loop.timer = undefined;
    loop.told = false;
    loop.startedMs = performance.now();
    try {
      return await options.compute(loop.query);
    } finally {
      loop.tookMs = performance.now() - loop.startedMs;
    }
  }

  /** Sets when the next look is taken. */
  function schedule(loop: Loop<Query>): void {
    clearTimeout(loop.timer);
    // A map that takes long to make may not take more than half of the time.
    const afterMs = Math.max(loop.told ? everyMs / 2 : everyMs, 2 * loop.tookMs);
    loop.timer = setTimeout(() => void turn(loop), loop.startedMs + afterMs - performance.now());
  }

  function start(key: string, query: Query): Loop<Query> {
    const loop: Loop<Query> = {
      key,
      query,
      clients: new Set(),
      joining: 0,
      ready: Promise.resolve(),
      last: undefined,
      timer: undefined,
      told: false,
      startedMs: 0,
      tookMs: 0,
      fails: false,
    };
    loops.set(key, loop);
    loop.ready = (async () => {
      try {
        loop.last = { graph: await take(loop) };
        schedule(loop);
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
          if (current.last) client.hand(eventOf(current.last));
        },
        left(client) {
          if (clients.delete(client)) clientCount -= 1;
        },
      });
    },
    look() {
      for (const loop of loops.values()) {
        if (loop.told) continue;
        loop.told = true;
        if (loop.timer !== undefined) schedule(loop);
      }
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

/** The event of a look. Its id is the moment the map was made; a client that comes back with it gets the present map. */
function eventOf(look: Look): Uint8Array {
  const { graph } = look;
  return (look.event ??= encoder.encode(
    `retry: 2000\nevent: graph\nid: ${graph.generatedAt}\ndata: ${JSON.stringify(graph)}\n\n`,
  ));
}
