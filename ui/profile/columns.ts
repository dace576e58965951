/** What the columns of a profile's table are called and mean. Pure. */
import { formatCount } from '#shared/format.ts';
import type { Column } from './steps.ts';

export const columnTexts: Readonly<Record<Column, { readonly name: string; readonly help: string }>> = {
  name: { name: 'workload and operation', help: 'Whose time it is, and of which span.' },
  share: {
    name: 'share',
    help: 'Part of the end-to-end time of all these traces that passed in this step itself, on the critical path.',
  },
  mean: { name: 'mean', help: 'That time per trace, over all traces asked about, those without the step among them.' },
  p50: { name: 'p50', help: 'That time in the middle one of the traces that have the step on their critical path.' },
  p99: {
    name: 'p99',
    help: 'The same in the slowest hundredth of them. Grey: too few traces for it to mean much.',
  },
  traces: { name: 'traces', help: 'How many have the step on their critical path. 0: it only ran beside it.' },
  drag: {
    name: 'drag',
    help: 'What a trace would save at most if the step took no time: less than it owns where something else then decides. Grey: hardly any of the traces read have it on their path.',
  },
  slack: {
    name: 'slack',
    help: 'How much longer the step could take before the trace does. 0 on the critical path.',
  },
};

/** Where drag and slack come from: `Drag and slack: means over 400 of 2 114 traces, read as trees and replayed.` */
export function treesText({ read, of }: { readonly read: number; readonly of: number }): string {
  if (of === 0) return 'There are no traces to read drag and slack from.';
  if (read === 0) return 'Drag and slack are missing: the spans of these traces are not in the store.';
  const part = read === of ? `all ${formatCount(of)}` : `${formatCount(read)} of ${formatCount(of)}`;
  return `Share, mean, p50 and p99 are exact, of all traces. Drag and slack are means over ${part} ${of === 1 ? 'trace' : 'traces'}, read as trees and replayed.`;
}
