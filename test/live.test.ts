/** The live map over real sockets: who follows gets the present map at once, changes once, and never a queue of old ones. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { constants, createGunzip, gunzipSync } from 'node:zlib';
import { graph as graphSchema, type Graph } from '#shared/api.ts';
import { toGraph } from '#shared/graph.ts';
import { gzipHead, gzipPiece } from '../collector/serve/gzip-pieces.ts';
import { createLive } from '../collector/serve/live.ts';
import { edgeFrame } from './edge-frame.ts';
import { startServing, storeFrames } from './serve.ts';

const served = await startServing();
const thisFrame = (): number => Math.floor(Date.now() / 10_000) * 10;
const store = (calls: number): Promise<void> =>
  storeFrames(served.db, [edgeFrame('web', 'auth', { frame: thisFrame() - 10, calls })]);
await store(1);

const line = { drop: assert.fail };

interface Event {
  readonly event: string;
  readonly id: string;
  readonly data: string;
}

/** Follows a stream. out: takes the next event of a name, or undefined when none comes in time. */
async function follow(query = '', headers: Record<string, string> = {}) {
  const stop = new AbortController();
  const response = await served.get(`/api/graph/live${query}`, { headers, signal: stop.signal });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  const events: Event[] = [];
  let wake = (): void => {};
  void (async () => {
    let text = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const fields = new Map(
          text
            .slice(0, end)
            .split('\n')
            .map((line): [string, string] => {
              const colon = line.indexOf(': ');
              return [line.slice(0, colon), line.slice(colon + 2)];
            }),
        );
        events.push({ event: fields.get('event') ?? '', id: fields.get('id') ?? '', data: fields.get('data') ?? '' });
        text = text.slice(end + 2);
        wake();
      }
    }
  })().catch(() => {});
  return {
    stop: () => stop.abort(),
    async next(event: string, withinMs = 6_000): Promise<Event | undefined> {
      const deadline = Date.now() + withinMs;
      for (;;) {
        const at = events.findIndex((one) => one.event === event);
        if (at >= 0) return events.splice(at, 1)[0];
        if (Date.now() >= deadline) return undefined;
        await new Promise<void>((resolve) => {
          wake = resolve;
          setTimeout(resolve, Math.max(1, deadline - Date.now()));
        });
      }
    },
  };
}

function graphOf(event: Event | undefined): Graph {
  assert.ok(event, 'an event came');
  return graphSchema.parse(JSON.parse(event.data));
}

/** The graph of the next event. */
async function readGraph(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Graph> {
  const { value } = await reader.read();
  return JSON.parse(/data: (.*)/.exec(new TextDecoder().decode(value))?.[1] ?? '{}') as Graph;
}

async function until(holds: () => boolean, withinMs = 5_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!holds()) {
    assert.ok(Date.now() < deadline, 'in time');
    await pause(20);
  }
}

test('a follower gets the present map at once, then each change, then nothing but heartbeats', async () => {
  const client = await follow('?window=10m');
  const first = graphOf(await client.next('graph', 1_000));
  await store(2);
  const second = graphOf(await client.next('graph'));
  assert.equal(second.edges[0]?.calls, (first.edges[0]?.calls ?? 0) + 2);
  assert.equal(await client.next('graph', 2_500), undefined, 'no change, no event');
  assert.ok(await client.next('heartbeat'));
  client.stop();
});

test('spans that have not settled are in it, and say so', async () => {
  const client = await follow('?window=10m');
  const first = graphOf(await client.next('graph'));
  served.open.frames = [edgeFrame('web', 'new', { frame: thisFrame(), calls: 4 })];
  served.open.unsettled = 3;
  const second = graphOf(await client.next('graph'));
  assert.equal(second.edges.length, first.edges.length + 1);
  assert.equal(second.unsettled, 3);
  served.open.frames = [];
  served.open.unsettled = 0;
  client.stop();
});

test('what the derivation has just written is there at once', async () => {
  const client = await follow('?window=10m');
  const first = graphOf(await client.next('graph'));
  await pause(800);
  served.open.unsettled = 5;
  served.open.advanced?.();
  const second = graphOf(await client.next('graph', 500));
  assert.notEqual(second.unsettled, first.unsettled);
  served.open.unsettled = 0;
  client.stop();
});

test('a follower that comes back gets the present map, whatever it had last', async () => {
  const client = await follow('?window=10m');
  const held = await client.next('graph');
  const id = held?.id ?? '';
  assert.match(id, /^\d+$/);
  client.stop();
  await store(5);
  await until(() => served.api.liveClients === 0);
  const again = await follow('?window=10m', { 'last-event-id': id });
  let calls = graphOf(await again.next('graph', 1_000)).edges[0]?.calls;
  if (calls === graphOf(held).edges[0]?.calls) calls = graphOf(await again.next('graph')).edges[0]?.calls;
  assert.equal(calls, (graphOf(held).edges[0]?.calls ?? 0) + 5);
  again.stop();
});

