/** Where a profile leads, and what a what-if says, without a browser. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WhatIf } from '#shared/api-profile.ts';
import { parseTraceQuery } from '#shared/trace-query.ts';
import { compareHref, mapHref, productHref, profileQuery, searchHref } from '../ui/profile/links.ts';
import { parseFaster, sampleText, toPairs, whatIfText } from '../ui/profile/what-if.ts';

const entry = 'gateway|GET /cart';
const all = { entry, version: '', band: 'all', fromMs: 1 } as const;

test('a profile leads to a search that says the same: entry, version, band, step', () => {
  const filterOf = (line: string) => {
    const parsed = parseTraceQuery(line);
    return parsed.ok ? parsed.filter : assert.fail(parsed.message);
  };
  assert.deepEqual(filterOf(profileQuery(all)), { root: entry, attributes: [] });
  assert.deepEqual(filterOf(profileQuery({ ...all, version: 'v2', band: 'p99', fromMs: 512 })), {
    root: entry,
    service: 'gateway',
    version: 'v2',
    minMs: 512,
    attributes: [],
  });
  assert.deepEqual(filterOf(profileQuery({ ...all, version: 'v2' }, { service: 'db', operation: 'SELECT "a"' })), {
    root: entry,
    service: 'db',
    operation: 'SELECT "a"',
    attributes: [],
  });
  assert.deepEqual(filterOf(profileQuery({ ...all, entry: '' })), { attributes: [] });
  const line = 'service = db status = failed duration >= 2s x = 1';
  const own = { service: 'db', status: 'failed', minMs: 2000, attributes: [{ key: 'x', op: '=', value: '1' }] };
  assert.deepEqual(filterOf(profileQuery({ ...all, line })), { ...own, root: entry });
  assert.deepEqual(filterOf(profileQuery({ ...all, line, band: 'p99', fromMs: 512 })), { ...own, root: entry });
  assert.deepEqual(filterOf(profileQuery({ ...all, line }, { service: 'api', operation: 'GET' })), {
    ...own,
    root: entry,
    service: 'api',
    operation: 'GET',
  });
  const url = new URL(searchHref(all, { window: '15m' }), 'http://x');
  assert.deepEqual([url.pathname, url.searchParams.get('window')], ['/search', '15m']);
  assert.equal(url.searchParams.get('q'), profileQuery(all));
});

test('two versions of an entry are compared as two sets of its traces', () => {
  const url = new URL(compareHref({ ...all, band: 'p99' }, { from: '1', to: '2' }, ['v1', 'v2']), 'http://x');
  assert.equal(url.pathname, '/compare');
  for (const [side, version] of [
    ['a', 'v1'],
    ['b', 'v2'],
  ] as const) {
    assert.equal(url.searchParams.get(side), profileQuery({ ...all, version }));
  }
  assert.deepEqual([url.searchParams.get('from'), url.searchParams.get('to')], ['1', '2']);
});

test("the map opens with the same entry's critical paths; an embed leads to the page of the same profile", () => {
  assert.equal(mapHref(all, { window: '1h' }), '/?layer=critical&entry=gateway%7CGET+%2Fcart&window=1h');
  assert.match(mapHref({ ...all, band: 'p99' }, {}, 'db'), /band=slow&focus=db$/);
  const query = new URLSearchParams('entry=a|b&band=p99&theme=dark&refresh=10s&kiosk&path=7');
  assert.equal(productHref(query, { view: 'list' }), '/profile?entry=a%7Cb&band=p99&path=7&view=list');
});

const whatIf = (part: Partial<WhatIf> = {}): WhatIf => ({
  from: 0,
  to: 1,
  entry,
  version: '',
  band: 'all',
  step: 'db|SELECT',
  factor: 0.7,
  trees: { read: 100, of: 2114 },
  before: { p50: 41, p90: 180, p99: 512, n: 100 },
  after: { p50: 33, p90: 180, p99: 384, n: 100 },
  meanSavedMs: 12,
  changedSpans: 100,
  method: '',
  ...part,
});

test('a what-if says what is won or lost, and why nothing can be said', () => {
  assert.equal(
    whatIfText(whatIf()),
    '30 % faster it saves 12 ms per trace on average: p50 41 ms → 33 ms, p99 512 ms → 384 ms.',
  );
  const as = { version: 'v2', of: 'step', spans: 12, meanSelfMs: 9, othersMeanSelfMs: 6 } as const;
  assert.match(whatIfText(whatIf({ as, meanSavedMs: -3 })), /^As fast as v2 it costs 3 ms per trace/);
  assert.match(whatIfText(whatIf({ as: { ...as, spans: 0 } })), /^No span of v2/);
  assert.match(whatIfText(whatIf({ meanSavedMs: 0 })), /something else decides/);
  assert.match(whatIfText(whatIf({ trees: { read: 0, of: 12 } })), /not in the store any more/);
  assert.match(whatIfText(whatIf({ trees: { read: 0, of: 0 } })), /^There are no traces/);
});

test('the bars of a pair are as long as their times, the longer one full, with the change beside', () => {
  assert.deepEqual(
    toPairs(whatIf()).map(({ name, before, after, change }) => [name, before, after, change]),
    [
      ['p50', 1, 33 / 41, '−8 ms, −20 %'],
      ['p90', 1, 1, '±0'],
      ['p99', 1, 0.75, '−128 ms, −25 %'],
    ],
  );
  const slower = toPairs({ before: { p50: 10, p90: null, p99: null, n: 1 }, after: { p50: 40, p90: 1, p99: 1, n: 1 } });
  assert.deepEqual(
    slower.map(({ before, after, change }) => [before, after, change]),
    [[0.25, 1, '+30 ms, +300 %']],
  );
});

test('how much faster is read from the address, a half when it cannot be', () => {
  assert.deepEqual(['', '30', '0', '100', '101', 'x', '-1'].map(parseFaster), [50, 30, 0, 100, 50, 50, 50]);
});

test('what stays is said to stay', () => {
  const after = { p50: 41.0001, p90: 180, p99: 384, n: 100 };
  assert.match(whatIfText(whatIf({ after })), /: p50 stays 41 ms, p99 512 ms → 384 ms\.$/);
});

test('a sample whose percentiles are not those of all traces says so', () => {
  assert.equal(
    sampleText(whatIf(), { p50: 42, p90: 179, p99: 218, n: 2114 }),
    'Of all traces p99 is 218 ms: go by the change, not by the level.',
  );
  assert.equal(sampleText(whatIf(), { p50: 42, p90: 179, p99: 500, n: 2114 }), '');
  assert.equal(sampleText(whatIf({ trees: { read: 9, of: 9 } }), { p50: 1, p90: 1, p99: 1, n: 9 }), '');
});
