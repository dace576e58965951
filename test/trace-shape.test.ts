/** Marks and warnings of a trace: further attempts, what nobody waits for, whose clock is off. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TraceSpan } from '#shared/api.ts';
import type { Span } from '#shared/span.ts';
import { attempt, gateway, into, out, proxy, span } from './span-builder.ts';
import { traceOf } from './trace-of.ts';

function marked(
  spans: readonly Span[],
  mark: 'retry' | 'async' | 'skewNs',
): Record<string, TraceSpan['retry' | 'async']> {
  const found = traceOf(spans).spans.map((one) => [one.name, one[mark]] as const);
  return Object.fromEntries(found.filter(([, value]) => value !== 0 && value !== false));
}

test('an attempt says how many came before it', () => {
  const spans = [
    gateway({ id: 'S', kind: 'server', ms: 60 }),
    attempt(0, 2, 503),
    attempt(1, 12, 503),
    attempt(2, 22, 200),
  ];
  assert.deepEqual(marked(spans, 'retry'), { rS112: 1, rS222: 2 });
});

test('callees below one client tell the attempts of a proxy that keeps one span for all of them', () => {
  const spans = [
    out({ ms: 40 }),
    into({ id: 'in1', at: 1, ms: 5, httpCode: 503 }),
    into({ id: 'in2', at: 11, ms: 5, httpCode: 503 }),
    into({ id: 'in3', at: 21, ms: 5 }),
  ];
  assert.deepEqual(marked(spans, 'retry'), { in2: 1, in3: 2 });
});

test('callees of different workloads below one client are no attempts', () => {
  const spans = [
    out({ peer: '', ms: 40 }),
    into({ id: 'in1', at: 1, ms: 5 }),
    into({ id: 'in2', at: 11, ms: 5, service: 'c' }),
  ];
  assert.deepEqual(marked(spans, 'retry'), {});
});

test('nobody waits for consumers, for what a producer caused, for what only a link joins, nor for what began after the end', () => {
  const spans = [
    span({ id: 'r', kind: 'server', ms: 20 }),
    span({ id: 'sent', parent: 'r', kind: 'producer', at: 1, ms: 2 }),
    span({ id: 'caused', parent: 'sent', at: 2, ms: 30 }),
    span({ id: 'taken', parent: 'r', kind: 'consumer', at: 5, ms: 30 }),
    span({ id: 'below', parent: 'taken', at: 6, ms: 3 }),
    span({ id: 'linked', links: ['r'], at: 4, ms: 1 }),
    span({ id: 'after', parent: 'r', at: 20, ms: 5 }),
    span({ id: 'waited', parent: 'r', at: 19, ms: 5 }),
  ];
  assert.deepEqual(marked(spans, 'async'), { caused: true, taken: true, linked: true, after: true });
});

test('a callee whose clock is ahead did not begin after the answer', () => {
  const spans = [out({ ms: 10 }), into({ at: 50, ms: 4 })];
  assert.deepEqual(marked(spans, 'async'), {});
  assert.deepEqual(marked(spans, 'skewNs'), { in: -47e6 });
});

test('the trace says whose clock is off, by how much, and from how many requests', () => {
  const hop = (n: number, off: number): Span[] => [
    proxy({
      id: `o${n}`,
      parent: 'r',
      service: 'a',
      kind: 'client',
      at: n * 20,
      ms: 10,
      peer: 'b',
      peerNamespace: 'shop',
    }),
    proxy({ id: `i${n}`, parent: `o${n}`, service: 'b', kind: 'server', at: n * 20 + 3 + off, ms: 4 }),
  ];
  const root = proxy({ id: 'r', service: 'a', kind: 'server', ms: 200, at: -10 });
  assert.deepEqual(traceOf([root, ...hop(1, 0), ...hop(2, 0)]).warnings, []);
  assert.deepEqual(traceOf([root, ...hop(1, 50)]).warnings, [
    'The clock of b against a is about 50 ms ahead, as one request tells.',
  ]);
  assert.deepEqual(traceOf([root, ...hop(1, -50), ...hop(2, -51), ...hop(3, -49)]).warnings.slice(1), [
    'The clock of b against a is about 50 ms behind, as 3 requests tell.',
  ]);
});

test('the critical path and all times are as sent, however the clocks are', () => {
  const { spans, criticalPath } = traceOf([out({ ms: 10 }), into({ at: -50, ms: 4 })]);
  const inner = spans.find(({ name }) => name === 'in');
  assert.deepEqual([inner?.startNs, inner?.durationNs, inner?.skewNs], [0, 4e6, 53e6]);
  assert.deepEqual(
    criticalPath.map(({ startNs, endNs }) => [startNs, endNs]),
    [[50e6, 60e6]],
  );
});
