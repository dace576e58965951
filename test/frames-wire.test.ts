/** shared/frames-wire.ts: frames come back as they went, but for what is left out, and make the same map. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { framesWire, type Graph } from '#shared/api.ts';
import type { EdgeFrame } from '#shared/frame.ts';
import { decodeFrames, encodeFrames } from '#shared/frames-wire.ts';
import { toGraph } from '#shared/graph.ts';
import { totalOf } from '#shared/edge-sum.ts';
import { toBuckets } from '#shared/sketch.ts';
import { edgeFrame } from './edge-frame.ts';

const tableSchema = framesWire.pick({ texts: true, ends: true, rows: true });
const wire = (frames: readonly EdgeFrame[]): EdgeFrame[] =>
  decodeFrames(tableSchema.parse(JSON.parse(JSON.stringify(encodeFrames(frames)))));

const total = (map: EdgeFrame['rootNs']): EdgeFrame['rootNs'] => (totalOf(map) === 0 ? {} : { '': totalOf(map) });
/** What the wire form leaves of a frame. */
const plain = (frame: EdgeFrame): EdgeFrame => ({
  ...frame,
  exemplars: [],
  errorExemplars: {},
  criticalNs: total(frame.criticalNs),
  rootCount: total(frame.rootCount),
  rootNs: total(frame.rootNs),
});

const name = fc.oneof(fc.constantFrom('', 'web', 'shop/auth', '__proto__'), fc.string({ maxLength: 8 }));
const weight = fc.double({ min: 0.5, max: 1e6, noNaN: true });
const sketch = fc
  .uniqueArray(fc.tuple(fc.integer({ min: -1, max: 2300 }), weight), { selector: ([bucket]) => bucket, maxLength: 8 })
  .map(toBuckets);
const frameOf = fc
  .record({
    source: name,
    target: name,
    sourceCluster: name,
    targetNamespace: name,
    targetVersion: name,
    protocol: name,
    probe: fc.constantFrom(0, 1),
    frame: fc.integer({ min: 0, max: 0xffffffff }),
    calls: weight,
    failed: weight,
    seen: fc.nat(),
    mtlsCalls: weight,
    clientNs: sketch,
    serverNs: sketch,
    errors: fc.dictionary(fc.string({ maxLength: 6 }), weight, { noNullPrototype: true }),
    criticalNs: fc.dictionary(fc.string({ maxLength: 6 }), weight, { noNullPrototype: true }),
    rootNs: fc.dictionary(fc.string({ maxLength: 6 }), weight, { noNullPrototype: true }),
  })
  .chain((fields) =>
    fc.record({ own: fc.boolean(), provisional: fc.boolean() }).map(({ own, provisional }): EdgeFrame => {
      const frame: EdgeFrame = { ...edgeFrame(own ? '' : 'x', 'y'), ...fields };
      return provisional ? { ...frame, provisional } : frame;
    }),
  );

test('a frame comes back as it went, without exemplars and with its critical paths as totals', () => {
  fc.assert(
    fc.property(fc.array(frameOf, { maxLength: 8 }), (frames) => {
      assert.deepEqual(wire(frames), frames.map(plain));
    }),
  );
});

test('the map of the decoded frames is the map of the frames', () => {
  const options = { fromMs: 0, toMs: 60_000, generatedAtMs: 0, unsettled: 1 };
  const exemplars = { p50: null, p90: null, p99: null, errors: {} };
  const without = (graph: Graph): Graph => ({ ...graph, edges: graph.edges.map((edge) => ({ ...edge, exemplars })) });
  const frames = [
    edgeFrame('users', 'shop/web', { clientMs: [5, 50], criticalNs: { 'k|a': 10 }, sourceKind: 'users' }),
    edgeFrame('shop/web', 'shop/auth', {
      clientMs: [3],
      serverMs: [2],
      networkMs: [1],
      failed: 1,
      errors: { '503|UF|proxy': 1 },
    }),
    edgeFrame('shop/web', 'shop/auth', { clientMs: [4], targetVersion: 'v2', exemplars: { 5: '77' } }),
    edgeFrame('', 'shop/web', { rootNs: { 'k|a': 100 }, rootCount: { 'k|a': 2 } }),
    { ...edgeFrame('kubelet', 'shop/web', { calls: 7, probe: 1 }), provisional: true },
  ];
  for (const probes of [false, true]) {
    const decoded = toGraph(wire(frames), { ...options, probes });
    assert.deepEqual(decoded, without(toGraph(frames, { ...options, probes })));
    assert.equal(decoded.critical.traces, 2);
  }
});

test('names are written once', () => {
  const frames = Array.from({ length: 500 }, (_, index) =>
    edgeFrame('a-rather-long-namespace/and-name', 'shop/auth', { frame: index * 10, clientMs: [1, 2] }),
  );
  const text = JSON.stringify(encodeFrames(frames));
  assert.equal(text.split('a-rather-long-namespace').length, 2);
  assert.ok(text.length < 500 * 100, `${text.length / 500} bytes a frame`);
});

test('a table that does not hold what it refers to is read without failing', () => {
  const [frame] = decodeFrames({ texts: [], ends: [[9, 9, 9, 9, 0]], rows: [[10, 0, 5, 7, 0, 1], []] });
  assert.deepEqual([frame?.frame, frame?.source, frame?.target, frame?.calls], [10, '', '', 1]);
});
