/** What a span is besides a span: a repeated attempt, work nobody waits for, a clock that is off. In words. Pure. */
import type { TraceSpan } from '#shared/api.ts';
import { formatNs } from '#shared/format.ts';

export interface Mark {
  readonly name: 'retry' | 'async' | 'clock';
  /** Short, to stand in a row. */
  readonly text: string;
  readonly title: string;
}

/** in: how much more its clock is to be corrected than that of the span above, ns. */
export function marksOf(span: Pick<TraceSpan, 'retry' | 'async'>, clockNs: number): Mark[] {
  const marks: Mark[] = [];
  if (span.retry > 0)
    marks.push({ name: 'retry', text: `retry ${span.retry}`, title: `Attempt ${span.retry + 1} of the same request` });
  if (span.async)
    marks.push({ name: 'async', text: 'async', title: 'Nobody waits for it, so it cannot decide the total' });
  if (clockNs !== 0) {
    const by = formatNs(Math.abs(clockNs));
    const way = clockNs < 0 ? 'ahead of' : 'behind';
    marks.push({
      name: 'clock',
      text: `clock ${clockNs < 0 ? '+' : '−'}${by}`,
      title: `Its clock seems ${by} ${way} its caller's`,
    });
  }
  return marks;
}

/** What clocks do in a trace, in one sentence; '' when they agree. */
export function clockSentence(spans: readonly Pick<TraceSpan, 'service' | 'skewNs'>[]): string {
  const most = new Map<string, number>();
  for (const { service, skewNs } of spans)
    if (skewNs !== 0) most.set(service, Math.max(most.get(service) ?? 0, Math.abs(skewNs)));
  const sorted = [...most].sort((a, b) => b[1] - a[1]);
  const [first] = sorted;
  if (!first) return '';
  const names = sorted.map(([service]) => service);
  const rest = names.length > 3 ? ` and ${names.length - 2} more` : '';
  const named = rest === '' ? names.join(' and ') : `${names.slice(0, 2).join(', ')}${rest}`;
  return `Clocks differ: ${named} by ${sorted.length > 1 ? 'up to ' : ''}${formatNs(first[1])}.`;
}
