/**
 * The search page in a real browser against the real product: spans sent through the OTLP door, the question as a line and
 * as a form, the picture, the list, the live tail, the embed.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { brokenRules } from './axe.ts';
import { openBrowser, type OpenBrowser } from './open-browser.ts';
import { startCollector, type RunningCollector } from './run-collector.ts';

interface Sent {
  readonly service: string;
  readonly operation: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly code: number;
}

/** Traces of one span each, 500 a request. */
async function send(door: string, traces: readonly Sent[]): Promise<void> {
  for (let at = 0; at < traces.length; at += 500) {
    const resourceSpans = traces.slice(at, at + 500).map(({ service, operation, startMs, durationMs, code }) => ({
      resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
      scopeSpans: [
        {
          spans: [
            {
              traceId: randomBytes(16).toString('hex'),
              spanId: randomBytes(8).toString('hex'),
              name: operation,
              kind: 2,
              startTimeUnixNano: String(BigInt(Math.round(startMs * 1e6))),
              endTimeUnixNano: String(BigInt(Math.round((startMs + durationMs) * 1e6))),
              attributes: [{ key: 'http.response.status_code', value: { intValue: String(code) } }],
              status: code >= 500 ? { code: 2 } : {},
            },
          ],
        },
      ],
    }));
    const response = await fetch(`http://${door}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ resourceSpans }),
    });
    assert.equal(response.status, 200);
  }
}

describe('the search page', { timeout: 300_000 }, () => {
  let collector: RunningCollector;
  let browser: OpenBrowser;
  const crowd = 2_200;

  before(async () => {
    collector = await startCollector(['--settle-after', '1s']);
    browser = await openBrowser(collector.url);
    const now = Date.now();
    // a few of shop, one in four failed and slow; a crowd of depot
    const shop = Array.from({ length: 40 }, (_, i) => ({
      service: 'shop',
      operation: i % 2 === 0 ? 'GET /cart' : 'POST /order',
      startMs: now - 200_000 + i * 4_000,
      durationMs: i % 4 === 3 ? 900 + i : 20 + i,
      code: i % 4 === 3 ? 503 : 200,
    }));
    const depot = Array.from({ length: crowd }, (_, i) => ({
      service: 'depot',
      operation: 'GET /stock',
      startMs: now - 220_000 + (i * 200_000) / crowd,
      durationMs: 5 * 1.6 ** (i % 13),
      code: i % 50 === 0 ? 500 : 200,
    }));
    await send(collector.otlpHttp, [...shop, ...depot]);
    for (let tries = 0; tries < 60; tries++) {
      const response = await fetch(`${collector.url}/api/traces/points?window=15m`);
      if (((await response.json()) as { total: number }).total === crowd + 40) return;
      await new Promise((done) => setTimeout(done, 500));
    }
    assert.fail('the traces have not settled');
  });
  after(async () => {
    await browser?.close();
    await collector?.stop();
  });

  const open = async (query: string, size?: { width: number; height: number }): Promise<Page> => {
    const page = await browser.page(size);
    await page.goto(`${collector.url}/search?window=15m${query === '' ? '' : `&${query}`}`);
    return page;
  };
  const line = (page: Page) => page.getByRole('combobox', { name: 'Query line' });
  const table = (page: Page) => page.getByRole('table', { name: 'Traces' });
  const rows = (page: Page) => table(page).locator('tbody tr');
  const said = (page: Page, text: string | RegExp) => page.getByRole('status').filter({ hasText: text }).waitFor();
  const q = (page: Page): string | null => new URL(page.url()).searchParams.get('q');
  const asks = (page: Page, wanted: string) =>
    page.waitForURL((url) => (url.searchParams.get('q') ?? '') === wanted, { timeout: 15_000 });

  test('the line and the form are the same question', async () => {
    const page = await open('');
    await table(page).waitFor();
    await line(page).fill('service = shop duration >= 70ms http.response.status_code >= 500');
    assert.equal(await page.getByRole('combobox', { name: 'workload' }).inputValue(), 'shop', 'while it is typed');
    assert.equal(q(page), null);
    await line(page).press('Enter');
    await asks(page, 'service = shop duration >= 70ms http.response.status_code >= 500');
    await said(page, /^10 traces match\s.*all failed/s);
    assert.equal(await page.getByRole('textbox', { name: 'at least' }).inputValue(), '70 ms');
    const term = page.getByRole('group', { name: 'Attribute 1' });
    assert.equal(await term.getByRole('combobox', { name: 'attribute' }).inputValue(), 'http.response.status_code');
    assert.equal(await term.getByRole('combobox', { name: 'operator' }).inputValue(), '>=');

    await term.getByRole('button', { name: /^Remove attribute/ }).click();
    await page.getByRole('combobox', { name: 'status' }).selectOption('failed');
    await asks(page, 'service = shop duration >= 70ms status = failed');
    await page.getByRole('textbox', { name: 'at least' }).fill('');
    await page.getByRole('textbox', { name: 'at least' }).press('Enter');
    await asks(page, 'service = shop status = failed');
    assert.equal(await line(page).inputValue(), 'service = shop status = failed');
    await page.goBack();
    await asks(page, 'service = shop duration >= 70ms status = failed');
    assert.equal(await line(page).inputValue(), 'service = shop duration >= 70ms status = failed');
    await page.close();
  });

  test('parameters of older links and of the map say the same', async () => {
    const page = await open('service=shop&operation=GET%20/cart&order=slowest');
    await said(page, /^20 traces match/);
    assert.equal(await line(page).inputValue(), 'service = shop operation = "GET /cart"');
    assert.equal(
      await table(page)
        .getByRole('columnheader', { name: /slowest first/ })
        .getAttribute('aria-sort'),
      'descending',
    );
    await page.getByRole('combobox', { name: 'status' }).selectOption('ok');
    await asks(page, 'service = shop operation = "GET /cart" status = ok');
    assert.equal(new URL(page.url()).searchParams.get('service'), null);
    await page.close();
  });

  test('names, operators and values are completed from what the time holds', async () => {
    const page = await open('');
    await table(page).waitFor();
    await line(page).click();
    await line(page).pressSequentially('resp');
    const list = page.getByRole('listbox', { name: 'Query line: suggestions' });
    await list.getByRole('option', { name: /http\.response\.status_code/ }).waitFor();
    await line(page).press('ArrowDown');
    await line(page).press('Enter');
    await list.getByRole('option', { name: /^>=/ }).click();
    await list.getByRole('option', { name: /^503/ }).click();
    await line(page).press('Enter');
    await asks(page, 'http.response.status_code >= 503');
    await said(page, /^10 traces match/);

    await line(page).fill('');
    await line(page).press('Enter');
    await asks(page, '');
    await page.getByRole('combobox', { name: 'workload' }).click();
    await page.getByRole('combobox', { name: 'workload' }).pressSequentially('sh');
    await page.getByRole('listbox', { name: 'workload: suggestions' }).getByRole('option', { name: 'shop' }).click();
    await asks(page, 'service = shop');
    await page.getByRole('combobox', { name: 'operation' }).click();
    const operations = page.getByRole('listbox', { name: 'operation: suggestions' });
    await operations.getByRole('option', { name: 'POST /order' }).click();
    await asks(page, 'service = shop operation = "POST /order"');
    await page.close();
  });

  test('a mistake is told at its place, and what was asked before stays', async () => {
    const page = await open('q=service%20%3D%20shop');
    await said(page, /^40 traces match/);
    await line(page).fill('service = shop durtion 5');
    await line(page).press('Enter');
    const alert = page.getByRole('alert');
    await alert.waitFor();
    assert.equal(await alert.locator('u').textContent(), 'durtion');
    assert.match((await alert.textContent()) ?? '', /did you mean duration/);
    assert.equal(await line(page).getAttribute('aria-invalid'), 'true');
    assert.equal(q(page), 'service = shop');
    await page.goto(`${collector.url}/search?q=status%20%3D%20odd`);
    await page.getByRole('alert').filter({ hasText: 'no status' }).waitFor();
    await page.getByRole('textbox', { name: 'at least' }).fill('soon');
    await page.getByRole('textbox', { name: 'at least' }).press('Enter');
    await page.getByRole('alert').filter({ hasText: 'write 100ms' }).waitFor();
    await page.close();
  });

  test('a drag over the picture narrows time and duration, and can be taken back', async () => {
    const page = await open('q=service%20%3D%20shop');
    await said(page, /^40 traces match/);
    const picture = page.getByRole('group', { name: 'Start and duration' });
    const box = await picture.boundingBox();
    assert.ok(box);
    await page.mouse.move(box.x + 100, box.y + 12);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2, box.y + 40, { steps: 4 });
    await page.mouse.move(box.x + box.width - 12, box.y + 70, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL((url) => url.searchParams.has('from'));
    assert.match(q(page) ?? '', /^service = shop duration >= \S+ duration <= \S+$/);
    await said(page, /^10 traces match\s.*all failed/s);
    assert.ok((await page.getByRole('textbox', { name: 'at least' }).inputValue()) !== '');
    const rest = page.getByRole('link', { name: 'Compare with the rest' });
    const href = new URL((await rest.getAttribute('href')) ?? '', collector.url);
    assert.equal(href.searchParams.get('a'), q(page));
    assert.equal(href.searchParams.get('b'), '');
    assert.ok(href.searchParams.has('from') && href.searchParams.has('to'));
    await page.getByRole('button', { name: 'Reset time and duration' }).click();
    await asks(page, 'service = shop');
    assert.equal(new URL(page.url()).searchParams.get('from'), null);
    await said(page, /^40 traces match/);
    await page.close();
  });

  test('the points are walked by keyboard, and Enter opens the trace', async () => {
    const page = await open('q=service%20%3D%20shop');
    const here = page.getByRole('group', { name: 'Start and duration' }).getByRole('link');
    await here.waitFor();
    await here.focus();
    const newest = await here.getAttribute('aria-label');
    assert.match(newest ?? '', /^shop POST \/order, 939 ms, .*, failed$/);
    await here.press('ArrowLeft');
    assert.match((await here.getAttribute('aria-label')) ?? '', /^shop GET \/cart, 58 ms/);
    await here.press('PageDown');
    await here.press('ArrowUp');
    assert.match((await here.getAttribute('aria-label')) ?? '', /93\d ms.*failed$/);
    assert.equal(await page.evaluate(() => document.activeElement?.closest('[role=group]') !== null), true);
    await here.press('Enter');
    await page.waitForURL(/\/trace\/[0-9a-f]{32}/);
    await page.close();
  });

  test('many are a heatmap whose cells narrow, with the share that failed', async () => {
    const page = await open('q=service%20%3D%20depot');
    await said(page, /^2.200 traces match\s.*44 failed, 2 %/s);
    const here = page.getByRole('group', { name: 'Start and duration' }).getByRole('link');
    await here.focus();
    const count = async () => Number(/^(\d+) trace/.exec((await here.getAttribute('aria-label')) ?? '')?.[1]);
    await here.press('PageDown');
    assert.match((await here.getAttribute('aria-label')) ?? '', /[1-9]\d* failed, /);
    const wanted = await count();
    await here.press('Enter');
    await page.waitForURL((url) => url.searchParams.has('from'));
    await said(page, new RegExp(`^${wanted} traces? match`));
    assert.match(q(page) ?? '', /^service = depot duration >= /);
    await page.close();
  });

  test('the list says what was found, sorts, and brings more', async () => {
    const page = await open('');
    await said(page, /^2.240 traces\s+in the last 15 min,\s+54 failed, 2\.4 %/);
    await rows(page).nth(49).waitFor();
    assert.equal(await rows(page).count(), 50);
    await page.getByRole('button', { name: 'Load more' }).click();
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 100);
    await page.getByRole('link', { name: /slowest first/ }).click();
    await page.waitForURL(/order=slowest/);
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 50);
    const first = rows(page).first();
    assert.match((await first.textContent()) ?? '', /1\.41 s/);
    assert.match((await first.textContent()) ?? '', /100 %\s*depot\s*GET \/stock/);
    await page.close();
  });

  test('two traces are chosen and compared; a third takes the place of the second', async () => {
    const page = await open('q=service%20%3D%20shop%20status%20%3D%20failed');
    await said(page, /^10 traces match/);
    const box = (place: number) => table(page).getByRole('checkbox').nth(place);
    const id = async (place: number) =>
      ((await rows(page).nth(place).getByRole('link').getAttribute('href')) ?? '').split('/').at(-1);
    await box(0).check();
    const chosen = page.getByRole('region', { name: 'Chosen traces' });
    await chosen.getByText('choose one more').waitFor();
    await box(1).check();
    await box(2).check();
    assert.equal(await box(1).isChecked(), false);
    const href = await chosen.getByRole('link', { name: 'Compare' }).getAttribute('href');
    assert.equal(href, `/compare?a=${await id(0)}&b=${await id(2)}`);
    await chosen.getByRole('button', { name: 'Clear' }).click();
    await chosen.waitFor({ state: 'detached' });
    await page.close();
  });

  test('there is a profile of traces that all begin alike, and none of others', async () => {
    const page = await open('q=root%20%3D%20%22shop%7CGET%20%2Fcart%22');
    await said(page, /^20 traces match/);
    const profile = page.getByRole('link', { name: 'Profile of these' });
    const href = new URL((await profile.getAttribute('href')) ?? '', collector.url);
    assert.equal(href.pathname, '/profile');
    assert.equal(href.searchParams.get('entry'), 'shop|GET /cart');
    await line(page).fill('service = shop');
    await line(page).press('Enter');
    await said(page, /^40 traces match/);
    assert.equal(await profile.count(), 0);
    await page.close();
  });

  test('when nothing matches the page says which part keeps them out', async () => {
    const page = await open('q=service%20%3D%20shop%20duration%20%3E%3D%2030s%20status%20%3D%20failed');
    await page.getByRole('heading', { name: 'No trace matches' }).waitFor();
    await page.getByText(/Only\s+at least 30 s\s+keeps all of them out/).waitFor();
    await page.getByRole('link', { name: /^without “at least 30 s”\s*10 traces$/ }).click();
    await asks(page, 'service = shop status = failed');
    await said(page, /^10 traces match/);
    await page.close();
  });

  test('the live tail puts new traces on top, and holds them while the list is looked at', async () => {
    const page = await open('q=service%20%3D%20tail');
    await page.getByRole('heading', { name: 'No trace matches' }).waitFor();
    const one = (durationMs: number): Sent => ({
      service: 'tail',
      operation: 'GET /now',
      startMs: Date.now() - durationMs,
      durationMs,
      code: 200,
    });
    await page.getByRole('switch', { name: 'Live tail' }).click();
    await page.waitForURL(/tail=on/);
    await said(page, 'following');
    await send(collector.otlpHttp, [one(11)]);
    await rows(page).filter({ hasText: '11 ms' }).waitFor();
    await rows(page).first().hover();
    await send(collector.otlpHttp, [one(12), one(13)]);
    const held = page.getByRole('button', { name: '2 new traces wait: show' });
    await held.waitFor();
    assert.equal(await rows(page).count(), 1);
    await held.click();
    await rows(page).filter({ hasText: '13 ms' }).waitFor();
    assert.equal(await rows(page).count(), 3);
    await page.getByRole('switch', { name: 'Live tail' }).click();
    await page.waitForURL((url) => !url.searchParams.has('tail'));
    await page.close();
  });

  test('a trace ID in the line opens the trace, a file has its own way', async () => {
    const page = await open('q=service%20%3D%20shop');
    const href = await rows(page).first().getByRole('link').getAttribute('href');
    assert.equal(await page.getByRole('link', { name: 'Open a file' }).getAttribute('href'), '/trace/file');
    await line(page).fill(href?.split('/').at(-1) ?? '');
    await line(page).press('Enter');
    await page.waitForURL(`${collector.url}${href}`);
    await page.close();
  });

  for (const [name, size] of [
    ['on a screen', { width: 1440, height: 900 }],
    ['on a phone', { width: 390, height: 844 }],
  ] as const) {
    test(`search and its embed break no rule of axe-core ${name}`, async () => {
      const page = await open('q=service%20%3D%20shop%20http.response.status_code%20exists', size);
      await table(page).waitFor();
      if (size.width < 700) await page.getByRole('button', { name: /^Filters/ }).click();
      assert.deepEqual(await brokenRules(page), []);
      await page.getByRole('combobox', { name: 'workload' }).click();
      await page.getByRole('option', { name: 'shop' }).waitFor();
      await table(page).getByRole('checkbox').first().check();
      assert.deepEqual(await brokenRules(page), []);
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= size.width);
      await page.goto(`${collector.url}/search?window=15m`);
      await table(page).waitFor();
      assert.deepEqual(await brokenRules(page), []);
      await page.getByRole('button', { name: 'How to write a query' }).click();
      await page.getByRole('dialog').waitFor();
      assert.deepEqual(await brokenRules(page), []);
      await page.goto(`${collector.url}/embed/traces?window=15m&theme=dark&refresh=off&q=service%20%3D%20shop`);
      await table(page).waitFor();
      assert.deepEqual(await brokenRules(page), []);
      await page.close();
    });
  }

  test('the embed shows picture and list of its query alone, and leads to the page', async () => {
    const page = await browser.page({ width: 720, height: 480 });
    await page.goto(
      `${collector.url}/embed/traces?window=15m&refresh=1s&q=service%20%3D%20shop%20status%20%3D%20failed`,
    );
    await page.getByText(/^10 traces/).waitFor();
    // the list is a question of its own
    await rows(page).nth(9).waitFor();
    assert.equal(await rows(page).count(), 10);
    assert.equal(await page.getByRole('checkbox').count(), 0);
    assert.equal(await page.getByRole('navigation').count(), 0);
    const link = page.getByRole('link', { name: 'Open in Throughline' });
    assert.equal(await link.getAttribute('href'), '/search?window=15m&q=service+%3D+shop+status+%3D+failed');
    assert.equal(await rows(page).first().getByRole('link').getAttribute('target'), '_blank');
    await page.goto(`${collector.url}/embed/traces?q=status%20%3D%20odd`);
    await page.getByRole('alert').filter({ hasText: 'no status' }).waitFor();
    await page.close();
  });

  test('no page threw, was stopped by its policy, or asked another host', () => {
    assert.deepEqual(browser.complaints, []);
  });
});
