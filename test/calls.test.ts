/** Rules C2, C3, C5, C6 and C12: which spans make one call, each on a trace small enough to read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mark, type Span } from '#shared/span.ts';
import {
  attempt,
  callBetween,
  callsIn,
  edgesIn,
  gateway,
  into,
  oneHop,
  out,
  proxy,
  span,
  traceCalls,
} from './span-builder.ts';
import { anyTrace, shuffled } from './trace-arbitrary.ts';

test('C2 one hop: layers of one workload collapse into one call without self-edge', () => {
  assert.deepEqual(edgesIn(oneHop()), ['a -> b', 'users -> a']);
});

test('C2 one hop: INTERNAL spans are transparent', () => {
  const spans = [
    span({ id: 'aS', service: 'a', kind: 'server' }),
    span({ id: 'i1', parent: 'aS', service: 'a' }),
    span({ id: 'aC', parent: 'i1', service: 'a', kind: 'client' }),
    span({ id: 'i2', parent: 'aC', service: 'a' }),
    span({ id: 'aOut', parent: 'i2', service: 'a', kind: 'client' }),
    span({ id: 'bS', parent: 'aOut', service: 'b', kind: 'server' }),
  ];
  const { calls, tree } = traceCalls(spans);
  const call = callBetween(calls, 'a', 'b');
  assert.equal(tree.columns.strings[tree.columns.name[tree.row[call.key] ?? 0] ?? 0], 'aC');
  assert.equal(calls.length, 2);
});

test('C2 one hop: SERVER to SERVER and CLIENT to CLIENT of different workloads are hops', () => {
  const servers = [
    span({ id: 'n', service: 'nginx', kind: 'server' }),
    span({ id: 'a', parent: 'n', service: 'a', kind: 'server' }),
  ];
  assert.deepEqual(edgesIn(servers), ['nginx -> a', 'users -> nginx']);
  const clients = [
    gateway({ id: 'g', kind: 'client', peer: 'a', peerNamespace: 'shop' }),
    proxy({ id: 'a', parent: 'g', service: 'a', kind: 'client', peer: 'b', peerNamespace: 'shop' }),
  ];
  assert.deepEqual(edgesIn(clients), ['a -> b', 'gateway -> a', 'users -> gateway']);
  assert.equal(callBetween(callsIn(clients), 'gateway', 'a').serverNs, -1);
});

test('C2 one hop: a client that calls another instance of its own workload is an edge to itself', () => {
  const spans = [
    proxy({ id: 'S', service: 'a', kind: 'server' }),
    proxy({ id: 'out', parent: 'S', service: 'a', kind: 'client', peer: 'a', peerNamespace: 'shop' }),
    proxy({ id: 'S2', parent: 'out', service: 'a', kind: 'server' }),
    span({ id: 'app', parent: 'S2', service: 'a', kind: 'server' }),
  ];
  assert.deepEqual(edgesIn(spans), ['a -> a', 'users -> a']);
  assert.ok(callBetween(callsIn(spans), 'a', 'a').callee >= 0);
});

test('C2 one hop: kind-less spans of different workloads are a hop', () => {
  const spans = [
    span({ id: 'a', service: 'a', kind: 'client' }),
    span({ id: 'b', parent: 'a', service: 'b', kind: 'unspecified' }),
  ];
  assert.deepEqual(edgesIn(spans), ['a -> b']);
});

test('C3 one call: the key is the outermost client, verdict and latency are its own', () => {
  const { calls, tree } = traceCalls(oneHop());
  const call = callBetween(calls, 'a', 'b');
  assert.equal(tree.columns.strings[tree.columns.name[tree.row[call.key] ?? 0] ?? 0], 'aC');
  assert.deepEqual([call.startNs, call.clientNs, call.serverNs, call.networkNs], [2e6, 14e6, 10e6, 4e6]);
  assert.equal(call.attempts, 1);
});

test('C3 one call: several servers below one client are attempts of one call', () => {
  const spans = [
    proxy({ id: 'out', service: 'a', kind: 'client', ms: 50, httpCode: 200, peer: 'b', peerNamespace: 'shop' }),
    proxy({ id: 'b1', parent: 'out', service: 'b', kind: 'server', at: 1, ms: 9, httpCode: 503 }),
    proxy({ id: 'b2', parent: 'out', service: 'b', kind: 'server', at: 20, ms: 12, version: 'v2' }),
  ];
  const [call, more] = callsIn(spans);
  assert.equal(more, undefined);
  assert.deepEqual([call?.attempts, call?.failed, call?.targetVersion], [2, false, 'v2']);
  assert.deepEqual([call?.clientNs, call?.serverNs, call?.networkNs], [50e6, 12e6, 29e6]);
});

test('C3 one call: sibling clients with a retry count are attempts of one call, the last one decides', () => {
  const spans = [
    gateway({ id: 'S', kind: 'server', ms: 40 }),
    attempt(0, 0, 503),
    attempt(1, 10, 0),
    attempt(2, 20, 200),
    proxy({ id: 'b', parent: 'rS220', service: 'b', kind: 'server', at: 21, ms: 6 }),
  ];
  for (const order of [spans, spans.toReversed()]) {
    const call = callBetween(callsIn(order), 'gateway', 'b');
    assert.deepEqual(
      [call.attempts, call.failed, call.startNs, call.clientNs, call.serverNs],
      [3, false, 0, 28e6, 6e6],
    );
  }
});

test('C3 one call: two calls that are each retried stay two', () => {
  const spans = [
    gateway({ id: 'S', kind: 'server', ms: 90 }),
    attempt(0, 0, 503),
    attempt(1, 10, 200),
    attempt(0, 20, 503),
    attempt(1, 30, 503),
  ];
  const calls = callsIn(spans).filter(({ target }) => target.name === 'b');
  assert.deepEqual(
    calls.map(({ attempts, failed }) => [attempts, failed]),
    [
      [2, false],
      [2, true],
    ],
  );
  const meanwhile = [
    gateway({ id: 'S', kind: 'server', ms: 90 }),
    attempt(0, 0, 503),
    attempt(0, 4, 503),
    attempt(1, 10, 200),
    attempt(1, 13, 200),
  ];
  const retried = callsIn(meanwhile).filter(({ target }) => target.name === 'b');
  assert.deepEqual(
    retried.map(({ attempts, startNs, clientNs }) => [attempts, startNs, clientNs]),
    [
      [2, 0, 18e6],
      [2, 4e6, 17e6],
    ],
  );
});

test('C3 one call: clients without a retry count are calls of their own', () => {
  const spans = [
    gateway({ id: 'S', kind: 'server', ms: 90 }),
    attempt(0, 0, 503),
    attempt(0, 10, 200),
    attempt(0, 20, 200),
  ];
  assert.deepEqual(edgesIn(spans), ['gateway -> b ×3', 'users -> gateway']);
});

test('C3 one call: a retry whose first attempt is lost still tells how many there were', () => {
  const spans = [gateway({ id: 'S', kind: 'server', ms: 90 }), attempt(2, 20, 200)];
  assert.equal(callBetween(callsIn(spans), 'gateway', 'b').attempts, 3);
});

test('C3 one call: a client above calls to several workloads is no call, they are', () => {
  const spans = [
    span({ id: 'S', service: 'a', kind: 'server' }),
    span({ id: 'facade', parent: 'S', service: 'a', kind: 'client' }),
    span({ id: 'c1', parent: 'facade', service: 'a', kind: 'client', peer: 'b' }),
    span({ id: 'b', parent: 'c1', service: 'b', kind: 'server' }),
    span({ id: 'c2', parent: 'facade', service: 'a', kind: 'client', peer: 'c' }),
  ];
  assert.deepEqual(edgesIn(spans), ['a -> b', 'a -> c', 'users -> a']);
  const fanOut = [
    span({ id: 'c', service: 'a', kind: 'client' }),
    ...['b', 'b', 'd'].map((service, i) => span({ id: `s${i}`, parent: 'c', service, kind: 'server' })),
  ];
  assert.deepEqual(edgesIn(fanOut), ['a -> b', 'a -> d']);
  assert.equal(callBetween(callsIn(fanOut), 'a', 'b').attempts, 2);
});

test('C5 entries: a parentless server is called by users', () => {
  assert.deepEqual(edgesIn([span({ id: 'a', service: 'a', kind: 'server' })]), ['users -> a']);
  assert.deepEqual(edgesIn([span({ id: 'a', service: 'a', kind: 'consumer' })]), ['users -> a']);
  assert.deepEqual(edgesIn([span({ id: 'a', service: 'a' })]), []);
});

test('C5 entries: one whose parent never came is called by users when it is a gateway, else by unknown', () => {
  assert.deepEqual(edgesIn([gateway({ id: 'g', parent: 'gone', kind: 'server' })]), ['users -> gateway']);
  assert.deepEqual(edgesIn([proxy({ id: 'a', parent: 'gone', service: 'a', kind: 'server' })]), ['unknown -> a']);
});

test('C5 entries: a parentless client of a gateway is both the entry and the call', () => {
  const spans = [
    gateway({ id: 'g', kind: 'client', ms: 9, peer: 'a', peerNamespace: 'shop' }),
    proxy({ id: 'a', parent: 'g', service: 'a', kind: 'server', ms: 5 }),
  ];
  const { calls, callOf } = traceCalls(spans);
  assert.deepEqual(
    calls.map(({ source, target }) => `${source.name} -> ${target.name}`),
    ['users -> gateway', 'gateway -> a'],
  );
  assert.deepEqual(
    calls.map(({ clientNs, serverNs, networkNs }) => [clientNs, serverNs, networkNs]),
    [
      [9e6, 9e6, Number.NaN],
      [9e6, 5e6, 4e6],
    ],
  );
  assert.deepEqual([...callOf], [1, 1]);
  assert.deepEqual(edgesIn([proxy({ id: 'x', service: 'a', kind: 'client', peer: 'b', peerNamespace: 'shop' })]), [
    'a -> b',
  ]);
});

test('C5 entries: attempts of a gateway whose server span is lost are one entry', () => {
  assert.deepEqual(edgesIn([attempt(0, 0, 503, 'gone'), attempt(1, 10, 200, 'gone')]), [
    'gateway -> b',
    'users -> gateway',
  ]);
});

test('C6 probes: health checks are told apart, with all that they cause', () => {
  const spans = [
    proxy({ id: 'S', service: 'a', kind: 'server', marks: mark.probe }),
    span({ id: 'app', parent: 'S', service: 'a', kind: 'server' }),
    span({ id: 'q', parent: 'app', service: 'a', kind: 'client', peer: 'db', peerKind: 'database' }),
  ];
  const calls = callsIn(spans);
  assert.deepEqual(
    calls.map(({ source, probe }) => [source.name, probe]),
    [
      ['kubelet', true],
      ['a', true],
    ],
  );
  assert.ok(callsIn(oneHop()).every(({ probe }) => !probe));
  const check = oneHop().map((one) => (one.name === 'bS' ? { ...one, marks: one.marks | mark.probe } : one));
  assert.deepEqual(
    callsIn(check).map(({ probe }) => probe),
    [false, true],
  );
});

test('C12 late and twice: a span delivered twice counts once', () => {
  assert.deepEqual(edgesIn([...oneHop(), ...oneHop()]), edgesIn(oneHop()));
});

test('C12 late and twice: a call is counted by the first of its caller\u2019s spans that came', () => {
  const ticks: Record<string, number> = { aS: 7, aC: 12, aOut: 9, bS: 3 };
  const spans = oneHop().map((one) => ({ ...one, tick: ticks[one.name] ?? 20 }));
  const again = spans.map((one) => ({ ...one, tick: one.tick + 50 }));
  for (const delivered of [
    [...spans, ...again],
    [...again, ...spans],
  ]) {
    assert.deepEqual(
      callsIn(delivered).map(({ tick }) => tick),
      [7, 9],
    );
  }
});

test('C12 late and twice: a call that was dark keeps its tick when its callee comes late', () => {
  const [client, server] = [
    { ...out({}), tick: 5 },
    { ...into({}), tick: 99 },
  ];
  assert.equal(callsIn([client])[0]?.tick, 5);
  assert.equal(callsIn([client, server])[0]?.tick, 5);
});

test('whatever the trace, spans are of one call at most, and order and doubles do not matter', () => {
  fc.assert(
    fc.property(anyTrace(), fc.nat(), (spans, seed) => {
      const { calls, callOf, tree } = traceCalls(spans);
      assert.equal(callOf.length, tree.count);
      const keys = new Set(calls.map(({ key, target, source }) => `${key} ${source.id} ${target.id}`));
      assert.equal(keys.size, calls.length, 'no call twice');
      for (const call of calls) {
        assert.ok(call.attempts >= 1 && call.weight > 0 && call.clientNs >= 0 && call.serverNs >= -1);
        assert.equal(call.error !== undefined, call.failed || call.clientError);
        assert.ok(!(call.failed && call.clientError));
      }
      for (const index of callOf) assert.ok(index >= -1 && index < calls.length);
      const plain = (list: readonly Span[]) =>
        callsIn(list).map((call) => ({ ...call, source: call.source.id, target: call.target.id }));
      assert.deepEqual(plain(shuffled([...spans, ...spans], seed)), plain(spans));
    }),
    { numRuns: 2000 },
  );
});
