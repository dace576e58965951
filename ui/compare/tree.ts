/** Which rows of an aligned tree are shown, and what their differences are called. Pure. */
import { formatNs } from '#shared/format.ts';
import type { AlignedStep, StepChange } from '#shared/trace-compare.ts';

/** in: indices of steps whose children are folded away; onlyDifferent: nothing that is the same, all the way down. */
export function shownSteps(
  steps: readonly AlignedStep[],
  folded: ReadonlySet<number>,
  onlyDifferent: boolean,
): AlignedStep[] {
  const shown: AlignedStep[] = [];
  for (let at = 0; at < steps.length;) {
    const step = steps[at] as AlignedStep;
    const skip = onlyDifferent && !step.differs;
    if (!skip) shown.push(step);
    at += skip || folded.has(step.index) ? step.below + 1 : 1;
  }
  return shown;
}

/** Steps with anything below them, but for the roots: what "fold all" folds. */
export function foldable(steps: readonly AlignedStep[]): Set<number> {
  return new Set(steps.filter(({ below, depth }) => below > 0 && depth > 0).map(({ index }) => index));
}

const words: Readonly<Record<Exclude<StepChange, 'count'>, string>> = {
  added: 'only in b',
  removed: 'only in a',
  failed: 'fails in b',
  recovered: 'fails in a',
  slower: 'slower',
  faster: 'faster',
};

export interface ChangeWord {
  readonly text: string;
  /** What a screen reader says. */
  readonly title: string;
  readonly tone: 'bad' | 'warn' | 'plain';
}

/** The changes of a step as short words; slower and faster are left to the numbers. */
export function changeWords({ changes, a, b }: Pick<AlignedStep, 'changes' | 'a' | 'b'>): ChangeWord[] {
  const [countA, countB] = [a?.spanIds.length ?? 0, b?.spanIds.length ?? 0];
  return changes.flatMap((change): ChangeWord[] => {
    if (change === 'slower' || change === 'faster') return [];
    if (change === 'count') {
      const more = countB - countA;
      return [
        {
          text: more > 0 ? `+${more}` : `−${-more}`,
          title: `${countA} in a, ${countB} in b`,
          tone: 'warn',
        },
      ];
    }
    const tone = change === 'failed' || change === 'recovered' ? 'bad' : 'plain';
    return [{ text: words[change], title: words[change], tone }];
  });
}

/** `+190 ms`, `−3 ms`, and a dash for nothing. */
export function signedNs(ns: number): string {
  if (ns === 0) return '–';
  return ns > 0 ? `+${formatNs(ns)}` : formatNs(ns);
}
