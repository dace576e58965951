/**
 * The page in a real browser against the real product: the collector as a process, spans of recorded sidecars through its
 * OTLP door. What an SRE does: see what is red, click it, follow it to a trace, read what decided it.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Page, Response } from 'playwright-core';
import type { Graph } from '#shared/api.ts';
import { replay } from '../fixtures/replay.ts';
import { brokenRules } from './axe.ts';
import { openBrowser, type OpenBrowser } from './open-browser.ts';
import { startCollector, type RunningCollector } from './run-collector.ts';

const recordings = join(import.meta.dirname, '..', 'fixtures', 'recordings');
const phone = { width: 390, height: 844 };

const edgeOf = (page: Page, from: string, to: string) =>
  page.getByRole('link', { name: new RegExp(`^${from} to ${to}: `) });

describe('with recorded traffic', { timeout: 240_000 }, () => {
  let collector: RunningCollector;
  let browser: OpenBrowser;

  before(async () => {
    collector = await startCollector(['--settle-after', '2s']);
    browser = await openBrowser(collector.url);
    const to = `http://${collector.otlpHttp}`;
    await replay({ dir: join(recordings, 'faults'), to, now: true, speed: 0, log: () => undefined });
    await replay({ dir: join(recordings, 'example'), to, now: true, speed: 0, log: () => undefined });
  });
  after(async () => {
    await browser?.close();
    await collector?.stop();
  });

  test('a red edge leads to a trace that shows it, and the trace says what decided it', async () => {
    const page = await browser.page();
    await page.goto(`${collector.url}/?window=15m`);
    const edge = edgeOf(page, 'frontend', 'payment');
    await edge.waitFor();
    assert.match((await edge.getAttribute('aria-label')) ?? '', /rps, [\d.]+ % success, p99 [\d.]+ m?s$/);
    await edge.press('Enter');
    const panel = page.getByRole('complementary', { name: 'Edge' });
    await panel.getByRole('heading', { name: /frontend.*payment/ }).waitFor();
    assert.match(page.url(), /select=edge%3A[0-9a-f]{16}/);
    assert.match((await panel.locator('p').nth(1).textContent()) ?? '', /^Fail(ing|ed)/);
    assert.equal(await panel.getByRole('table', { name: 'Latency' }).getByRole('row').count(), 4);
    await panel.getByRole('img', { name: /^success: now/ }).waitFor();
    await panel.getByRole('img', { name: /^latency, client, .*from/ }).waitFor();
    await panel.getByRole('table', { name: 'Errors' }).getByRole('link').first().click();
    await page.waitForURL(/\/trace\/[0-9a-f]{32}/);
    await page.getByRole('table', { name: 'Critical path' }).waitFor();
    assert.match((await page.locator('header p').nth(1).textContent()) ?? '', /payment/);
    await page.close();
  });

  test('the critical path of the worked example owns the whole of its time', async () => {
    const page = await browser.page();
    await page.goto(`${collector.url}/search?window=15m&operation=GET%20%2Fexample&order=slowest`);
    await page.getByRole('table', { name: 'Traces' }).locator('tbody').getByRole('link').first().click();
    const path = page.getByRole('table', { name: 'Critical path' });
    await path.waitFor();
    const shares = await path.locator('tbody td:last-child').allTextContents();
    const sum = shares.reduce((total, text) => total + Number.parseFloat(text), 0);
    assert.ok(Math.abs(sum - 100) < 2, `shares sum to ${sum} %`);
    await page.close();
  });

  test('the waterfall is walked by keyboard', async () => {
    const page = await browser.page();
    await page.goto(`${collector.url}/search?window=15m&service=product-api`);
    await page.getByRole('table', { name: 'Traces' }).locator('tbody').getByRole('link').first().click();
    const grid = page.getByRole('treegrid', { name: 'Waterfall' });
    await grid.waitFor();
    const before = await grid.getAttribute('aria-rowcount');
    await grid.focus();
    await grid.press('ArrowDown');
    await grid.press('Enter');
    const panel = page.getByRole('complementary', { name: 'Span' });
    await panel.getByRole('table', { name: 'Attributes' }).waitFor();
    await grid.press('ArrowUp');
    await grid.press('ArrowLeft');
    await page.waitForFunction(
      (rows) => document.querySelector('[role=treegrid]')?.getAttribute('aria-rowcount') !== rows,
      before,
    );
    assert.equal(await grid.getAttribute('aria-rowcount'), '2');
    await panel.getByLabel('Filter attributes').fill('status_code');
    assert.ok((await panel.getByRole('table', { name: 'Attributes' }).getByRole('row').count()) <= 2);
    await page.close();
  });

  test('the address holds the view: a reload shows the same workload', async () => {
    const page = await browser.page();
    await page.goto(`${collector.url}/?window=15m`);
    const card = page.getByRole('link', { name: /^product-api, service in / });
    await card.click();
    const heading = page.getByRole('complementary', { name: 'Workload' }).getByRole('heading', { name: 'product-api' });
    await heading.waitFor();
    await page.reload();
    await heading.waitFor();
    await page.keyboard.press('Escape');
    await heading.waitFor({ state: 'detached' });
    assert.ok(!page.url().includes('select='));
    await page.close();
  });

  test('Esc in the choice of time closes that alone, the next one the panel', async () => {
    const page = await browser.page();
    await page.goto(`${collector.url}/?window=15m`);
    await edgeOf(page, 'frontend', 'payment').press('Enter');
    const panel = page.getByRole('complementary', { name: 'Edge' });
    await panel.waitFor();
    const time = page.getByRole('dialog', { name: 'Time' });
    for (const within of [false, true]) {
      await page.getByRole('button', { name: /^Time: / }).click();
      await time.waitFor();
      if (within) await time.getByLabel('From').fill('now-1h');
      await page.keyboard.press('Escape');
      await time.waitFor({ state: 'hidden' });
      assert.equal(await panel.count(), 1);
      assert.match(page.url(), /select=edge/);
    }
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
    await page.close();
  });

  test('a map that is said to be still so is of now, and so is the link to it', async () => {
    const page = await browser.page();
    const graph = (await (await fetch(`${collector.url}/api/graph?window=15m`)).json()) as Graph;
    const [from, to, generatedAt] = [graph.from, graph.to, graph.generatedAt].map((at) => at - 3_600_000);
    const nowMs = Date.now();
    let followed = 0;
    await page.route('**/api/graph/live?*', (route) => {
      const said = JSON.stringify({ ...graph, from, to, generatedAt });
      const event = followed++ === 0 ? `event: graph\ndata: ${said}` : `event: heartbeat\ndata: ${nowMs}`;
      return route.fulfill({ contentType: 'text/event-stream', body: `retry: 1000\n${event}\n\n` });
    });
    await page.goto(`${collector.url}/?window=15m`);
    const untilEnd = (at: number): Promise<unknown> =>
      page.waitForFunction((wanted) => {
        const end = document.querySelector('[role=slider][aria-label="Shown until"]');
        return end?.getAttribute('aria-valuetext')?.startsWith(new Date(wanted).toTimeString().slice(0, 5));
      }, at);
    await untilEnd(to ?? 0);
    await untilEnd(nowMs);
    await page.keyboard.press('s');
    await page.getByRole('radio', { name: /^pinned to/ }).check();
    const link = new URL(await page.getByLabel('Link to this view').inputValue());
    assert.equal(link.searchParams.get('to'), String(nowMs));
    await page.close();
  });

  test('no name on the map runs out of its card, and no card lies on another', async () => {
    const page = await browser.page();
    await page.goto(`${collector.url}/?window=15m`);
    await page.locator('a[data-node]').first().waitFor();
    await page.waitForTimeout(500);
    const wrong = await page.evaluate(() => {
      const cards = [...document.querySelectorAll('.card')].map((card) => ({
        name: card.querySelector('a')?.ariaLabel ?? '',
        box: card.querySelector('rect')?.getBoundingClientRect() ?? new DOMRect(),
        texts: [...card.querySelectorAll('text')].map((text) => text.getBoundingClientRect()),
      }));
      const out = cards.filter(({ box, texts }) =>
        texts.some((text) => text.right > box.right || text.bottom > box.bottom + 1),
      );
      const over = cards.filter(({ box }, i) =>
        cards.some(
          ({ box: other }, j) =>
            i < j &&
            box.left < other.right &&
            other.left < box.right &&
            box.top < other.bottom &&
            other.top < box.bottom,
        ),
      );
      return [...out.map(({ name }) => `runs out: ${name}`), ...over.map(({ name }) => `covered: ${name}`)];
    });
    assert.deepEqual(wrong, []);
    await page.close();
  });

  test('the first view of the map takes at most 250 kB of scripts, gzip', async () => {
    const page = await browser.page();
    const scripts: Response[] = [];
    page.on('response', (response) => {
      if (response.headers()['content-type']?.startsWith('text/javascript')) scripts.push(response);
    });
    await page.goto(`${collector.url}/?window=15m`);
    await page.locator('a[data-node]').first().waitFor();
    const sizes = new Map<string, number>();
    for (const script of scripts) sizes.set(script.url(), gzipSync(await script.body()).length);
    const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
    assert.ok(total > 20_000 && total <= 250_000, `${total} bytes`);
    await page.close();
  });

  test('a trace ID in the box opens the trace; anything else is explained', async () => {
    const page = await browser.page();
    await page.goto(`${collector.url}/status`);
    const box = page.getByLabel('Trace ID');
    await box.fill('nonsense');
    await box.press('Enter');
    assert.match((await page.getByRole('alert').textContent()) ?? '', /only 0–9 and a–f/);
    await box.fill('f'.repeat(32));
    await box.press('Enter');
    await page.getByRole('heading', { name: 'No such trace' }).waitFor();
    await page.goto(`${collector.url}/trace/xyz`);
    await page.getByRole('heading', { name: 'This is not a trace ID' }).waitFor();
    await page.close();
  });

  for (const [name, size] of [
    ['on a screen', { width: 1440, height: 900 }],
    ['on a phone', phone],
  ] as const) {
    test(`map, traces, trace and status break no rule of axe-core ${name}`, async () => {
      const page = await browser.page(size);
      await page.goto(`${collector.url}/?window=15m`);
      await page.locator('a[data-node]').first().waitFor();
      assert.deepEqual(await brokenRules(page), []);
      await edgeOf(page, 'frontend', 'payment').press('Enter');
      await page.getByRole('table', { name: 'Errors' }).waitFor();
      assert.deepEqual(await brokenRules(page), []);
      await page.goto(`${collector.url}/search?window=15m`);
      const list = page.getByRole('table', { name: 'Traces' });
      await list.waitFor();
      assert.deepEqual(await brokenRules(page), []);
      await list.locator('tbody').getByRole('link').first().click();
      await page.getByRole('treegrid').waitFor();
      assert.deepEqual(await brokenRules(page), []);
      await page.goto(`${collector.url}/status`);
      await page.getByRole('heading', { name: 'Ingest' }).waitFor();
      assert.deepEqual(await brokenRules(page), []);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(width <= size.width, `${width} px wide`);
      await page.close();
    });
  }

  test('no page threw, was stopped by its policy, or asked another host', () => {
    assert.deepEqual(browser.complaints, []);
  });
});

