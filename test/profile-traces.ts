/**
 * Very many settled traces, for the aggregate profile: seeded spans as the derivation reads them, settled by the derivation
 * itself, stored by the store's own writer. What it returns is what was stored, for sums made without the store.
 */
import { createAssembler, type Assembler } from '../collector/derive/assemble.ts';
import { createFrames } from '../collector/derive/frames.ts';
import { createPathTable, type PathRow } from '../collector/derive/paths.ts';
import { createSettler } from '../collector/derive/settle.ts';
import { createSpanRows, type FollowedRows } from '../collector/derive/span-rows.ts';
import type { Db } from '../collector/store/db.ts';
import { createTraceBlock, insertTraces, type TraceRow } from '../collector/store/traces.ts';
import { createRandom, type Random } from '../fixtures/mesh/random.ts';

export interface ManyTraces {
  readonly rows: readonly StoredTrace[];
  readonly paths: ReadonlyMap<string, PathRow>;
  readonly spans: number;
  /** Epoch ms, half open: the starts of all of them. */
  readonly fromMs: number;
  readonly toMs: number;
}

const settleTicks = 3;
const options = { settleTicks, lateTicks: 100, maxEdges: 1000, calls: {} };
const firstTick = 1_795_400_000;
const tracesATick = 500;
const services = ['web', 'cart', 'product', 'stock', 'price', 'pay', 'auth', 'ship', 'mail', 'ads', 'rank', 'text'];
const operationsEach = 4;
/** What traces stand for: mostly themselves, some were sampled. */
const weights = [1, 1, 1, 1, 10, 10 / 3];

/** A row with its lists kept for good. */
type StoredTrace = TraceRow;

/** Settles and stores traces until they have so many spans. */
export async function storeManyTraces(db: Db, spanCount: number, seed: number): Promise<ManyTraces> {
  const random = createRandom(seed);
  const paths = createPathTable();
  const assembler = createAssembler(settleTicks);
  const settler = createSettler(assembler, paths, options);
  const rows: StoredTrace[] = [];
  const frames = createFrames(options.maxEdges);
  const block = createTraceBlock();
  const known = new Map<string, PathRow>();
  let spans = 0;
  let tick = firstTick;
  while (spans < spanCount) {
    const batch = generate(random, assembler, tick, tracesATick);
    spans += batch.count;
    assembler.add(batch, tick);
    frames.begin(settler.names());
    for (const trace of assembler.takeSettled(tick + settleTicks)) {
      const row = settler.settle(trace, undefined, tick + settleTicks, frames);
      if (row === undefined) continue;
      block.append(row);
      rows.push({ ...row, pathIds: [...row.pathIds], pathNs: [...row.pathNs] });
    }
    assembler.sweep();
    const fresh = paths.takeNew();
    for (const path of fresh) known.set(path.pathId, path);
    await db.insertRows('paths', fresh);
    await insertTraces(db, block);
    block.reset();
    tick += 1;
  }
  return { rows, paths: known, spans, fromMs: firstTick * 1000, toMs: tick * 1000 };
}

interface Drawn {
  readonly parent: number;
  readonly startNs: number;
  readonly durationNs: number;
  readonly kind: number;
  readonly service: number;
  readonly operation: number;
}

/** Spans of so many traces that begin within one second. */
function generate(random: Random, { strings, classes }: Assembler, tick: number, traces: number): FollowedRows {
  const { intern } = strings;
  const names = services.map(intern);
  const operations = services.flatMap((service) =>
    Array.from({ length: operationsEach }, (_, n) => intern(`GET /${service}/${n}`)),
  );
  const versions = ['v1', 'v2'].map(intern);
  const drawn = Array.from({ length: traces }, () => drawTrace(random));
  const count = drawn.reduce((sum, spans) => sum + spans.length, 0);
  const rows = createSpanRows(count);
  const startNs = new BigUint64Array(count);
  let row = 0;
  drawn.forEach((spans, n) => {
    const low = random.below(2 ** 31);
    const originNs = BigInt(tick) * 1_000_000_000n + BigInt(n) * 1_000_000n;
    const weight = weights[random.below(weights.length)] ?? 1;
    const version = versions[random.below(2)] ?? 0;
    spans.forEach((span, i) => {
      rows.traceId.set([tick, n, low, 1], row * 4);
      rows.spanId.set([n + 1, i + 1], row * 2);
      if (span.parent >= 0) rows.parentId.set([n + 1, span.parent + 1], row * 2);
      startNs[row] = originNs + BigInt(span.startNs);
      rows.durationNs[row] = span.durationNs;
      rows.kind[row] = span.kind;
      rows.name[row] = operations[span.service * operationsEach + span.operation] ?? 0;
      rows.service[row] = names[span.service] ?? 0;
      rows.version[row] = version;
      rows.httpCode[row] = 200;
      rows.grpcCode[row] = -1;
      rows.weight[row] = weight;
      rows.tick[row] = tick;
      row += 1;
    });
  });
  const startWords = new Uint32Array(startNs.buffer);
  return { ...rows, startWords, count, rowClass: classes.of(rows, rows.texts, count) };
}

/** One request of web: spans call one after the other or side by side, to five levels. */
function drawTrace(random: Random): Drawn[] {
  const entry = random.below(3) === 0 ? 1 : 0;
  const durationNs = 5_000_000 + random.below(50_000_000) * (random.below(20) === 0 ? 8 : 1);
  const spans: Drawn[] = [{ parent: -1, startNs: 0, durationNs, kind: 2, service: 0, operation: entry }];
  const wanted = 8 + random.below(18);
  for (let at = 0; at < spans.length && spans.length < wanted; at++) {
    const up = spans[at] as Drawn;
    if (up.durationNs < 1000) continue;
    const calls = 1 + random.below(3);
    let from = up.startNs + random.below(Math.ceil(up.durationNs / 8));
    for (let n = 0; n < calls && spans.length < wanted; n++) {
      const endNs = up.startNs + up.durationNs;
      const length = random.below(Math.max(1, endNs - from));
      spans.push({
        parent: at,
        startNs: from,
        durationNs: length,
        kind: up.kind === 2 ? 3 : 2,
        service: up.kind === 2 ? up.service : 1 + ((up.service * 5 + up.operation * 3) % (services.length - 1)),
        operation: up.kind === 2 ? (up.operation + n + random.below(2)) % operationsEach : up.operation,
      });
      // Every other call goes on while the one before does.
      from += random.below(2) === 0 ? length : Math.floor(length / 4);
    }
  }
  return spans;
}
