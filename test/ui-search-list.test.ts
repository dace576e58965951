/** The list of the search page: the live tail over it, and what is said of a trace's critical path. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TraceSummary } from '#shared/api.ts';
import { arrive, emptyTail, mostTail, show, withTail } from '../ui/search/tail.ts';
import { pathNames, pathParts } from '../ui/search/words.ts';

const summary = (traceId: string, start: number, part: Partial<TraceSummary> = {}): TraceSummary => ({
  traceId,
  root: { service: 'frontend', operation: 'GET /' },
  start,
  durationMs: 10,
  spanCount: 3,
  errorCount: 0,
  failed: false,
  workloads: [],
  criticalPath: [],
  ...part,
});
const ids = (traces: readonly TraceSummary[]) => traces.map(({ traceId }) => traceId).join('');

describe('the live tail', () => {
  test('what comes stands on top and is marked; what comes while the reader looks waits', () => {
    const first = arrive(emptyTail, { traces: [summary('b', 2), summary('a', 1)], more: 0 }, false);
    assert.equal(ids(first.shown), 'ba');
    assert.deepEqual([...first.fresh], ['b', 'a']);
    const paused = arrive(first, { traces: [summary('c', 3)], more: 4 }, true);
    assert.equal(ids(paused.shown), 'ba');
    assert.equal(ids(paused.waiting), 'c');
    assert.equal(paused.missed, 4);
    const shown = show(paused);
    assert.equal(ids(shown.shown), 'cba');
    assert.deepEqual([...shown.fresh], ['c']);
    assert.equal(shown.waiting.length, 0);
  });

  test('a trace that settles again is there once, as it is now, and is not new', () => {
    const first = arrive(emptyTail, { traces: [summary('a', 1)], more: 0 }, false);
    const again = arrive(first, { traces: [summary('a', 1, { spanCount: 9 })], more: 0 }, false);
    assert.equal(ids(again.shown), 'a');
    assert.equal(again.shown[0]?.spanCount, 9);
    assert.equal(again.fresh.size, 0);
  });

  test('the list does not grow without end', () => {
    let tail = emptyTail;
    for (let i = 0; i < mostTail + 50; i++)
      tail = arrive(tail, { traces: [summary(`t${i}`, i)], more: 0 }, i % 2 === 0);
    tail = show(tail);
    assert.equal(tail.shown.length, mostTail);
    assert.equal(tail.shown[0]?.traceId, `t${mostTail + 49}`);
    const waits = arrive(
      emptyTail,
      { traces: Array.from({ length: mostTail + 5 }, (_, i) => summary(`w${i}`, i)), more: 7 },
      true,
    );
    assert.equal(waits.waiting.length + waits.missed, mostTail + 12, 'all that came are counted');
    assert.equal(show(waits).missed, 0);
  });

  test('over the list each trace stands once, the last start first, as it settled last', () => {
    const list = [summary('c', 3), summary('a', 1)];
    const all = withTail([summary('d', 4), summary('c', 3, { spanCount: 8 }), summary('b', 2)], list);
    assert.equal(ids(all), 'dcba');
    assert.equal(all[1]?.spanCount, 8);
    assert.equal(ids(withTail([], list)), 'ca');
  });
});

test('steps that own less than a hundredth are not named as what decided', () => {
  const step = (service: string, share: number) => ({ service, operation: 'x', selfMs: share, share });
  const named = (service: string, operation: string) => ({ service, operation });
  assert.deepEqual(pathNames([named('a', 'x'), named('b', 'y'), named('a', 'z.svc.cluster.local')]), [
    named('a', 'x'),
    named('b', ''),
    named('', 'z'),
  ]);
  assert.deepEqual(
    pathParts({ criticalPath: [step('a', 0.6), step('b', 0.01), step('c', 0.002)] }).map(({ service }) => service),
    ['a', 'b'],
  );
});
