/**
 * Every write stage on one screen: a body comes from a door, is decoded span by span, normalised, appended to the open
 * block and committed with it. The promise resolves when the spans are durable; what a door then answers is its own matter.
 */
import { AppError } from '#shared/error.ts';
import type { Config } from './config.ts';
import { otlpJsonToProto } from './decode/otlp-json.ts';
import { defaultLimits, type SpanCursor } from './decode/cursor.ts';
import { decodeOtlp } from './decode/otlp-proto.ts';
import { createNormalised, defaultConfig, normalise, type NormaliseConfig } from './normalise/normalise.ts';
import { createRedaction, defaultRedactConfig } from './normalise/redact.ts';
import type { Encoding, Receipt } from './receive/answer.ts';
import { metrics } from './self.ts';
import { createBatcher } from './store/batch.ts';
import type { Db } from './store/db.ts';
import { createSpanBlock } from './store/span-block.ts';

export interface Pipeline {
  /**
   * Takes one inflated body and resolves after its spans are committed.
   * errors: bad-request when it cannot be parsed (nothing of it is kept); unavailable when the store refuses the commit.
   */
  receive(body: Uint8Array, encoding: Encoding): Promise<Receipt>;
  /** Every tick up to this one is complete in the store. */
  sealedTick(): number;
  /** Tick of the newest commit. */
  newestTick(): number;
  /** Commits what was taken. */
  close(): Promise<void>;
}

/** A commit costs about 20 ms of CPU however small it is; from some hundred spans on, the spans cost more. */
const lingerMs = 100;
const lingerRows = 500;

const text = new TextDecoder();

/** in: the newest tick the store holds. */
export function createPipeline(db: Db, config: Config, afterTick: number): Pipeline {
  const rules: NormaliseConfig = {
    ...defaultConfig,
    aliases: config.aliases,
    linkerdNames: config.linkerdNames,
    weights: new Map(Array.from(config.samplingRates, ([service, share]) => [service, 1 / share])),
  };
  const redaction = createRedaction({
    ...defaultRedactConfig,
    hide: config.redact,
    dropQuery: config.dropQueryStrings,
  });
  const normalised = createNormalised();
  const batcher = createBatcher({ createBlock: createSpanBlock, insert, afterTick, lingerMs, lingerRows });

  async function insert(block: readonly Uint8Array[], rows: number): Promise<void> {
    const stop = metrics.commitSeconds.startTimer();
    try {
      await db.insertNative('spans', block);
    } catch (cause) {
      metrics.commitFailures.inc();
      throw new AppError('unavailable', 'cannot store spans: the store refused the commit', { cause });
    }
    stop();
    metrics.commitSpans.observe(rows);
    metrics.commitBytes.observe(block.reduce((sum, { byteLength }) => sum + byteLength, 0));
    metrics.spansAccepted.inc(rows);
  }

  return {
    async receive(body, encoding) {
      const bytes = encoding === 'json' ? otlpJsonToProto(text.decode(body)) : body;
      const { rejected, reason, truncated } = await batcher.add((block) => {
        const before = block.mark();
        try {
          const visit = (span: SpanCursor): void => {
            normalise(span, normalised, rules);
            block.append(span, normalised);
          };
          return decodeOtlp(bytes, visit, defaultLimits, redaction);
        } catch (error) {
          block.rollback(before);
          throw error;
        }
      });
      if (truncated > 0) metrics.attributesCut.inc({ limit: 'size' }, truncated);
      if (rejected > 0) metrics.spansRejected.inc({ reason }, rejected);
      return { rejected, message: reason };
    },
    sealedTick: batcher.sealedTick,
    newestTick: batcher.newestTick,
    close: batcher.close,
  };
}
