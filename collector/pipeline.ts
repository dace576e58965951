/**
 * Every write stage on one screen: a body comes from a door, is decoded span by span, normalised, appended to the open
 * block and committed with it. The promise resolves when the spans are durable; what a door then answers is its own matter.
 */
import { AppError } from '#shared/error.ts';
import type { Config } from './config.ts';
import { otlpJsonToProto } from './decode/otlp-json.ts';
import { defaultLimits, type SpanCursor } from './decode/cursor.ts';
import { decodeOtlp, type DecodeResult } from './decode/otlp-proto.ts';
import { createPatterns } from './decode/patterns.ts';
import { createNormaliser } from './normalise/by-pattern.ts';
import { defaultConfig, type NormaliseConfig } from './normalise/normalise.ts';
import { createRedaction, defaultRedactConfig } from './normalise/redact.ts';
import type { Encoding, Receipt } from './receive/answer.ts';
import { metrics } from './self.ts';
import { createBatcher } from './store/batch.ts';
import type { Db } from './store/db.ts';
import { openLog } from './store/log.ts';
import { holdsCommit } from './store/progress.ts';
import { createSpanBlock, type SpanBlock } from './store/span-block.ts';
import { createToldTicks, type ToldSpans } from './store/spans-told.ts';

export interface Pipeline {
  /**
   * Takes one inflated body and resolves after its spans are committed.
   * errors: bad-request when it cannot be parsed (nothing of it is kept); unavailable when the store refuses the commit, or does
   * not keep up.
   */
  receive(body: Uint8Array, encoding: Encoding): Promise<Receipt>;
  /** Every tick up to this one is complete in the store. */
  sealedTick(): number;
  /** Tick of the newest commit. */
  newestTick(): number;
  /** What is known of the spans of the ticks up to this one, which is sealed; each is told once. */
  tellUntil(tick: number): ToldSpans[];
  /** Resolves when everything received so far can be read from the store, or when the store does not take it in time. */
  flush(): Promise<void>;
  /** Commits what was taken. */
  close(): Promise<void>;
}

/**
 * When to commit. A commit costs about 20 ms of CPU however small it is. Where senders wait for it, from some hundred spans
 * on the spans cost more; behind the log only the map waits, for whole seconds: a commit a second shows everything as soon as
 * two would, and sooner what came first. Its lead is what a busy event loop may be late and still be within the second.
 *
 * The bytes are for large spans: 50,000 of sidecars are some 10 MB. What may gather is held until the store takes it, twice
 * when it is sealed, and is read in one go by the next process.
 */
const commitPolicy = {
  waited: { ms: 100, rows: 500, bytes: 32 << 20 },
  logged: { leadMs: 100, rows: 50_000, bytes: 32 << 20 },
  most: { rows: 100_000, bytes: 128 << 20 },
} as const;

/**
 * Commits what the log of an earlier process holds, and begins.
 * in: no commit is stamped with `afterTick` or an earlier one; onRefused is told of each try to commit that failed.
 * errors: what the log or the store fails with.
 */
export async function createPipeline(
  db: Db,
  config: Config,
  afterTick: number,
  onRefused: (cause: unknown) => void,
): Promise<Pipeline> {
  const rules: NormaliseConfig = {
    ...defaultConfig,
    aliases: config.aliases,
    linkerdNames: config.linkerdNames,
    weights: new Map(Array.from(config.samplingRates, ([service, share]) => [service, 1 / share])),
  };
  const redaction = createRedaction({
    ...defaultRedactConfig,
    hide: config.redact,
    keep: config.redactKeep,
    dropQuery: config.dropQueryStrings,
  });
  const patterns = createPatterns();
  const normaliser = createNormaliser(patterns, rules);
  const { log, left } = db.logDirectory === undefined ? { log: undefined, left: [] } : openLog(db.logDirectory);
  const told = createToldTicks();
  // Into a server others write too: what came in a tick is there only.
  const block = createSpanBlock(log !== undefined);
  const batcher = createBatcher({
    block,
    insert,
    committed: () => block.told && told.add(block.told),
    holds: (mark) => holdsCommit(db, mark),
    log,
    afterTick,
    ...commitPolicy,
  });

  async function insert(sealed: Uint8Array, rows: number): Promise<void> {
    const stop = metrics.commitSeconds.startTimer();
    try {
      await db.insertNative('spans', [sealed]);
    } catch (cause) {
      metrics.commitFailures.inc();
      onRefused(cause);
      throw new AppError('unavailable', 'cannot store spans: the store refused the commit', { cause });
    }
    stop();
    metrics.commitSpans.observe(rows);
    metrics.commitBytes.observe(sealed.byteLength);
  }

  /** All spans of a body, or none when it cannot be read. */
  function decode(block: SpanBlock, bytes: Uint8Array): DecodeResult {
    const before = block.mark();
    try {
      const { append } = block;
      const visit = (span: SpanCursor): void => append(span, normaliser(span));
      return decodeOtlp(bytes, visit, defaultLimits, redaction, patterns);
    } catch (error) {
      block.rollback(before);
      throw error;
    }
  }

  for (const segment of left) await batcher.recover(segment, decode);

  return {
    async receive(body, encoding) {
      const { rejected, reason, truncated, accepted } = await batcher.add((block) =>
        // Not before: while it waits for room, a body holds no more than the door counts.
        decode(block, encoding === 'json' ? otlpJsonToProto(body) : body),
      );
      metrics.spansAccepted.inc(accepted);
      if (truncated > 0) metrics.attributesCut.inc({ limit: 'size' }, truncated);
      if (rejected > 0) metrics.spansRejected.inc({ reason }, rejected);
      return { rejected, message: reason };
    },
    sealedTick: batcher.sealedTick,
    newestTick: batcher.newestTick,
    tellUntil: told.takeUntil,
    flush: batcher.flush,
    close: batcher.close,
  };
}
