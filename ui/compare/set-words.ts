/** Two sets in words: what they are called, the sentence on top, differences with their intervals. Pure. */
import type {
  ComparedAttribute,
  ComparedEdge,
  ComparedOperation,
  CompareSets,
  SetDifference,
} from '#shared/api-compare-sets.ts';
import { formatCount, formatMs, formatNumber, formatShare } from '#shared/format.ts';
import { shortOperation, workloadName } from '../part/names.ts';

/** What the sets are called: `the rest`, `before`, or their lines. */
export function setNames({ a, b, rest }: Pick<CompareSets, 'a' | 'b' | 'rest'>): { a: string; b: string } {
  if (rest) return { a: a.query, b: 'the rest' };
  const sameLine = a.query === b.query;
  if (!sameLine) return { a: a.query || 'all traces', b: b.query || 'all traces' };
  const earlier = b.from < a.from;
  const line = a.query === '' ? '' : `${a.query}, `;
  return { a: `${line}${earlier ? 'after' : 'before'}`, b: `${line}${earlier ? 'before' : 'after'}` };
}

/** `+58 ms`, `−1.2 ms`. */
export function signedMs(ms: number): string {
  return ms > 0 ? `+${formatMs(ms)}` : formatMs(ms);
}

/** `+3`, `−0.5`. */
export function signedNumber(value: number): string {
  return value > 0 ? `+${formatNumber(value)}` : formatNumber(value);
}

/** Percentage points: `+12.3 pp`. Not below a tenth of one. */
export function signedPoints(share: number): string {
  const points = Math.round(share * 1000) / 10;
  if (points === 0) return '0 pp';
  return `${points > 0 ? '+' : '−'}${Math.abs(points)} pp`;
}

/** `52 … 64 ms`; nothing when too little is seen. */
export function intervalWords({ low, high }: SetDifference, words: (value: number) => string): string {
  return low === null || high === null ? 'too few to say' : `${words(low)} … ${words(high)}`;
}

export function operationWords({ service, operation }: Pick<ComparedOperation, 'service' | 'operation'>): string {
  return `${service} ${shortOperation(operation)}`;
}

export function edgeWords({ source, target }: Pick<ComparedEdge, 'source' | 'target'>): string {
  return `${workloadName(source)} → ${workloadName(target)}`;
}

/** `http.status_code = 503`, `payment version v2`, `user.id is there`. */
export function attributeWords({ type, key, value }: Pick<ComparedAttribute, 'type' | 'key' | 'value'>): string {
  if (type === 'version') return value === null ? `${key} says its version` : `${key} version ${value}`;
  return value === null ? `${key} is there` : `${key} = ${value}`;
}

/** Attributes that are in exactly as many traces of a and of b: they mostly are those of the same traces. */
export interface AlikeAttributes {
  readonly row: ComparedAttribute;
  readonly alike: readonly ComparedAttribute[];
}

/** in: rows as the API orders them. */
export function alikeAttributes(rows: readonly ComparedAttribute[]): AlikeAttributes[] {
  const groups = Map.groupBy(rows, ({ a, b }) => `${a.traces}/${b.traces}`);
  return [...groups.values()].flatMap(([row, ...alike]) => (row === undefined ? [] : [{ row, alike }]));
}

const traces = (count: number): string => `${formatCount(count)} ${count === 1 ? 'trace' : 'traces'}`;

/** Attributes that say how a request ended. */
const outcomeKey = /^(error|canceled|.*status.*|response_flags|error\..*|response_size|exception\..*)$/;

/** Does the difference mean harm for a? */
export function harmOf({ meanMs, failedShare }: CompareSets): 'idle' | 'warn' | 'bad' {
  if (failedShare.named && failedShare.value > 0) return 'bad';
  return meanMs.named && meanMs.value > 0 ? 'warn' : 'idle';
}

/** The comparison in a few sentences: durations, failures, and what makes the difference. */
export function setsSentence(sets: CompareSets): string {
  const { a, b, meanMs, failedShare, operations, edges, attributes } = sets;
  if (a.traces === 0 || b.traces === 0) {
    const none = a.traces === 0 ? (b.traces === 0 ? 'Neither set has' : 'a has') : 'b has';
    return `${none} no settled trace in this time: there is nothing to compare.`;
  }
  const sentences: string[] = [];
  const byOutcome = [a, b].some(({ query }) => /(^| )status = /.test(query));
  if (failedShare.named && !byOutcome)
    sentences.push(
      `${formatShare(rounded(a.failed / a.traces))} of a failed, ${formatShare(rounded(b.failed / b.traces))} of b.`,
    );
  const [operation] = operations.rows.filter(({ differenceMs }) => differenceMs.named);
  if (meanMs.named) {
    const way = meanMs.value > 0 ? 'longer' : 'less';
    const agrees = operation && Math.sign(operation.differenceMs.value) === Math.sign(meanMs.value);
    const owner = agrees
      ? `: ${formatMs(Math.abs(operation.differenceMs.value))} of it is ${operationWords(operation)}`
      : '';
    sentences.push(`a takes ${formatMs(Math.abs(meanMs.value))} ${way} on average${owner}.`);
  } else if (operation) {
    const way = operation.differenceMs.value > 0 ? 'more' : 'less';
    sentences.push(
      `${operationWords(operation)} takes ${formatMs(Math.abs(operation.differenceMs.value))} ${way} in a, per trace.`,
    );
  }
  // sets chosen by their outcome differ in what says the outcome: that is no news
  const telling = attributes.rows.filter(({ key, share }) => share.named && !(byOutcome && outcomeKey.test(key)));
  // what a has says more than what it lacks
  const attribute = telling.find(({ share }) => share.value > 0) ?? telling[0];
  if (attribute)
    sentences.push(
      `What tells a from b best: ${attributeWords(attribute)} (${formatShare(rounded(attribute.a.share))} of a, ${formatShare(rounded(attribute.b.share))} of b).`,
    );
  const [edge] = edges.rows.filter(({ share, errorShare }) => share.named || errorShare.named);
  if (edge && !operation && !attribute) {
    const [what, x, y] = edge.share.named
      ? ['called', edge.a.share, edge.b.share]
      : ['with errors', edge.a.withErrors / edge.a.traces, edge.b.withErrors / edge.b.traces];
    sentences.push(
      `${edgeWords(edge)} is ${what} in ${formatShare(rounded(x))} of a, ${formatShare(rounded(y))} of b.`,
    );
  }
  if (sentences.length > 0) return sentences.join(' ');
  return `Nothing sets them apart that chance would not do: ${traces(a.traces)} against ${traces(b.traces)}.`;
}

/** Shares are said to three digits. */
function rounded(share: number): number {
  return Math.round(share * 1000) / 1000;
}