describe('before the first span', { timeout: 120_000 }, () => {
  let collector: RunningCollector;
  let browser: OpenBrowser;

  before(async () => {
    collector = await startCollector(['--settle-after', '2s']);
    browser = await openBrowser(collector.url);
  });
  after(async () => {
    await browser?.close();
    await collector?.stop();
  });

  test('the map says how to send one, with the address filled in, and draws itself when it comes', async () => {
    const page = await browser.page();
    await page.goto(collector.url);
    await page.getByRole('heading', { name: 'Waiting for the first span' }).waitFor();
    assert.deepEqual(await brokenRules(page), []);
    await page.getByRole('tab', { name: 'Envoy' }).click();
    const port = collector.otlpGrpc.split(':').at(-1) ?? '';
    await page.getByText(`port_value: ${port}`).waitFor();
    await page.getByRole('button', { name: 'Copy Envoy settings' }).click();
    await page.getByText('copied').waitFor();
    assert.match(await page.evaluate(() => navigator.clipboard.readText()), /envoy\.tracers\.opentelemetry/);
    const to = `http://${collector.otlpHttp}`;
    await replay({ dir: join(recordings, 'mtls'), to, now: true, speed: 0, log: () => undefined });
    await edgeOf(page, 'frontend', 'auth').waitFor();
    assert.equal(await page.getByRole('heading', { name: 'Waiting for the first span' }).count(), 0);
    assert.deepEqual(browser.complaints, []);
    await page.close();
  });

  test('a map whose collector has gone keeps its last picture and says how old it is', async () => {
    const page = await browser.page();
    await page.goto(`${collector.url}/?window=1h`);
    await edgeOf(page, 'frontend', 'auth').waitFor();
    await page.getByRole('status').filter({ hasText: 'live' }).waitFor();
    await collector.kill();
    await page
      .getByRole('status')
      .filter({ hasText: /^stale, \d+ s old$/ })
      .waitFor();
    assert.equal(await edgeOf(page, 'frontend', 'auth').count(), 1);
    await page.close();
  });
});
