/**
 * CPU that each stage costs in one thread, without doors and store, and bytes it allocates on the heap: bytes to block, and a
 * settled trace to its tree, calls, critical path and sketches. Input: a wave of the benchmark's load. Medians of samples in
 * one run, the least beside them. Allocations are those of one round, by the engine's account of its collections.
 * Usage: node bench/micro.ts [seconds a stage, default 2].
 */
import { GCProfiler, getHeapStatistics } from 'node:v8';
import { criticalPath } from '#shared/critical-path.ts';
import { callsOf } from '#shared/calls.ts';
import { add, createSketch } from '#shared/sketch.ts';
import { toColumns, type Span } from '#shared/span.ts';
import { buildTree, createTreeScratch } from '#shared/trace-tree.ts';
import { defaultLimits, type SpanCursor } from '../collector/decode/cursor.ts';
import { otlpJsonToProto } from '../collector/decode/otlp-json.ts';
import { decodeOtlp } from '../collector/decode/otlp-proto.ts';
import { createPatterns } from '../collector/decode/patterns.ts';
import { createNormaliser } from '../collector/normalise/by-pattern.ts';
import { createNormalised, defaultConfig, normalise } from '../collector/normalise/normalise.ts';
import { createRedaction, defaultRedactConfig } from '../collector/normalise/redact.ts';
import { spansOf } from '../collector/normalise/spans-of.ts';
import { createSpanBlock } from '../collector/store/span-block.ts';
import { prepareBodies } from '../fixtures/load/prepare.ts';
import { createWave } from '../fixtures/load/wave.ts';

const seconds = Number(process.argv[2] ?? 2);
const sampleMs = 200;
const wave = createWave({ seed: 1, startMs: Date.now(), traces: 2000 });
const prepared = prepareBodies(wave, 'protobuf', 500);
const bodies = prepared.map((body) => body.forTurn(0, 0));
const jsonBodies = prepareBodies(wave, 'json', 500).map((body) => body.forTurn(0, 0));
const jsonTexts = jsonBodies.map((body) => body.toString());

const redaction = createRedaction(defaultRedactConfig);
const normalised = createNormalised();
const block = createSpanBlock();

measure('decode', wave.spans, () => decodeAll(() => {}));
measure('decode + normalise', wave.spans, () => decodeAll((span) => normalise(span, normalised, defaultConfig)));
measure('decode + normalise + block', wave.spans, () => {
  decodeAll((span) => {
    normalise(span, normalised, defaultConfig);
    block.append(span, normalised);
  });
  block.seal({ tick: 1, batch: 0 });
});
const patterns = createPatterns();
const normaliser = createNormaliser(patterns, defaultConfig);
measure('the same by patterns', wave.spans, () => {
  const visit = (span: SpanCursor): void => block.append(span, normaliser(span));
  for (const body of bodies) decodeOtlp(body, visit, defaultLimits, redaction, patterns);
  block.seal({ tick: 1, batch: 0 });
});
measure('JSON.parse alone', wave.spans, () => jsonTexts.forEach((text) => JSON.parse(text)));
measure('JSON to protobuf', wave.spans, () => jsonBodies.forEach((body) => otlpJsonToProto(body)));

const spans = bodies.flatMap((body) => spansOf(body));
const columns = toColumns(spans);
const traces = rowsByTrace(spans);
const scratch = createTreeScratch();
measure('tree', wave.spans, () => traces.forEach((rows) => buildTree(columns, rows, scratch)));
measure('tree + calls', wave.spans, () => traces.forEach((rows) => callsOf(buildTree(columns, rows, scratch))));
const trees = traces.map((rows) => buildTree(columns, rows));
measure('critical path', wave.spans, () => trees.forEach((tree) => criticalPath(tree)));
measure('sketch add', wave.spans, () => {
  const sketch = createSketch();
  for (const ns of columns.durationNs) add(sketch, ns);
});

function decodeAll(visit: (span: SpanCursor) => void): void {
  for (const body of bodies) decodeOtlp(body, visit, defaultLimits, redaction);
}

function rowsByTrace(all: readonly Span[]): number[][] {
  const byTrace = new Map<string, number[]>();
  all.forEach(({ traceId }, row) => {
    const rows = byTrace.get(traceId);
    if (rows) rows.push(row);
    else byTrace.set(traceId, [row]);
  });
  return [...byTrace.values()];
}

/** Prints ns of CPU a span. in: spans that one round handles. */
function measure(name: string, count: number, round: () => void): void {
  // The kernel counts a thread's CPU in ticks: a sample has to be many of them long.
  let times = 0;
  const warmUntil = performance.now() + sampleMs * 2;
  for (; performance.now() < warmUntil; times++) round();
  const each = Math.max(1, Math.ceil(times / 2));
  const costs: number[] = [];
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until || costs.length < 5) {
    const before = process.threadCpuUsage();
    for (let i = 0; i < each; i++) round();
    const { user, system } = process.threadCpuUsage(before);
    costs.push(((user + system) * 1000) / count / each);
  }
  costs.sort((a, b) => a - b);
  const [least = 0, median = 0] = [costs[0], costs[costs.length >> 1]];
  console.log(
    `${name.padEnd(28)} ${median.toFixed(0).padStart(6)} ns a span (least ${least.toFixed(0)}, ${costs.length} samples), ` +
      `${(allocatedBy(round) / count).toFixed(0)} bytes of heap a span`,
  );
}

/** Bytes that a round allocates on the heap: what it grew by between collections, and since the last. */
function allocatedBy(round: () => void): number {
  const used = (): number => getHeapStatistics().used_heap_size;
  const profiler = new GCProfiler();
  profiler.start();
  let from = used();
  round();
  const end = used();
  let allocated = 0;
  for (const { beforeGC, afterGC } of profiler.stop()?.statistics ?? []) {
    allocated += beforeGC.heapStatistics.usedHeapSize - from;
    from = afterGC.heapStatistics.usedHeapSize;
  }
  return allocated + end - from;
}
