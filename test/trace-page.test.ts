/**
 * The trace page in a real browser against the real product: views, folds, keys, the shown time, the panel of a span. The
 * trace is made by hand (trace-hand-made.ts) and comes through the OTLP door.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { brokenRules } from './axe.ts';
import { handMadeId } from './trace-hand-made.ts';
import { countOf, gridOf, openTracePages, rowOf, type TracePages } from './trace-pages.ts';

const phone = { width: 390, height: 844 };
const rangeOf = (page: Page): string | null => new URL(page.url()).searchParams.get('range');

describe('the trace page', { timeout: 300_000 }, () => {
  let pages: TracePages;

  before(async () => {
    pages = await openTracePages();
  });
  after(() => pages?.close());

  test('the four views are tabs, stand in the address, and come back with it', async () => {
    const page = await pages.openHandMade();
    await gridOf(page).waitFor();
    for (const [tab, view, role, name] of [
      ['Flame', 'flame', 'tree', 'Flame'],
      ['Table', 'table', 'table', 'Operations of the trace'],
    ] as const) {
      await page.getByRole('tab', { name: tab }).click();
      await page.getByRole(role, { name }).waitFor();
      assert.equal(new URL(page.url()).searchParams.get('view'), view);
    }
    await page.getByRole('tab', { name: 'Map' }).click();
    await page.getByRole('link', { name: /^shop to stock: / }).waitFor();
    await page.reload();
    await page.getByRole('link', { name: /^shop to stock: / }).waitFor();
    await page.getByRole('tab', { name: 'Map' }).press('ArrowRight');
    await gridOf(page).waitFor();
    await page.close();
  });

  test('levels fold and open by key, all of them too', async () => {
    const page = await pages.openHandMade();
    await gridOf(page).waitFor();
    const all = await countOf(page);
    await page.keyboard.press('p');
    const one = await countOf(page);
    assert.ok(one < all, `${one} of ${all}`);
    await page.keyboard.press('p');
    assert.ok((await countOf(page)) < one);
    await page.keyboard.press('o');
    assert.equal(await countOf(page), one);
    await page.keyboard.press('[');
    assert.equal(await countOf(page), all);
    await page.keyboard.press(']');
    assert.ok((await countOf(page)) < one);
    await page.getByRole('button', { name: 'Open all' }).click();
    assert.equal(await countOf(page), all);
    await page.close();
  });

  test('a folded row takes over the critical path of what it hides', async () => {
    const page = await pages.openHandMade();
    const row = rowOf(page, /shop GET \/stock/).first();
    await row.waitFor();
    const own = await row.getByRole('gridcell').last().textContent();
    await row.getByRole('button', { name: /^Fold/ }).click();
    await row.getByRole('button', { name: /^Open/ }).waitFor();
    assert.notEqual(await row.getByRole('gridcell').last().textContent(), own);
    await page.close();
  });

  test('only the critical path is left when that is asked for', async () => {
    const page = await pages.openHandMade();
    await gridOf(page).waitFor();
    const all = await countOf(page);
    await page.getByRole('checkbox', { name: 'critical path only' }).check();
    await page.waitForURL(/only=path/);
    assert.ok((await countOf(page)) < all);
    assert.equal(await rowOf(page, /audit/).count(), 0);
    await page.close();
  });

  test('retries, work nobody waits for and clocks that are off are said in words', async () => {
    const page = await pages.openHandMade();
    await rowOf(page, /stock GET \/stock.*retry 1/)
      .first()
      .waitFor();
    await rowOf(page, /mailer.*async/)
      .first()
      .waitFor();
    await page.getByText(/^Clocks differ: pricing/).waitFor();
    const starts = () =>
      rowOf(page, /pricing GET \/price/)
        .first()
        .getByRole('gridcell')
        .nth(1)
        .getAttribute('aria-label');
    const sent = await starts();
    await page.getByRole('checkbox', { name: 'correct clocks' }).check();
    await page.waitForURL(/clocks=corrected/);
    assert.notEqual(await starts(), sent);
    await page.close();
  });

  test('W and S zoom, A and D pan, f fits the selected span, and the shown time stands in the address', async () => {
    const page = await pages.openHandMade();
    await gridOf(page).waitFor();
    await page.keyboard.press('w');
    await page.waitForURL(/range=/);
    const zoomed = rangeOf(page);
    await page.keyboard.press('d');
    await page.waitForURL((url) => url.searchParams.get('range') !== zoomed);
    await rowOf(page, /stock GET \/stock/)
      .first()
      .click();
    await page.keyboard.press('f');
    await page.waitForURL((url) => Number(url.searchParams.get('range')?.split('-')[1]) < 80e6);
    await page.getByRole('button', { name: 'Whole trace' }).click();
    await page.waitForURL((url) => !url.searchParams.has('range'));
    await page.close();
  });

  test('the minimap narrows by drag, by its handles and by keys, and is reset', async () => {
    const page = await pages.openHandMade();
    const map = page.getByRole('group', { name: 'Shown part of the trace' });
    await map.waitFor();
    const box = await map.boundingBox();
    assert.ok(box);
    const drag = async (from: number, to: number): Promise<void> => {
      await page.mouse.move(box.x + from * box.width, box.y + 30);
      await page.mouse.down();
      await page.mouse.move(box.x + to * box.width, box.y + 30, { steps: 4 });
      await page.mouse.up();
    };
    await drag(0.25, 0.75);
    await page.waitForURL(/range=/);
    const end = map.getByRole('slider', { name: 'End' });
    assert.equal(await end.getAttribute('aria-valuenow'), '75');
    await drag(0.75, 0.5);
    assert.equal(await end.getAttribute('aria-valuenow'), '50');
    assert.equal(await map.getByRole('slider', { name: 'Start' }).getAttribute('aria-valuenow'), '25');
    await end.press('ArrowRight');
    assert.equal(await end.getAttribute('aria-valuenow'), '51');
    await page.getByRole('button', { name: 'Whole trace' }).click();
    assert.equal(await end.getAttribute('aria-valuenow'), '100');
    await page.close();
  });

  test('find marks what matches and goes from one to the next, also into what is folded', async () => {
    const page = await pages.openHandMade();
    await gridOf(page).waitFor();
    await page.keyboard.press(']');
    const folded = await countOf(page);
    await page.keyboard.press('/');
    const box = page.getByLabel('Find in trace');
    assert.equal(await box.evaluate((element) => element === document.activeElement), true);
    await page.keyboard.type('db.query.text=SELECT');
    await page
      .getByRole('status')
      .filter({ hasText: /^1 of \d/ })
      .waitFor();
    assert.ok((await countOf(page)) > folded);
    await page.keyboard.press('Enter');
    await page
      .getByRole('status')
      .filter({ hasText: /^2 of \d/ })
      .waitFor();
    await page.keyboard.press('Escape');
    assert.equal(await box.inputValue(), '');
    await page.close();
  });

  test('point and comma walk the critical path; arrows move between rows from anywhere', async () => {
    const page = await pages.openHandMade();
    await gridOf(page).waitFor();
    const span = () => new URL(page.url()).searchParams.get('span');
    await page.keyboard.press('.');
    await page.waitForURL(/span=/);
    const first = span();
    await page.keyboard.press('.');
    await page.waitForURL((url) => url.searchParams.get('span') !== first);
    await page.keyboard.press(',');
    await page.waitForURL((url) => url.searchParams.get('span') === first);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.waitForURL((url) => url.searchParams.get('span') !== first);
    await page.close();
  });

  test('the panel of a span has its call, attributes, events, links, resource and JSON', async () => {
    const page = await pages.openHandMade();
    await rowOf(page, /shop GET \/stock/)
      .first()
      .click();
    const panel = page.getByRole('complementary', { name: 'Span' });
    await panel.getByText('of the total').waitFor();
    const call = panel.getByRole('table', { name: 'Call' });
    assert.match(await call.innerText(), /client[\s\S]*server[\s\S]*network and proxies/);
    const attributes = panel.getByRole('table', { name: 'Attributes', exact: true });
    assert.match(await attributes.innerText(), /"size": "large"/, 'nested values stand on lines of their own');
    await panel.getByLabel('Filter attributes').fill('request.method');
    assert.equal(await attributes.getByRole('row').count(), 1);
    await panel.getByText('cache miss').waitFor();
    const link = panel.getByRole('link', { name: 'f'.repeat(32) });
    assert.match((await link.getAttribute('href')) ?? '', /^\/trace\/f{32}\?span=/);
    await panel.getByLabel('Filter attributes').fill('');
    assert.match(await panel.getByRole('table', { name: 'Resource' }).innerText(), /service\.name/);
    await panel.getByText('JSON', { exact: true }).click();
    const json = JSON.parse((await panel.getByRole('region', { name: 'JSON of the span' }).textContent()) ?? '') as {
      name: string;
    };
    assert.equal(json.name, 'GET /stock');
    await page.close();
  });

  test('the table is sorted by its heads and leads to the longest span', async () => {
    const page = await pages.openHandMade('?view=table');
    const table = page.getByRole('table', { name: 'Operations of the trace' });
    await table.waitFor();
    assert.equal(
      await table.getByRole('columnheader', { name: 'on the path' }).getAttribute('aria-sort'),
      'descending',
    );
    await table.getByRole('button', { name: 'total' }).click();
    await page.waitForURL(/order=totalNs/);
    assert.match((await table.locator('tbody tr').first().textContent()) ?? '', /POST \/order/);
    await page.getByLabel('Filter operations').fill('pricing');
    assert.equal(await table.locator('tbody tr').count(), 1);
    await table.getByRole('link', { name: 'GET /price' }).click();
    await page.getByRole('complementary', { name: 'Span' }).getByRole('heading', { name: 'pricing' }).waitFor();
    await page.close();
  });

  test('the flame is walked by keyboard and selects', async () => {
    const page = await pages.openHandMade('?view=flame');
    const flame = page.getByRole('tree', { name: 'Flame' });
    await flame.focus();
    const item = flame.getByRole('treeitem');
    assert.match((await item.textContent()) ?? '', /^shop POST \/order/);
    await flame.press('ArrowDown');
    await flame.press('ArrowRight');
    await flame.press('Enter');
    await page.getByRole('complementary', { name: 'Span' }).waitFor();
    assert.notEqual(new URL(page.url()).searchParams.get('span'), null);
    await page.close();
  });

  test('every view is accessible, in light and dark and on a phone', async () => {
    const span = await (await fetch(`${pages.collector.url}/api/traces/${handMadeId}`)).json();
    const { spanId } = (span as { spans: { spanId: string; name: string }[] }).spans.find(
      ({ name }) => name === 'GET /stock',
    ) ?? { spanId: '' };
    for (const [query, size] of [
      ['', undefined],
      [`?span=${spanId}&theme=dark`, undefined],
      ['?view=flame', undefined],
      ['?view=table&theme=dark', undefined],
      ['?view=map', undefined],
      ['?theme=dark', phone],
      [`?view=table&span=${spanId}`, phone],
    ] as const) {
      const page = await pages.openHandMade(query, size);
      await page.getByRole('tabpanel').waitFor();
      await page.waitForTimeout(400);
      assert.deepEqual(await brokenRules(page), [], `${query} ${size ? 'phone' : ''}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${query} runs ${wide} px out of the page`);
      await page.close();
    }
    const page = await pages.open('/trace/file');
    await page.getByRole('heading', { name: 'Drop a file of traces here' }).waitFor();
    assert.deepEqual(await brokenRules(page), []);
    await page.close();
  });
});
