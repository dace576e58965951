/** The sentence the status page opens with. Pure. */
import type { Status } from '#shared/api.ts';
import { formatCount, formatMs, formatNumber } from '#shared/format.ts';

/** What, if anything, keeps the collector from doing its work. */
export function statusVerdict({ store, ingest, derive, limits }: Status): {
  readonly health: 'ok' | 'warn' | 'bad';
  readonly text: string;
} {
  if (store.state === 'down')
    return { health: 'bad', text: 'The store is down: spans are refused, and senders keep what they can.' };
  if (store.state === 'starting')
    return { health: 'warn', text: 'The store is starting: spans are refused until it is ready.' };
  if (derive.lagMs > 30_000) {
    return { health: 'warn', text: `The map stands ${formatMs(derive.lagMs)} behind what has arrived.` };
  }
  if (ingest.requestsRefused > 0) {
    return {
      health: 'warn',
      text: `${formatCount(ingest.requestsRefused)} requests were refused since the start: more came than could be written.`,
    };
  }
  const hit = limits.filter((limit) => limit.hit > 0).map(({ name }) => name);
  if (hit.length > 0) return { health: 'warn', text: `A limit was hit: ${hit.join(', ')}.` };
  return { health: 'ok', text: `All is well: ${formatNumber(ingest.spansPerSecond)} spans a second, none refused.` };
}
