/**
 * CPU a span costs from OTLP protobuf bytes to a Native block, in stages, on one core. Input: the recorded Envoy spans put
 * into bodies of 500, as a batching exporter sends them. Usage: node bench/micro-decode.ts [seconds a stage, default 2].
 */
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { eachField } from '../collector/decode/otlp-read.ts';
import { createProtoWriter } from '../collector/decode/protobuf.ts';
import { decodeOtlp } from '../collector/decode/otlp-proto.ts';
import { defaultLimits, type SpanCursor } from '../collector/decode/cursor.ts';
import { createPatterns, type Patterns } from '../collector/decode/patterns.ts';
import { createNormaliser } from '../collector/normalise/by-pattern.ts';
import { createNormalised, defaultConfig, normalise } from '../collector/normalise/normalise.ts';
import { createRedaction } from '../collector/normalise/redact.ts';
import { createSpanBlock } from '../collector/store/span-block.ts';

const spansPerBody = 500;
const seconds = Number(process.argv[2] ?? 2);

/** Recorded bodies joined until they hold 500 spans: protobuf messages of one type merge by concatenation. */
function bodies(recording: string, wanted: (body: Uint8Array) => boolean): Uint8Array[] {
  const folder = new URL(`../fixtures/recordings/${recording}/`, import.meta.url);
  const joined: Uint8Array[] = [];
  let parts: Uint8Array[] = [];
  let spans = 0;
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.pb'))) {
    const sent = readFileSync(new URL(file, folder));
    const body = sent[0] === 0x1f && sent[1] === 0x8b ? gunzipSync(sent) : sent;
    if (!wanted(body)) continue;
    parts.push(body);
    spans += decodeOtlp(body, () => {}).accepted;
    if (spans < spansPerBody) continue;
    joined.push(Buffer.concat(parts));
    parts = [];
    spans = 0;
  }
  return joined;
}

const isEnvoy = (body: Uint8Array): boolean => Buffer.from(body).includes('node_id');
/** The message with at most `kept` attributes a span. `depth` counts from the request (0) to the span (3). */
function trimmed(message: Uint8Array, kept: number, depth = 0): Uint8Array {
  const out = createProtoWriter(message.length);
  const inner = [1, 2, 2][depth];
  let attributes = 0;
  let from = 0;
  eachField(message, 0, message.length, (field, _wireType, at, end) => {
    const isAttribute = depth === 3 && field === 9;
    if (field === inner) out.field(field, trimmed(message.subarray(at, end), kept, depth + 1));
    else if (!isAttribute || ++attributes <= kept) out.raw(message.subarray(from, end));
    from = end;
  });
  return out.bytes.slice();
}

const inputs = {
  'Envoy spans cut to 16 attributes': [...bodies('healthy', isEnvoy), ...bodies('faults', isEnvoy)].map((body) =>
    trimmed(body, 16),
  ),
  'Envoy spans': [...bodies('healthy', isEnvoy), ...bodies('faults', isEnvoy)],
  'Envoy and SDK spans': [...bodies('healthy', () => true), ...bodies('faults', () => true)],
};
const redaction = createRedaction();
const normalised = createNormalised();
const block = createSpanBlock();
let attributes = 0;

const stages: Readonly<Record<string, (span: SpanCursor) => void>> = {
  decode: (span) => {
    attributes += span.attributeCount;
  },
  'decode + normalise': (span) => {
    attributes += span.attributeCount;
    normalise(span, normalised, defaultConfig);
  },
  'decode + normalise + columns + block': (span) => {
    attributes += span.attributeCount;
    normalise(span, normalised, defaultConfig);
    block.append(span, normalised);
  },
};

for (const [kind, input] of Object.entries(inputs)) {
  console.log(kind);
  for (const [name, visit] of Object.entries(stages)) measure(name, visit, input);
  const patterns = createPatterns();
  const normaliser = createNormaliser(patterns, defaultConfig);
  // As the collector does it: spans of a known pattern are compared, not read; their attributes are not counted here.
  measure('the same by patterns', (span) => block.append(span, normaliser(span)), input, patterns);
}

function measure(
  name: string,
  visit: (span: SpanCursor) => void,
  input: readonly Uint8Array[],
  patterns?: Patterns,
): void {
  let spans = 0;
  let bytes = 0;
  const run = (): void => {
    for (const body of input) {
      spans += decodeOtlp(body, visit, defaultLimits, redaction, patterns).accepted;
      bytes += body.length;
      if (block.rows > 10_000) block.seal({ tick: 1, batch: 0 });
    }
  };
  const warmUntil = performance.now() + 1000;
  while (performance.now() < warmUntil) run();
  attributes = 0;
  bytes = 0;
  let total = 0;
  const costs: number[] = [];
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until) {
    spans = 0;
    const before = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(before);
    costs.push(((user + system) * 1000) / spans);
    total += spans;
  }
  costs.sort((a, b) => a - b);
  const [best, median] = [costs[0]!, costs[Math.floor(costs.length / 2)]!];
  console.log(
    `  ${name}: ${median.toFixed(0)} ns CPU a span (best pass ${best.toFixed(0)}), ` +
      `${(attributes / total).toFixed(1)} attributes and ${(bytes / total).toFixed(0)} bytes a span, ${total} spans`,
  );
}
