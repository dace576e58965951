/**
 * The comparison page in a real browser against the real product: two traces of recorded traffic step by step, and two sets
 * of them with what makes the difference.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import type { TraceList } from '#shared/api.ts';
import { replay } from '../fixtures/replay.ts';
import { brokenRules } from './axe.ts';
import { openBrowser, type OpenBrowser } from './open-browser.ts';
import { startCollector, type RunningCollector } from './run-collector.ts';

const recordings = join(import.meta.dirname, '..', 'fixtures', 'recordings');
const phone = { width: 390, height: 844 };

describe('comparing recorded traffic', { timeout: 240_000 }, () => {
  let collector: RunningCollector;
  let browser: OpenBrowser;
  let short = '';
  let long = '';

  before(async () => {
    collector = await startCollector(['--settle-after', '2s']);
    browser = await openBrowser(collector.url);
    const to = `http://${collector.otlpHttp}`;
    await replay({ dir: join(recordings, 'faults'), to, now: true, speed: 0, log: () => undefined });
    const query = new URLSearchParams({ window: '15m', q: 'service = payment', order: 'slowest', limit: '200' });
    for (let round = 0; round < 60 && short === ''; round++) {
      const list = (await (await fetch(`${collector.url}/api/traces?${query}`)).json()) as TraceList;
      long = list.traces[0]?.traceId ?? '';
      short = list.traces.at(-1)?.traceId ?? '';
      if (list.traces.length < 20) short = '';
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    assert.notEqual(short, '', 'the recorded traces settle');
  });
  after(async () => {
    await browser?.close();
    await collector?.stop();
  });

  const open = async (query: string, size?: { width: number; height: number }): Promise<Page> => {
    const page = await browser.page(size);
    await page.goto(`${collector.url}/compare${query}`);
    return page;
  };
  const steps = (page: Page) => page.getByRole('table', { name: 'Steps of both traces' });
  const names = async (page: Page, table: string): Promise<string[]> => {
    const rows = page.getByRole('table', { name: table }).locator('tbody tr');
    await rows.first().waitFor();
    return rows.locator('td:first-child').allTextContents();
  };

  test('two traces: a verdict, the paths, and every step; only differences leaves the others out', async () => {
    const page = await open(`?a=${short}&b=${long}`);
    await steps(page).waitFor();
    assert.match((await page.locator('.answer p').first().textContent()) ?? '', /^(b took|Both took)/);
    assert.ok((await names(page, 'Differences of the critical paths')).length > 0);
    const all = await steps(page).locator('tbody tr').count();
    await page.getByRole('checkbox', { name: 'only differences' }).check();
    await page.waitForURL(/only=differences/);
    await page.waitForFunction(
      (before) => document.querySelectorAll('table[aria-label="Steps of both traces"] tbody tr').length < before,
      all,
    );
    await page.close();
  });

  test('steps fold and open by keyboard, and a duration leads to its span', async () => {
    const page = await open(`?a=${short}&b=${long}`);
    await steps(page).waitFor();
    const rows = steps(page).locator('tbody tr');
    const all = await rows.count();
    const fold = steps(page)
      .getByRole('button', { name: /^Steps below/ })
      .first();
    await fold.press('Enter');
    assert.equal(await fold.getAttribute('aria-expanded'), 'false');
    assert.ok((await rows.count()) < all);
    await page.getByRole('button', { name: 'Open all' }).click();
    assert.equal(await rows.count(), all);
    const link = steps(page)
      .getByRole('link', { name: / in b: / })
      .first();
    await link.click();
    await page.waitForURL(new RegExp(`/trace/${long}\\?span=[0-9a-f]{16}`));
    await page.close();
  });

  test('swapped, b is a, and the address says so', async () => {
    const page = await open(`?a=${short}&b=${long}`);
    await steps(page).waitFor();
    await page.getByRole('link', { name: 'Swap' }).click();
    await page.waitForURL((url) => url.searchParams.get('a') === long && url.searchParams.get('b') === short);
    await page.getByRole('region', { name: 'Trace a' }).getByRole('link', { name: long }).waitFor();
    await page.close();
  });

  test('one trace alone: the other is chosen by its ID or from those like it', async () => {
    const page = await open(`?a=${long}`);
    const choose = page.getByRole('region', { name: 'Choose trace b' });
    const box = choose.getByRole('textbox', { name: 'Trace ID of b' });
    await box.fill('nonsense');
    await box.press('Enter');
    assert.match((await choose.getByRole('alert').textContent()) ?? '', /only 0–9 and a–f/);
    await choose.getByRole('listitem').first().getByRole('link').click();
    await steps(page).waitFor();
    assert.match(new URL(page.url()).searchParams.get('b') ?? '', /^[0-9a-f]{32}$/);
    await page.goto(`${collector.url}/compare?a=${long}&b=${'f'.repeat(32)}`);
    await page.getByText('No such trace').waitFor();
    await page.close();
  });

  test('the failed against the rest: a sentence, numbers, and rows that lead on', async () => {
    const page = await open('?window=15m');
    await page.getByRole('region', { name: 'Two traces' }).waitFor();
    await page.getByRole('link', { name: 'Failed against the rest' }).click();
    await page.getByRole('table', { name: 'Sets' }).waitFor();
    assert.equal(new URL(page.url()).searchParams.get('a'), 'status = failed');
    assert.ok((await names(page, 'Operations')).length > 2);
    assert.ok((await names(page, 'Edges')).length > 2);
    assert.ok((await names(page, 'Attributes')).length > 2);
    assert.match(
      (await page.getByRole('img', { name: /^Durations: a p50/ }).getAttribute('aria-label')) ?? '',
      /a p50 .* n \d+; b p50/,
    );
    const edge = page
      .getByRole('table', { name: 'Edges' })
      .getByRole('link', { name: /on the map$/ })
      .first();
    assert.match((await edge.getAttribute('href')) ?? '', /select=edge%3A[0-9a-f]{16}/);
    const attribute = page.getByRole('table', { name: 'Attributes' }).locator('tbody tr a').first();
    const href = await attribute.getAttribute('href');
    assert.match(new URL(href ?? '', collector.url).searchParams.get('q') ?? '', /^status = failed /);
    await attribute.click();
    await page.waitForURL(/\/search\?/);
    await page.getByRole('table', { name: 'Traces' }).waitFor();
    await page.close();
  });

  test('a line that cannot be read is told at its place; another one is compared', async () => {
    const page = await open('?window=15m');
    const line = page.getByRole('textbox', { name: 'Traces of a' });
    await line.fill('duration');
    await line.press('Enter');
    assert.match((await page.getByRole('alert').textContent()) ?? '', /needs an operator/);
    await line.fill('service = payment');
    await line.press('Enter');
    await page.waitForURL((url) => url.searchParams.get('a') === 'service = payment');
    await page
      .getByRole('table', { name: 'Sets' })
      .getByRole('rowheader', { name: /service = payment/ })
      .waitFor();
    await page.close();
  });

  test('sets without a trace say so instead of tables', async () => {
    const page = await open('?window=15m&a=service+%3D+nobody');
    await page.getByText('a has no settled trace in this time').waitFor();
    assert.equal(await page.getByRole('table', { name: 'Operations' }).count(), 0);
    await page.close();
  });

  test('nothing breaks a rule of accessibility, light and dark, on a desk and on a phone', async () => {
    for (const scheme of ['light', 'dark'] as const) {
      for (const size of [undefined, phone]) {
        for (const [query, ready] of [
          [`?a=${short}&b=${long}`, 'Steps of both traces'],
          ['?a=status+%3D+failed&window=15m', 'Attributes'],
        ] as const) {
          const page = await browser.page(size);
          await page.emulateMedia({ colorScheme: scheme });
          await page.goto(`${collector.url}/compare${query}`);
          await page.getByRole('table', { name: ready }).waitFor();
          await page.waitForTimeout(300);
          assert.deepEqual(await brokenRules(page), [], `${scheme} ${query}`);
          const wide = await page.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
          );
          const inner = await page
            .getByRole('region', { name: 'Compare' })
            .evaluate((element) => element.scrollWidth - element.clientWidth);
          assert.ok(wide <= 0 && inner <= 0, `runs out of the page by ${wide} and ${inner} px: ${query}`);
          await page.close();
        }
      }
    }
  });

  test('no page complained', () => {
    assert.deepEqual(browser.complaints, []);
  });
});
