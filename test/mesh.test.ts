/** The generated mesh: deterministic, in the senders' own words, and exact: calls made of its spans equal its truth. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { callsOf } from '#shared/calls.ts';
import { criticalPath } from '#shared/critical-path.ts';
import { toColumns } from '#shared/span.ts';
import { buildTree } from '#shared/trace-tree.ts';
import { eachField, readKeyValues } from '../collector/decode/otlp-read.ts';
import { writeOtlp } from '../collector/decode/otlp-write.ts';
import { spansOf } from '../collector/normalise/spans-of.ts';
import { createMesh, type GeneratedTrace } from '../fixtures/mesh.ts';
import { toRequest } from '../fixtures/mesh/otlp.ts';
import { cycleSeconds } from '../fixtures/mesh/timetable.ts';
import { readRecording } from '../fixtures/replay.ts';
import { createTruthCounter, type Truth } from '../fixtures/truth.ts';

const startMs = Date.UTC(2026, 10, 23, 12);

/** A whole round of faults. */
function round(seed: number, perSecond: number): GeneratedTrace[] {
  const mesh = createMesh({ seed, originMs: startMs });
  return Array.from({ length: cycleSeconds }, (_, s) => mesh.traces(startMs + s * 1000, perSecond)).flat();
}

test('the same seed and the same calls give the same traces, another seed gives others', () => {
  const text = (seed: number) => JSON.stringify(round(seed, 1));
  assert.equal(text(11), text(11));
  assert.notEqual(text(11), text(12));
});

test('calls made of the spans of each trace equal the truth of that trace', () => {
  for (const trace of round(5, 12)) {
    const spans = spansOf(writeOtlp(toRequest(trace.spans)));
    assert.equal(spans.length, trace.spans.length);
    const tree = buildTree(toColumns(spans), Array.from(spans.keys()));
    const counted = createTruthCounter();
    for (const { source, target, targetVersion, failed, probe } of callsOf(tree).calls) {
      if (probe) counted.countProbe();
      else {
        const version = target.name === 'reviews' ? targetVersion : undefined;
        counted.count(source.name, target.name, { status: failed ? 500 : 200, version });
      }
    }
    assert.deepEqual(sorted(counted.read()), sorted(trace.truth), `trace ${trace.traceId}`);
  }
});

test('critical paths of generated traces sum to the duration of their root', () => {
  for (const { traceId, spans: generated } of round(6, 2)) {
    const spans = spansOf(writeOtlp(toRequest(generated)));
    const tree = buildTree(toColumns(spans), Array.from(spans.keys()));
    const path = criticalPath(tree);
    let sumNs = 0;
    for (let i = 0; i < path.count; i++) sumNs += (path.endNs[i] ?? 0) - (path.startNs[i] ?? 0);
    const root = tree.roots[0] ?? -1;
    assert.equal(sumNs, (tree.endNs[root] ?? 0) - (tree.startNs[root] ?? 0), `trace ${traceId}`);
  }
});

test('the faults come and go by the timetable', () => {
  const mesh = createMesh({ seed: 9, originMs: startMs });
  const failedOn = (edge: string, fromS: number, toS: number): number => {
    const truth = createTruthCounter();
    for (let s = fromS; s < toS; s++) for (const trace of mesh.traces(startMs + s * 1000, 40)) truth.add(trace.truth);
    const { requests = 0, failed = 0 } = truth.read().edges[edge] ?? {};
    return failed / requests;
  };
  const stripe = 'payment -> api.stripe.example';
  assert.equal(failedOn(stripe, 0, 20), 0);
  assert.ok(failedOn(stripe, 20, 40) > 0.25);
  assert.equal(failedOn(stripe, 90, 110), 0, 'and again in the next round');
  assert.ok(failedOn(stripe, 110, 130) > 0.25);
  assert.ok(failedOn('frontend -> product-api', 42, 58) > 0.02);
  assert.equal(failedOn('checkout -> cart', 0, 60), 0);
});

test('a round of faults has every kind of answer that the recordings have', () => {
  const answers = new Set<string>();
  for (const { spans } of round(2, 60)) {
    for (const { span } of spans) {
      const fields = Object.fromEntries((span.attributes ?? []).map(({ key, value }) => [key, value?.stringValue]));
      if (fields['component'] !== 'proxy') continue;
      answers.add(
        `${fields['http.status_code']} ${fields['response_flags']} ${fields['grpc.status_code'] ?? ''}`.trim(),
      );
    }
  }
  const wanted = [
    '200 -',
    '200 - 0',
    '401 -',
    '402 -',
    '404 -',
    '404 NR',
    '429 RL',
    '429 -',
    '424 -',
    '500 -',
    '502 -',
  ];
  wanted.push('503 UH', '503 UF', '503 UC', '503 FI', '503 URX', '503 URX,UF', '504 UT', '0 DC', '0 UF');
  wanted.push('200 - 5', '200 - 14', '200 URX 14');
  assert.deepEqual(
    wanted.filter((answer) => !answers.has(answer)),
    [],
  );
});

test('a generated proxy span has the attributes of a recorded one, key by key', async () => {
  const known = await recordedShapes(['healthy', 'faults']);
  for (const { spans } of round(4, 10)) {
    for (const { span } of spans) {
      const keys = (span.attributes ?? []).map(({ key }) => key ?? '');
      if (!keys.includes('component')) continue;
      assert.ok(known.has(shapeOf(span.kind, keys)), `${span.name}: ${keys.join()}`);
    }
  }
});

/** Not in these recordings: a gateway's retry that succeeds, and TLS identities (which a mesh names as it likes). */
const unrecorded = new Set(['retry.count', 'source.principal', 'destination.principal']);

/** Kind and keys. */
function shapeOf(kind: number | undefined, keys: readonly string[]): string {
  const sortedKeys = keys.filter((key) => !unrecorded.has(key)).toSorted();
  return `${kind} ${sortedKeys.join()}`;
}

/** The shapes of all recorded proxy spans. */
async function recordedShapes(names: readonly string[]): Promise<Set<string>> {
  const shapes = new Set<string>();
  for (const name of names) {
    for (const { body, contentEncoding } of await readRecording(
      join(import.meta.dirname, '../fixtures/recordings', name),
    )) {
      const bytes = contentEncoding === 'gzip' ? gunzipSync(body) : body;
      const inside = (at: number, end: number, field: number, then: (at: number, end: number) => void) =>
        eachField(bytes, at, end, (number, _type, from, to) => {
          if (number === field) then(from, to);
        });
      inside(0, bytes.length, 1, (a, b) =>
        inside(a, b, 2, (c, d) =>
          inside(c, d, 2, (at, end) => {
            let kind = 0;
            eachField(bytes, at, end, (number, _type, from) => {
              if (number === 6) kind = bytes[from] ?? 0;
            });
            const keys = readKeyValues(bytes, at, end, 9).map(({ key }) => key ?? '');
            if (keys.includes('component')) shapes.add(shapeOf(kind, keys));
          }),
        ),
      );
    }
  }
  return shapes;
}

function sorted({ edges, versions, probes }: Truth) {
  const order = (counts: object) => Object.entries(counts).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { edges: order(edges), versions: order(versions), probes };
}
