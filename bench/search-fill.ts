/**
 * Fills a store for the search benchmark: waves of the ingest benchmark's traffic through the decoder, the normaliser and the
 * block writer of the way in, spread evenly over the newest part of some hours; then copies of them by statements, each
 * earlier and with ids, request ids and URLs of its own, until there are enough. Beside them a few spans with what is rare.
 * The rows of `traces` are made by statements too: deriving is not what is measured.
 */
import { writeOtlp } from '../collector/decode/otlp-write.ts';
import { decodeOtlp } from '../collector/decode/otlp-proto.ts';
import { createNormalised, normalise } from '../collector/normalise/normalise.ts';
import type { Db } from '../collector/store/db.ts';
import { createSpanBlock } from '../collector/store/span-block.ts';
import { prepareBodies } from '../fixtures/load/prepare.ts';
import { createWave } from '../fixtures/load/wave.ts';
import { attributes } from '../fixtures/mesh/otlp.ts';

export interface Fill {
  readonly spans: number;
  readonly traces: number;
  readonly seconds: number;
  /** The time the spans lie in, epoch ms. */
  readonly fromMs: number;
  readonly toMs: number;
}

const tracesPerWave = 1000;
/** Waves through the way in; the rest are copies of them. */
const mostWaves = 16;

// As collector/derive would have it, as far as a search looks at it.
const tracesSql = `INSERT INTO traces SELECT {tick:UInt32} + 12, traceId, 0, {tick:UInt32}, {tick:UInt32}, min(startNs),
  max(startNs + durationNs) - min(startNs) AS lasts, argMin(service, startNs), argMin(namespace, startNs), argMin(name, startNs), '',
  lasts, count(), countIf(httpCode >= 500), max(httpCode) >= 500 AND argMin(httpCode, startNs) >= 500, 0, 1,
  groupUniqArray(concat('/', namespace, '/', service)), groupUniqArray(concat(service, ' ', name)),
  groupUniqArray(cityHash64(service, peer)), [cityHash64(argMin(service, startNs), argMin(name, startNs))], [lasts]
FROM spans WHERE tick = {tick:UInt32} GROUP BY traceId`;

// Copies of what came in since the first second, so many seconds earlier.
const copySpansSql = `INSERT INTO spans SELECT * REPLACE(
    tick - {shift:UInt32} AS tick,
    reinterpretAsFixedString(bitXor(reinterpretAsUInt128(traceId), {mask:UInt128})) AS traceId,
    reinterpretAsFixedString(bitXor(reinterpretAsUInt64(spanId), {mask:UInt64})) AS spanId,
    if(parentId = toFixedString('', 8), parentId, reinterpretAsFixedString(bitXor(reinterpretAsUInt64(parentId), {mask:UInt64}))) AS parentId,
    startNs - toUInt64({shift:UInt32}) * 1000000000 AS startNs,
    CAST(mapApply((k, v) -> (k, if(k IN ('guid:x-request-id', 'http.url'), concat(v, {suffix:String}), v)), attributes), 'Map(LowCardinality(String), String)') AS attributes
  ) FROM spans AS s WHERE s.tick >= {first:UInt32}`;
const copyTracesSql = `INSERT INTO traces SELECT * REPLACE(
    tick - {shift:UInt32} AS tick,
    firstTick - {shift:UInt32} AS firstTick,
    lastTick - {shift:UInt32} AS lastTick,
    reinterpretAsFixedString(bitXor(reinterpretAsUInt128(traceId), {mask:UInt128})) AS traceId,
    startNs - toUInt64({shift:UInt32}) * 1000000000 AS startNs
  ) FROM traces AS t WHERE t.tick >= {first:UInt32}`;

/** in: how many spans, about, over how many hours that end now. errors: those of the store. */
export async function fill(db: Db, spans: number, hours: number): Promise<Fill> {
  const startedMs = performance.now();
  const epochMs = Date.UTC(2026, 0, 1);
  const wave = createWave({ seed: 1, startMs: epochMs, traces: tracesPerWave });
  const bodies = prepareBodies(wave, 'protobuf', 500);
  const waves = Math.min(mostWaves, Math.ceil(spans / wave.spans));
  const parts = Math.max(1, Math.round(spans / (waves * wave.spans)));
  const toMs = Math.floor(Date.now() / 1000) * 1000;
  const partSeconds = Math.floor((hours * 3600) / parts);
  const firstMs = toMs - partSeconds * 1000;
  const block = createSpanBlock();
  const normalised = createNormalised();
  const put = (body: Uint8Array): void => {
    decodeOtlp(body, (span) => {
      normalise(span, normalised);
      block.append(span, normalised);
    });
  };
  let stored = 0;
  for (let turn = 0; turn < waves; turn++) {
    const atMs = firstMs + Math.floor((partSeconds * turn) / waves) * 1000;
    for (const body of bodies) put(body.forTurn(turn, atMs - epochMs));
    if (turn === 0) put(rareSpan(turn, atMs));
    const tick = atMs / 1000 + 2;
    await db.insertNative('spans', [block.seal({ tick, batch: 0 })]);
    stored += block.rows;
    await db.exec(tracesSql, { tick });
  }
  console.log(`  ${stored.toLocaleString('en')} spans through the way in, ${seconds(startedMs)} s`);
  const first = firstMs / 1000 + 2;
  for (let part = 1; part < parts; part++) {
    const shift = part * partSeconds;
    await db.exec(copySpansSql, {
      shift,
      first,
      mask: (BigInt(part) * 0x9e3779b97f4a7c15n) & 0xffffffffffffn,
      suffix: `&${part}`,
    });
    await db.exec(copyTracesSql, { shift, first, mask: (BigInt(part) * 0x9e3779b97f4a7c15n) & 0xffffffffffffn });
    if (part % 5 === 4) console.log(`  ${(stored * (part + 1)).toLocaleString('en')} spans, ${seconds(startedMs)} s`);
  }
  return {
    spans: stored * parts,
    traces: waves * tracesPerWave * parts,
    seconds: Number(seconds(startedMs)),
    fromMs: toMs - parts * partSeconds * 1000,
    toMs,
  };
}

function seconds(sinceMs: number): string {
  return ((performance.now() - sinceMs) / 1000).toFixed(1);
}

/** A trace of one span: a value and a name that hardly anything else has, and a number far from the others. */
function rareSpan(turn: number, atMs: number): Uint8Array {
  const id = (turn + 1).toString(16);
  const span = {
    traceId: id.padStart(32, 'd'),
    spanId: id.padStart(16, 'd'),
    name: 'reconcile',
    kind: 2,
    startTimeUnixNano: `${atMs}000000`,
    endTimeUnixNano: `${atMs + 40}000000`,
    attributes: attributes({
      'http.status_code': '418',
      tenant: 'acme',
      response_size: '987654321',
      'http.method': 'GET',
    }),
  };
  const resource = { attributes: attributes({ 'service.name': 'ledger.shop', 'service.version': '3.1' }) };
  return writeOtlp({ resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] });
}
