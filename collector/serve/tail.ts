/**
 * The live tail: traces that match a query line, as they settle. One look a second tells whether anything settled; then each
 * distinct question is asked once, whoever and however many follow it. A client is owed what settled since its last event: one
 * that is still busy gets it with the next, at most the newest hundred and the number of the others, and one that stays busy
 * is dropped. A client that comes back says what it has by Last-Event-ID, the second of the settlement.
 */
import type { TracesSettled, TraceSummary } from '#shared/api.ts';
import { AppError } from '#shared/error.ts';
import { createListener, heartbeat, offer, type Line, type Listener } from './listener.ts';

export interface TailOptions<Query> {
  /** The newest second in which a trace settled, at or after the given one; 0 when there is none. */
  newest(from: number): Promise<number>;
  /** What settled after one second, up to and with another: at most `limit`, the latest first, and how many there are. */
  read(query: Query, after: number, until: number, limit: number): Promise<{ traces: TraceSummary[]; total: number }>;
  onBug(error: unknown): void;
  readonly everyMs?: number;
  readonly heartbeatMs?: number;
  /** How long a client may leave an event untaken. */
  readonly patienceMs?: number;
  readonly maxClients?: number;
  readonly maxQueries?: number;
}

export interface Tail<Query> {
  /**
   * A stream of events for one client. in: the question; the id of the last event it has; the client's line.
   * errors: unavailable when too many follow already; what `read` throws.
   */
  follow(query: Query, lastEventId: string | undefined, line: Line): Promise<ReadableStream<Uint8Array>>;
  readonly clients: number;
  close(): void;
}

interface Client extends Listener {
  /** Up to which second it has been told, and what it is owed since. */
  told: number;
  owed: TracesSettled;
}

interface Loop<Query> {
  readonly query: Query;
  readonly clients: Set<Client>;
}

const encoder = new TextEncoder();
/** A comment keeps proxies from closing a quiet connection; the page sees events only. */
const comment = encoder.encode(': the traces cannot be read now\n\n');
const mostTraces = 100;
/** Who comes back gets what settled so long ago at most, seconds. Its id may be older: nothing has matched since. */
const mostAway = 300;
const nothing: TracesSettled = { traces: [], more: 0 };

export function createTail<Query>(options: TailOptions<Query>): Tail<Query> {
  const { everyMs = 1000, heartbeatMs = 5_000, patienceMs = 15_000, maxClients = 256, maxQueries = 32 } = options;
  const loops = new Map<string, Loop<Query>>();
  let clientCount = 0;
  let newest: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  /** The last look failed: what clients hold is getting old. */
  let fails = false;

  const beat = setInterval(() => {
    const event = heartbeat();
    for (const { clients } of loops.values())
      for (const client of clients) offer(client, () => (fails ? comment : event), patienceMs);
  }, heartbeatMs);
  beat.unref();

  function tell(client: Client, until: number, settled: TracesSettled): void {
    client.owed = joined(settled, client.owed);
    client.told = until;
    if (client.owed.traces.length > 0 && offer(client, () => toEvent(until, client.owed), patienceMs))
      client.owed = nothing;
  }

  async function look(): Promise<void> {
    const startedMs = performance.now();
    try {
      const before = newest ?? 0;
      newest = Math.max(before, await options.newest(before));
      for (const [key, loop] of loops) {
        if (loop.clients.size === 0) loops.delete(key);
        else await ask(loop, newest);
      }
      fails = false;
    } catch (error) {
      fails = true;
      if (!(error instanceof AppError)) options.onBug(error);
    }
    timer = undefined;
    if (loops.size === 0 || closed) return;
    // Looking may not take more than half of the time.
    const tookMs = performance.now() - startedMs;
    timer = setTimeout(() => void look(), Math.max(everyMs - tookMs, tookMs));
  }

  /** Reads what the clients of a question have not been told. All but those that have just come have been told the same. */
  async function ask({ query, clients }: Loop<Query>, until: number): Promise<void> {
    const told = new Set(Array.from(clients, (client) => client.told));
    for (const after of told) {
      const settled = until > after ? toSettled(await options.read(query, after, until, mostTraces)) : nothing;
      for (const client of clients) if (client.told === after) tell(client, Math.max(after, until), settled);
    }
  }

  return {
    async follow(query, lastEventId, line) {
      const key = JSON.stringify(query);
      const refuse = (why: string): never => {
        throw new AppError('unavailable', `cannot follow traces: ${why}`);
      };
      if (closed) refuse('the collector is closing');
      if (clientCount >= maxClients) refuse(`${maxClients} clients already do`);
      if (!loops.has(key) && loops.size >= maxQueries) refuse(`${maxQueries} different queries are already followed`);
      clientCount += 1;
      try {
        const present = Math.max(newest ?? 0, await options.newest(newest ?? 0));
        const has = /^\d{1,10}$/.test(lastEventId ?? '') ? Number(lastEventId) : present;
        // the first question is asked before the answer starts: a bad one gets its error
        const after = Math.min(present, Math.max(has, present - mostAway));
        const first = toSettled(await options.read(query, after, present, mostTraces));
        if (closed) refuse('the collector is closing');
        return stream(key, query, present, first, line);
      } catch (error) {
        clientCount -= 1;
        throw error;
      }
    },
    get clients() {
      return clientCount;
    },
    close() {
      closed = true;
      clearInterval(beat);
      clearTimeout(timer);
      for (const { clients } of loops.values()) for (const { controller } of clients) controller.close();
      loops.clear();
      clientCount = 0;
    },
  };

  function stream(
    key: string,
    query: Query,
    told: number,
    first: TracesSettled,
    line: Line,
  ): ReadableStream<Uint8Array> {
    const loop = loops.get(key) ?? { query, clients: new Set<Client>() };
    loops.set(key, loop);
    timer ??= setTimeout(() => void look(), everyMs);
    return createListener({ told, owed: nothing }, line, {
      came(client) {
        loop.clients.add(client);
        client.hand(toEvent(told, first));
      },
      left(client) {
        if (loop.clients.delete(client)) clientCount -= 1;
      },
    });
  }
}

function toSettled({ traces, total }: { traces: TraceSummary[]; total: number }): TracesSettled {
  return { traces, more: total - traces.length };
}

function joined(newer: TracesSettled, older: TracesSettled): TracesSettled {
  if (older.traces.length === 0) return newer;
  const traces = [...newer.traces, ...older.traces];
  const more = newer.more + older.more + Math.max(0, traces.length - mostTraces);
  return { traces: traces.slice(0, mostTraces), more };
}

/** An event whose id is the second up to which its traces have settled. */
function toEvent(until: number, settled: TracesSettled): Uint8Array {
  return encoder.encode(`retry: 2000\nevent: traces\nid: ${until}\ndata: ${JSON.stringify(settled)}\n\n`);
}
