/** Rule C10: messages and their queues, each on a trace small enough to read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { workloadKinds, type Span } from '#shared/span.ts';
import { callBetween, callsIn, edgesIn, proxy, span, spanId, traceCalls, traceId, type Given } from './span-builder.ts';

const message = (consumer: Partial<Given> = {}): Span[] => [
  span({ id: 'aS', service: 'a', kind: 'server', ms: 5 }),
  span({
    id: 'send',
    parent: 'aS',
    service: 'a',
    kind: 'producer',
    at: 1,
    ms: 2,
    peer: 'orders',
    peerKind: 'messaging',
    protocol: 'kafka',
  }),
  span({
    id: 'take',
    parent: 'send',
    service: 'b',
    kind: 'consumer',
    at: 50,
    ms: 8,
    peer: 'orders',
    peerKind: 'messaging',
    ...consumer,
  }),
];

test('C10 kinds: a queue is a node between producer and consumer', () => {
  const { calls, callOf } = traceCalls(message());
  assert.deepEqual(edgesIn(message()), ['a -> orders', 'orders -> b', 'users -> a']);
  const sent = callBetween(calls, 'a', 'orders');
  const taken = callBetween(calls, 'orders', 'b');
  assert.equal(sent.target.kind, workloadKinds.indexOf('messaging'));
  assert.equal(sent.target, taken.source);
  assert.deepEqual([sent.clientNs, sent.callee, sent.protocol], [2e6, -1, 'kafka']);
  assert.deepEqual([taken.clientNs, taken.serverNs, taken.networkNs], [8e6, 8e6, Number.NaN]);
  assert.deepEqual([...callOf], [0, calls.indexOf(sent), calls.indexOf(taken)]);
});

test('C10 kinds: one of the two naming the queue is enough', () => {
  assert.deepEqual(edgesIn(message({ peer: '' })), ['a -> orders', 'orders -> b', 'users -> a']);
  const nameless = message().map((one) => (one.name === 'send' ? { ...one, peer: '' } : one));
  assert.deepEqual(edgesIn(nameless), ['a -> orders', 'orders -> b', 'users -> a']);
  const neither = message({ peer: '' }).map((one) => (one.name === 'send' ? { ...one, peer: '' } : one));
  assert.deepEqual(edgesIn(neither), ['a -> b', 'users -> a']);
});

test('C10 kinds: a link joins as a parent would', () => {
  assert.deepEqual(edgesIn(message({ parent: '', links: ['send'] })), ['a -> orders', 'orders -> b', 'users -> a']);
  assert.deepEqual(edgesIn(message({ parent: '', links: ['send'], peer: '' })), [
    'a -> orders',
    'orders -> b',
    'users -> a',
  ]);
});

test('C10 kinds: a consumer in a trace of its own takes from the queue it names, else from whom is not known', () => {
  const [, , take] = message({ parent: '' });
  assert.deepEqual(edgesIn([take as Span]), ['orders -> b']);
  const linked = {
    ...(take as Span),
    peer: '',
    links: [{ traceId: traceId.replace('0', '1'), spanId: '00f067aa0ba902b7' }],
  };
  assert.deepEqual(edgesIn([linked]), ['unknown -> b']);
});

test('C10 kinds: a batch of three messages is three sent and one process', () => {
  const sends = [1, 2, 3].map((i) =>
    span({
      id: `send${i}`,
      parent: 'aS',
      service: 'a',
      kind: 'producer',
      at: i,
      ms: 1,
      peer: 'orders',
      peerKind: 'messaging',
    }),
  );
  const spans = [
    span({ id: 'aS', service: 'a', kind: 'server' }),
    ...sends,
    span({ id: 'poll', service: 'b', at: 40, ms: 20 }),
    span({
      id: 'take',
      parent: 'poll',
      service: 'b',
      kind: 'consumer',
      at: 50,
      peer: 'orders',
      peerKind: 'messaging',
      links: ['send1', 'send2', 'send3'],
    }),
    span({
      id: 'process',
      parent: 'take',
      service: 'b',
      kind: 'consumer',
      at: 51,
      ms: 3,
      peer: 'orders',
      peerKind: 'messaging',
    }),
  ];
  assert.deepEqual(edgesIn(spans), ['a -> orders ×3', 'orders -> b', 'users -> a']);
});

test('C10 kinds: a message sent with a CLIENT span, or over a proxy, goes to the queue', () => {
  const spans = [
    span({ id: 'send', service: 'a', kind: 'producer', ms: 5, peer: 'orders', peerKind: 'messaging' }),
    proxy({ id: 'out', parent: 'send', service: 'a', kind: 'client', peer: 'sqs.example', peerKind: 'external' }),
  ];
  assert.deepEqual(edgesIn(spans), ['a -> orders']);
  assert.equal(callsIn(spans)[0]?.attempts, 1);
  const pushed = [...spans, proxy({ id: 'b', parent: 'out', service: 'b', kind: 'server' })];
  assert.deepEqual(edgesIn(pushed), ['a -> orders', 'orders -> b']);
  const wrapped = pushed.map((one) => (one.name === 'send' ? { ...one, parentId: spanId('top') } : one));
  assert.deepEqual(edgesIn([span({ id: 'top', service: 'a', kind: 'client' }), ...wrapped]), ['a -> b', 'a -> orders']);
  const client = message().map((one) => (one.name === 'send' ? { ...one, kind: 3 } : one));
  assert.deepEqual(edgesIn(client), ['a -> orders', 'orders -> b', 'users -> a']);
});
