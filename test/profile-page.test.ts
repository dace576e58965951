/**
 * The profile page in a real browser against the real product, with recorded traffic of a mesh and a small service in two
 * versions whose times are known. By roles and accessible names; figures are held against the API's.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import type { Entries, Profile, WhatIf } from '#shared/api.ts';
import { formatCount, formatMs, formatShare } from '#shared/format.ts';
import { parseTraceQuery } from '#shared/trace-query.ts';
import { replay } from '../fixtures/replay.ts';
import { roundShare } from '../ui/profile/words.ts';
import { brokenRules } from './axe.ts';
import { openBrowser, type OpenBrowser } from './open-browser.ts';
import { startCollector, type RunningCollector } from './run-collector.ts';
import { shop, shopTraces } from './shop-traces.ts';

const recordings = join(import.meta.dirname, '..', 'fixtures', 'recordings');
describe('the profile page', { timeout: 420_000 }, () => {
  let collector: RunningCollector;
  let browser: OpenBrowser;
  let profile: Profile;

  const read = async <T>(path: string): Promise<T> => (await (await fetch(collector.url + path)).json()) as T;
  const profileOf = (entry: string, more = ''): Promise<Profile> =>
    read(`/api/critical-path?window=1h&entry=${encodeURIComponent(entry)}${more}`);

  before(async () => {
    collector = await startCollector(['--settle-after', '2s']);
    browser = await openBrowser(collector.url);
    const to = `http://${collector.otlpHttp}`;
    await replay({ dir: join(recordings, 'faults'), to, now: true, speed: 0, log: () => undefined });
    const answer = await fetch(`${to}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(shopTraces(Date.now())),
    });
    assert.equal(answer.status, 200);
    for (let tries = 0; tries < 60; tries++) {
      const { entries } = await read<Entries>('/api/entries?window=1h');
      if (entries.find(({ id }) => id === shop)?.traces === 24 && (entries[0]?.traces ?? 0) >= 200) break;
      await new Promise((done) => setTimeout(done, 500));
    }
    const { entries } = await read<Entries>('/api/entries?window=1h');
    profile = await profileOf(entries[0]?.id ?? '');
    assert.ok(profile.traces >= 200, `${profile.traces} traces`);
  });
  after(async () => {
    await browser?.close();
    await collector?.stop();
  });

  const tree = (page: Page): Locator => page.getByRole('tree', { name: 'Flame graph of call paths' });
  const cells = (page: Page): Locator => tree(page).getByRole('treeitem');
  const steps = (page: Page): Locator => page.getByRole('table', { name: 'By workload and operation' });
  const rowsOf = (table: Locator): Locator => table.locator('tbody').getByRole('row');
  const open = async (query = '', size?: { width: number; height: number }): Promise<Page> => {
    const page = await browser.page(size);
    await page.goto(`${collector.url}/profile?window=1h${query}`);
    await cells(page)
      .first()
      .or(page.getByRole('table', { name: 'Call paths' }))
      .first()
      .waitFor();
    return page;
  };
  const param = (page: Page, name: string): string | null => new URL(page.url()).searchParams.get(name);
  const untilParam = (page: Page, name: string, value: string | null): Promise<unknown> =>
    page.waitForFunction(([key, wanted]) => new URL(location.href).searchParams.get(key ?? '') === wanted, [
      name,
      value,
    ] as const);
  const textOf = async (place: Locator): Promise<string> => ((await place.textContent()) ?? '').replaceAll(/\s+/g, ' ');

  test('without an entry in the address it is of the one with most time, and opens with a sentence of it', async () => {
    const page = await open();
    const { p50, p99, n } = profile.durationMs;
    const [top] = profile.steps;
    assert.ok(top);
    const said = await textOf(page.getByRole('paragraph').filter({ hasText: 'of the end-to-end time is' }));
    const numbers = `${formatCount(n)} traces, p50 ${formatMs(p50)}, p99 ${formatMs(p99)}`.replaceAll(/\s+/g, ' ');
    assert.ok(said.includes(numbers), `${said} lacks ${numbers}`);
    assert.ok(said.includes(`${top.service} `), said);
    await page.getByRole('button', { name: 'Entry: frontend.shop:9080/*' }).waitFor();
    await page.close();
  });

  test('another entry is chosen by its name and stands in the address', async () => {
    const page = await open();
    await page.getByRole('button', { name: /^Entry: / }).click();
    await page.getByRole('radio', { name: /^GET \/cart/ }).check();
    await untilParam(page, 'entry', shop);
    await page.getByText(/^GET \/cart: 24 traces, p50 15 ms, p99 30 ms\./).waitFor();
    await page.reload();
    await page.getByText(/^GET \/cart: 24 traces/).waitFor();
    await page.close();
  });

  test('a cell says its share; all of the time is at the top, and own times add up to it', async () => {
    const page = await open(`&entry=${encodeURIComponent(shop)}`);
    const names = await cells(page).evaluateAll((items) => items.map((item) => item.getAttribute('aria-label')));
    // 24 traces of 10 ms of their own; the database 12 × 20 ms + 12 × 5 ms: 300 of 540 ms
    assert.deepEqual(names, [
      'shop GET /cart: 100 % of the time, 44 % its own; 24 traces',
      'shop SELECT items: 56 % of the time, 56 % its own; 24 traces',
    ]);
    const widths = await cells(page).evaluateAll((items) => items.map((item) => item.getBoundingClientRect().width));
    assert.ok(Math.abs((widths[1] ?? 0) / (widths[0] ?? 1) - 300 / 540) < 0.01, `${widths}`);
    await page.close();
  });

  test('a click zooms into a call path, the way back is a breadcrumb or Esc, and the address keeps it', async () => {
    const page = await open();
    const before = await cells(page).count();
    const inner = tree(page)
      .getByRole('treeitem', { name: /^frontend / })
      .first();
    const name = (await inner.getAttribute('aria-label')) ?? '';
    await inner.click();
    const way = page.getByRole('navigation', { name: 'Way to the call path' });
    await way.waitFor();
    assert.equal(await cells(page).first().getAttribute('aria-label'), name);
    assert.notEqual(param(page, 'path'), null);
    await page.reload();
    await way.waitFor();
    await way.getByRole('link', { name: 'istio-ingressgateway' }).first().click();
    await page.waitForFunction(
      (was) => document.querySelector('[role=treeitem]')?.getAttribute('aria-label') !== was,
      name,
    );
    await way.getByRole('link', { name: /^all of / }).click();
    await untilParam(page, 'path', null);
    assert.equal(await cells(page).count(), before);
    await cells(page).first().focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await way.waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await untilParam(page, 'path', null);
    await page.close();
  });

  test('arrows walk the cells: down to most time, up to what called, sideways; one stop of Tab', async () => {
    const page = await open();
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '');
    await cells(page).first().focus();
    const top = await focused();
    for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowDown');
    const inner = await focused();
    assert.notEqual(inner, top);
    await page.keyboard.press('ArrowRight');
    assert.notEqual(await focused(), inner);
    await page.keyboard.press('ArrowLeft');
    assert.equal(await focused(), inner);
    for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowUp');
    assert.equal(await focused(), top);
    assert.equal(await tree(page).locator('[tabindex="0"]').count(), 1);
    await page.close();
  });

  test('the list says of each call path what the flame graph does, and folds', async () => {
    const page = await open('&view=list');
    const list = page.getByRole('table', { name: 'Call paths' });
    const root = rowsOf(list).first();
    assert.match(await textOf(root), /istio-ingressgateway .*100 %/);
    const count = await rowsOf(list).count();
    assert.ok(count > 10);
    await root.getByRole('button', { name: /^Fold istio-ingressgateway/ }).click();
    await page.waitForFunction(() => document.querySelectorAll('table[aria-label="Call paths"] tbody tr').length === 1);
    await root.getByRole('button', { name: /^Open istio-ingressgateway/ }).click();
    assert.equal(await rowsOf(list).count(), count);
    await page.close();
  });

  test('the table has the figures of the API, and is sorted by any column from its head', async () => {
    const page = await open();
    const [top] = profile.steps;
    assert.ok(top);
    const first = await textOf(rowsOf(steps(page)).first());
    for (const figure of [formatShare(top.share), formatMs(top.meanMs), formatMs(top.p99Ms), formatMs(top.dragMs)])
      assert.ok(first.includes(figure.replaceAll(/\s+/g, ' ')), `${first} lacks ${figure}`);
    assert.equal(await rowsOf(steps(page)).count(), Math.min(100, profile.steps.length));
    const byDrag = [...profile.steps].sort((a, b) => (b.dragMs ?? -1) - (a.dragMs ?? -1))[0];
    await steps(page).getByRole('link', { name: 'drag' }).click();
    await untilParam(page, 'sort', 'drag');
    await page.getByRole('columnheader', { name: 'drag' }).and(page.locator('[aria-sort=descending]')).waitFor();
    assert.ok((await textOf(rowsOf(steps(page)).first())).includes(byDrag?.service ?? '?'));
    await steps(page).getByRole('link', { name: 'drag' }).click();
    await page.getByRole('columnheader', { name: 'drag' }).and(page.locator('[aria-sort=ascending]')).waitFor();
    await page.close();
  });

  test('what a column means, and from how many trees, is a button away', async () => {
    const page = await open();
    await page.getByRole('button', { name: 'What the columns mean' }).click();
    const help = await textOf(page.getByRole('dialog', { name: 'What the columns mean' }));
    assert.match(help, /drag.*save at most.*slack.*could take/);
    const { read: trees, of } = profile.trees;
    assert.ok(help.includes(trees === of ? `all ${of} traces` : `${trees} of ${of} traces`), help);
    await page.close();
  });

  test('what is typed marks call paths, says what they own, and narrows the table', async () => {
    const page = await open();
    await page.getByRole('searchbox', { name: 'Find workload or operation' }).fill('auth');
    await untilParam(page, 'find', 'auth');
    const held = profile.paths.filter(({ service, operation }) => /auth/i.test(`${service} ${operation}`));
    const share = roundShare(held.reduce((sum, { selfMs }) => sum + selfMs, 0) / profile.totalMs);
    await page.getByText(`${held.length} of ${profile.paths.length} call paths, ${share} of the time`).waitFor();
    const wanted = profile.steps.filter(({ service, operation }) => /auth/i.test(`${service} ${operation}`));
    assert.equal(await rowsOf(steps(page)).count(), wanted.length);
    await page.close();
  });

  test('what if: the slider asks for a faster step, and says before and after, on how many traces, by which method', async () => {
    const page = await browser.page();
    let reads = 0;
    page.on('request', (request) => (reads += Number(request.url().includes('/api/critical-path?'))));
    const shown = page
      .waitForResponse(/\/api\/critical-path\?/)
      .then(async (response) => (await response.json()) as Profile)
      .then(({ from, to }) => [String(from), String(to)]);
    await page.goto(`${collector.url}/profile?window=1h&entry=${encodeURIComponent(shop)}`);
    await steps(page)
      .getByRole('link', { name: /SELECT items/ })
      .click();
    const panel = page.getByRole('complementary', { name: 'Step' });
    const slider = panel.getByRole('slider', { name: 'Faster by' });
    await slider.waitFor();
    assert.equal(await slider.inputValue(), '50');
    const asked = page.waitForRequest(/\/api\/what-if\?.*faster=100/);
    await slider.fill('100');
    await untilParam(page, 'faster', '100');
    const wish = new URL((await asked).url()).searchParams;
    assert.deepEqual([wish.get('from'), wish.get('to'), wish.get('window')], [...(await shown), null]);
    const step = encodeURIComponent('shop|SELECT items');
    const answer = await read<WhatIf>(
      `/api/what-if?window=1h&entry=${encodeURIComponent(shop)}&step=${step}&faster=100`,
    );
    assert.equal(answer.meanSavedMs, 12.5);
    await panel.getByText(/100 % faster it saves 12\.5 ms per trace on average: p50 15 ms → 10 ms/).waitFor();
    const bars = await textOf(panel.getByRole('table', { name: 'The entry before and after' }));
    assert.match(bars, /p50.*before 15 ms.*after 10 ms.*−5 ms, −33 %.*p99.*before 30 ms.*after 10 ms.*−20 ms, −67 %/);
    await panel.getByText(answer.method).waitFor();
    await slider.fill('0');
    await panel.getByText('0 % faster is as it is now.').waitFor();
    assert.equal(reads, 1, 'the profile stands while it is looked into');
    await page.keyboard.press('Escape');
    await untilParam(page, 'step', null);
    await page.close();
  });

  test('what if it were as fast as another version of itself', async () => {
    const page = await open(`&entry=${encodeURIComponent(shop)}&step=${encodeURIComponent('shop|SELECT items')}`);
    const panel = page.getByRole('complementary', { name: 'Step' });
    await panel.getByRole('button', { name: /^v2/ }).click();
    await untilParam(page, 'as', 'v2');
    // the twelve of v1 save 15 ms each
    await panel.getByText(/As fast as v2 it saves 7\.5 ms per trace on average/).waitFor();
    await panel.getByRole('button', { name: /^v2/, pressed: true }).click();
    await untilParam(page, 'as', null);
    await page.close();
  });

  test('bands and versions narrow the profile; two versions lead to their comparison', async () => {
    const page = await open(`&entry=${encodeURIComponent(shop)}`);
    await page.getByRole('link', { name: 'Slowest 1 %' }).click();
    await untilParam(page, 'band', 'p99');
    const slow = await profileOf(shop, '&band=p99');
    await page.getByText(`the slowest 1 %: ${slow.traces} `).waitFor();
    await page.getByRole('navigation', { name: 'Requests' }).getByRole('link', { name: 'All' }).click();
    // A link is followed after the next frame: a choice made before that would be lost to it.
    await untilParam(page, 'band', null);
    await page.getByRole('combobox', { name: 'Version' }).selectOption('v2');
    await untilParam(page, 'version', 'v2');
    await page.getByText(/^GET \/cart, version v2: 12 traces, p50 15 ms/).waitFor();
    const href = (await page.getByRole('link', { name: 'Compare v1 with v2' }).getAttribute('href')) ?? '';
    const compare = new URL(href, collector.url).searchParams;
    for (const [side, version] of [
      ['a', 'v1'],
      ['b', 'v2'],
    ] as const) {
      const parsed = parseTraceQuery(compare.get(side) ?? '');
      assert.ok(parsed.ok);
      assert.deepEqual([parsed.filter.root, parsed.filter.version], [shop, version]);
    }
    await page.close();
  });

  test('a step leads to a search of its traces and to the map with the same critical paths', async () => {
    const page = await open(`&entry=${encodeURIComponent(shop)}&step=${encodeURIComponent('shop|SELECT items')}`);
    const panel = page.getByRole('complementary', { name: 'Step' });
    const search = new URL(
      (await panel.getByRole('link', { name: 'Traces that have it' }).getAttribute('href')) ?? '',
      collector.url,
    );
    const line = search.searchParams.get('q') ?? '';
    const parsed = parseTraceQuery(line);
    assert.ok(parsed.ok);
    assert.deepEqual(parsed.filter, { service: 'shop', operation: 'SELECT items', root: shop, attributes: [] });
    const found = await read<{ traces: unknown[] }>(`/api/traces?window=1h&limit=100&q=${encodeURIComponent(line)}`);
    assert.equal(found.traces.length, 24);
    const map = new URL(
      (await panel.getByRole('link', { name: /on the map/ }).getAttribute('href')) ?? '',
      collector.url,
    );
    assert.deepEqual(
      [map.pathname, map.searchParams.get('layer'), map.searchParams.get('entry')],
      ['/', 'critical', shop],
    );
    await page.close();
  });

  test('a time without traces, and an entry without any, say so and offer longer times', async () => {
    const page = await browser.page();
    await page.goto(`${collector.url}/profile?from=1000000000000&to=1000000060000`);
    await page.getByRole('heading', { name: /^No trace has settled/ }).waitFor();
    await page.getByRole('link', { name: 'last 6 h' }).waitFor();
    await page.goto(`${collector.url}/profile?window=1h&entry=${encodeURIComponent('nobody|GET /')}`);
    await page.getByRole('heading', { name: 'No trace of GET / in the last 1 h' }).waitFor();
    await page.close();
  });

  test('on a phone it keeps to the width of the page, and the step is a sheet', async () => {
    const page = await open('', { width: 390, height: 844 });
    const scrolls = () =>
      page.getByRole('region', { name: 'Profile' }).evaluate((region) => region.scrollWidth > region.clientWidth);
    assert.equal(await scrolls(), false);
    await rowsOf(steps(page)).first().getByRole('link').click();
    await page.getByRole('button', { name: 'Fold panel' }).waitFor();
    await page.getByRole('table', { name: 'The entry before and after' }).waitFor();
    assert.deepEqual(await brokenRules(page), []);
    await page.close();
  });

  test('the embed is the sentence and the flame graph alone; zooming stays inside, its way out leads to the page', async () => {
    const page = await browser.page({ width: 640, height: 400 });
    await page.goto(
      `${collector.url}/embed/profile?window=1h&entry=${encodeURIComponent(shop)}&theme=dark&refresh=off`,
    );
    await page.getByText(/^GET \/cart: 24 traces/).waitFor();
    assert.equal(await page.getByRole('banner').count(), 0);
    assert.equal(await page.getByRole('navigation').count(), 0);
    assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark');
    const out = page.getByRole('link', { name: 'Open in Throughline' });
    assert.equal(await out.getAttribute('target'), '_blank');
    const tabs = page.context().pages().length;
    await cells(page).nth(1).click();
    await page.getByRole('navigation', { name: 'Way to the call path' }).waitFor();
    assert.equal(page.context().pages().length, tabs, 'no other tab');
    assert.match((await out.getAttribute('href')) ?? '', /^\/profile\?window=1h&entry=shop%7CGET\+%2Fcart&path=\d+$/);
    assert.deepEqual(await brokenRules(page), []);
    await page.close();
  });

  test('no view of the profile breaks a rule of axe-core', async () => {
    const wrong: string[] = [];
    const select = `&entry=${encodeURIComponent(shop)}&step=${encodeURIComponent('shop|SELECT items')}`;
    for (const query of ['', '&theme=dark&find=auth', '&view=list&band=p90', `${select}&as=v2`, '&contrast=high']) {
      const page = await open(query);
      await page.waitForTimeout(400);
      wrong.push(...(await brokenRules(page)).map((text) => `${query}: ${text}`));
      await page.close();
    }
    assert.deepEqual(wrong, []);
  });

  test('when the collector does not answer the page says so, and can be asked again', async () => {
    const page = await open();
    await page.context().setOffline(true);
    try {
      await page.getByRole('link', { name: 'p90–p99' }).click();
      await page.getByRole('alert').getByText('The collector does not answer.').waitFor();
    } finally {
      await page.context().setOffline(false);
    }
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText(/between p90 and p99/).waitFor();
    await page.close();
  });

  test('no page threw, was stopped by its policy, or asked another host', () => {
    assert.deepEqual(browser.complaints, []);
  });
});