test('an unreadable question is an error, not a stream', async () => {
  const response = await served.get('/api/graph/live?window=soon');
  assert.equal(response.status, 400);
  assert.equal(((await response.json()) as { error: { code: string } }).error.code, 'bad-request');
});

test('the stream is compressed for who takes that, a map a piece, and plain for others', async () => {
  const read = async (
    coding: string,
  ): Promise<{ readonly wire: number; readonly encoding: unknown; readonly text: string }> =>
    new Promise((resolve, reject) => {
      const asking = request(`${served.api.url}/api/graph/live?window=8m`, { headers: { 'accept-encoding': coding } });
      asking.on('error', reject);
      asking.on('response', (response) => {
        const encoding = response.headers['content-encoding'];
        let wire = 0;
        let text = '';
        response.on('data', (piece: Buffer) => (wire += piece.length));
        const plain = encoding === 'gzip' ? response.pipe(createGunzip()) : response;
        plain.on('error', reject);
        plain.on('data', (piece: Buffer) => {
          text += piece.toString();
          if (!/event: graph[^]*event: graph[^]*\n\n$/.test(text)) return;
          resolve({ wire, encoding, text });
          asking.destroy();
        });
      });
      asking.end();
    });
  const changing = setInterval(() => void (served.open.unsettled += 1), 500);
  try {
    const [packed, plain, none] = await Promise.all(['gzip, zstd', 'identity', 'gzip;q=0'].map(read));
    assert.deepEqual([packed?.encoding, plain?.encoding, none?.encoding], ['gzip', undefined, undefined]);
    assert.equal(packed?.text, plain?.text);
    assert.equal(none?.text, plain?.text);
    assert.equal(plain?.wire, plain?.text.length);
    assert.ok((packed?.wire ?? 0) < (plain?.wire ?? 0) / 1.5, `${packed?.wire} of ${plain?.wire} bytes`);
  } finally {
    clearInterval(changing);
    served.open.unsettled = 0;
  }
});

test('pieces of a gzip stream mean the same whatever comes before, and are made once', () => {
  const [a, b] = ['abcabcabc', 'abcabcabd'].map((text) => Buffer.from(text.repeat(50)));
  assert.ok(a && b);
  const inflated = (...parts: Uint8Array[]): string =>
    gunzipSync(Buffer.concat(parts), { finishFlush: constants.Z_SYNC_FLUSH }).toString();
  assert.equal(inflated(gzipHead, gzipPiece(a), gzipPiece(b), gzipPiece(a)), `${a}${b}${a}`);
  assert.equal(inflated(gzipHead, gzipPiece(b), gzipPiece(b)), `${b}${b}`);
  assert.equal(gzipPiece(a), gzipPiece(a));
});

test('who leaves is forgotten', async () => {
  const clients = await Promise.all([1, 2, 3].map(() => follow('?window=9m')));
  await until(() => served.api.liveClients === 3);
  for (const client of clients) client.stop();
  await until(() => served.api.liveClients === 0);
});

test('who asks for the head follows nothing', async () => {
  for (const path of ['/api/graph/live?window=9m', '/api/traces/live']) {
    const response = await fetch(`${served.api.url}${path}`, { method: 'HEAD' });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'text/event-stream');
  }
  assert.equal(served.api.liveClients, 0);
});

test('a hundred followers of one map cost one computation a second', async () => {
  let computed = 0;
  const live = createLive<{ window: string }>({
    compute: async () => {
      computed += 1;
      await pause(5);
      return emptyGraph(computed);
    },
    onBug: assert.fail,
    everyMs: 100,
  });
  const readers = await Promise.all(
    Array.from({ length: 100 }, async () => (await live.follow({ window: '5m' }, line)).getReader()),
  );
  assert.equal(computed, 1);
  await pause(550);
  assert.ok(computed >= 3 && computed <= 7, `${computed} computations`);
  for (const reader of readers) await reader.cancel();
  assert.equal(live.clients, 0);
  await pause(250);
  const before = computed;
  await pause(300);
  assert.equal(computed, before, 'nobody follows, nothing is computed');
  live.close();
});

test('who joins a quiet map gets it as of now; it becomes text only for who takes it', async () => {
  let [nowMs, looks, texts] = [1_800_000_000_000, 0, 0];
  const live = createLive<string>({
    async compute() {
      looks += 1;
      const graph = toGraph([], { fromMs: nowMs - 300_000, toMs: nowMs, generatedAtMs: nowMs, unsettled: 0 });
      return Object.defineProperty(graph, 'toJSON', { value: () => (texts++, { ...graph }) });
    },
    onBug: assert.fail,
    everyMs: 20,
  });
  const join = async (): Promise<Graph> => readGraph((await live.follow('', line)).getReader());
  await join();
  nowMs += 3_600_000;
  const before = looks;
  await until(() => looks > before + 1);
  const { from, to, generatedAt } = await join();
  assert.deepEqual([from, to, generatedAt], [nowMs - 300_000, nowMs, nowMs]);
  assert.equal(texts, 2);
  live.close();
});

test('who is told to look looks at once, or when the last look is half the time ago; told or not, no more often', async () => {
  const looks: number[] = [];
  const live = createLive<string>({
    compute: async () => emptyGraph(looks.push(performance.now())),
    onBug: assert.fail,
    everyMs: 1_000,
  });
  const reader = (await live.follow('', line)).getReader();
  const telling = setInterval(live.look, 20);
  await until(() => looks.length === 4);
  clearInterval(telling);
  const betweenMs = looks.slice(1).map((at, i) => at - (looks[i] ?? 0));
  assert.ok(
    betweenMs.every((ms) => ms >= 495 && ms < 800),
    betweenMs.join(', '),
  );
  await pause(700);
  live.look();
  await until(() => looks.length >= 5, 200);
  await reader.cancel();
  live.close();
});

test('a busy follower gets the newest map when it is ready, and no older one', async () => {
  let calls = 0;
  const live = createLive<string>({ compute: async () => emptyGraph((calls += 1)), onBug: assert.fail, everyMs: 20 });
  const reader = (await live.follow('', line)).getReader();
  await pause(300);
  assert.equal((await readGraph(reader)).unsettled, 1);
  const next = (await readGraph(reader)).unsettled;
  assert.ok(next >= 5, `the then newest, not the second: ${next}`);
  await reader.cancel();
  live.close();
});

test('a busy follower gets the last change also when nothing changes after it', async () => {
  let state = 1;
  const live = createLive<string>({ compute: async () => emptyGraph(state), onBug: assert.fail, everyMs: 20 });
  const reader = (await live.follow('', line)).getReader();
  state = 2;
  await pause(150);
  assert.match(new TextDecoder().decode((await reader.read()).value), /"unsettled":1/);
  assert.match(new TextDecoder().decode((await reader.read()).value), /"unsettled":2/);
  await reader.cancel();
  live.close();
});

test('a follower that never reads is dropped', async () => {
  let calls = 0;
  let dropped = 0;
  const live = createLive<string>({
    compute: async () => emptyGraph((calls += 1)),
    onBug: assert.fail,
    everyMs: 20,
    patienceMs: 200,
  });
  await live.follow('', { drop: () => (dropped += 1) });
  assert.equal(live.clients, 1);
  await until(() => live.clients === 0, 2_000);
  assert.equal(dropped, 1);
  live.close();
});

test('followers and different questions are bounded', async () => {
  const live = createLive<string>({
    compute: async () => emptyGraph(1),
    onBug: assert.fail,
    maxClients: 3,
    maxQueries: 2,
  });
  await live.follow('a', line);
  await live.follow('b', line);
  await assert.rejects(live.follow('c', line), { code: 'unavailable' });
  await live.follow('a', line);
  await assert.rejects(live.follow('a', line), { code: 'unavailable' });
  live.close();
});

test('a map that cannot be read sends no heartbeat, and the stream goes on when it can again', async () => {
  let fails = false;
  let calls = 0;
  const bugs: unknown[] = [];
  const live = createLive<string>({
    compute: async () => {
      calls += 1;
      if (fails) throw new Error('store is away');
      return emptyGraph(calls);
    },
    onBug: (error) => bugs.push(error),
    everyMs: 20,
    heartbeatMs: 50,
  });
  const stream = await live.follow('', line);
  const said: string[] = [];
  void (async () => {
    for await (const chunk of stream) said.push(new TextDecoder().decode(chunk));
  })();
  await pause(50);
  fails = true;
  await pause(50);
  said.length = 0;
  await pause(200);
  assert.ok(said.length > 0 && said.every((text) => text.startsWith(':')), said.join(''));
  fails = false;
  await until(() => said.some((text) => text.includes('event: graph')));
  assert.ok(bugs.length > 0);
  live.close();
});

test('a follower that stops reading its socket does not hold up the others', async () => {
  const { hostname, port } = new URL(served.api.url);
  const socket = connect(Number(port), hostname);
  socket.pause();
  socket.write(`GET /api/graph/live?window=10m HTTP/1.1\r\nhost: localhost:${port}\r\n\r\n`);
  const other = await follow('?window=10m');
  await other.next('graph');
  await store(3);
  assert.ok(await other.next('graph'));
  other.stop();
  socket.destroy();
  await until(() => served.api.liveClients === 0);
});

test('no bug was met on the way', () => {
  assert.deepEqual(served.bugs, []);
});

test('closing ends the streams', async () => {
  const client = await served.get('/api/graph/live');
  const reader = client.body?.getReader();
  await reader?.read();
  await served.api.close();
  assert.equal((await reader?.read())?.done, true);
});

function emptyGraph(unsettled: number): Graph {
  return toGraph([], { fromMs: 0, toMs: 1, generatedAtMs: unsettled, unsettled });
}
