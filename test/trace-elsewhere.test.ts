/**
 * Traces that come to the page otherwise, and leave it: deep links, downloads, files that are opened without being stored, a
 * trace of thousands of spans, the embed, a recorded failure. In a real browser against the real product.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { brokenRules } from './axe.ts';
import { handMade, handMadeId } from './trace-hand-made.ts';
import {
  bigTraceId,
  bigTraceSpans,
  countOf,
  gridOf,
  openTracePages,
  rowOf,
  sendBig,
  sendRecorded,
  type TracePages,
} from './trace-pages.ts';

describe('traces from elsewhere', { timeout: 300_000 }, () => {
  let pages: TracePages;
  let folder: string;
  let recorded = '';

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'throughline-trace-page-'));
    pages = await openTracePages();
    await sendBig(pages);
    recorded = await sendRecorded(pages);
  });
  after(async () => {
    await pages?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test('a deep link opens the span, the download menu has three formats, comparing starts from here', async () => {
    const page = await pages.openHandMade();
    await rowOf(page, /pricing GET \/price/)
      .first()
      .click();
    await page.reload();
    await page.getByRole('complementary', { name: 'Span' }).getByRole('heading', { name: 'pricing' }).waitFor();
    assert.equal(
      await page.getByRole('link', { name: 'Compare with…' }).getAttribute('href'),
      `/compare?a=${handMadeId}&b=`,
    );
    await page.getByRole('button', { name: 'Download' }).click();
    for (const format of ['otlp', 'jaeger', 'zipkin']) {
      const item = page.getByRole('menuitem', { name: new RegExp(`^${format} JSON`, 'i') });
      const href = (await item.getAttribute('href')) ?? '';
      assert.equal(href, `/api/traces/${handMadeId}?format=${format}`);
      const answer = await fetch(`${pages.collector.url}${href}`);
      assert.equal(answer.status, 200, format);
      await writeFile(join(folder, `${format}.json`), Buffer.from(await answer.arrayBuffer()));
    }
    await page.close();
  });

  test('a file of each format is shown as a stored trace is, and not stored', async () => {
    for (const format of ['otlp', 'jaeger', 'zipkin']) {
      const answer = await fetch(`${pages.collector.url}/api/traces/${handMadeId}?format=${format}`);
      const other = (await answer.text()).replaceAll(handMadeId, 'e'.repeat(32));
      const file = join(folder, `${format}-other.json`);
      await writeFile(file, other);
      const page = await pages.open('/trace/file');
      await page.getByRole('heading', { name: 'Drop a file of traces here' }).waitFor();
      await page.getByLabel('File with traces').setInputFiles(file);
      await gridOf(page).waitFor();
      await page.getByText(/is shown, not stored/).waitFor();
      await rowOf(page, /pricing/)
        .first()
        .waitFor();
      assert.equal(await page.getByRole('button', { name: 'Download' }).count(), 0);
      await page.close();
    }
    assert.equal((await fetch(`${pages.collector.url}/api/traces/${'e'.repeat(32)}`)).status, 404);
  });

  test('a file of several traces is a list; one that is none says why', async () => {
    const one = JSON.stringify(handMade()).replaceAll(handMadeId, 'd'.repeat(32));
    const two = {
      resourceSpans: [...handMade().resourceSpans, ...(JSON.parse(one) as ReturnType<typeof handMade>).resourceSpans],
    };
    await writeFile(join(folder, 'two.json'), JSON.stringify(two));
    await writeFile(join(folder, 'none.json'), '{"hello": "world"}');
    const page = await pages.open('/trace/file');
    await page.getByLabel('File with traces').setInputFiles(join(folder, 'none.json'));
    await page.getByRole('alert').waitFor();
    await page.getByLabel('File with traces').setInputFiles(join(folder, 'two.json'));
    const list = page.getByRole('table', { name: 'Traces of the file' });
    await list.getByRole('link').first().click();
    await gridOf(page).waitFor();
    await page.getByRole('link', { name: /^All 2 traces/ }).click();
    await list.waitFor();
    await page.close();
  });

  test('a trace of thousands of spans draws the rows in view only, and reads what a span says when it is selected', async () => {
    const page = await pages.open(`/trace/${bigTraceId}`);
    const grid = gridOf(page);
    await grid.waitFor();
    assert.equal(await countOf(page), bigTraceSpans);
    assert.ok((await grid.getByRole('row').count()) < 80);
    await grid.focus();
    await grid.press('End');
    await grid.locator(`[aria-rowindex="${bigTraceSpans + 1}"]`).waitFor();
    await grid.press('Enter');
    const panel = page.getByRole('complementary', { name: 'Span' });
    assert.match(await panel.getByRole('table', { name: 'Attributes', exact: true }).innerText(), /db\.query\.text/);
    await page.close();
  });

  test('an embed has the trace without the product round it, in the theme and view asked for', async () => {
    const page = await pages.open(`/embed/trace/${handMadeId}?theme=dark&view=flame`, { width: 800, height: 500 });
    await page.getByRole('tree', { name: 'Flame' }).waitFor();
    assert.equal(await page.getByRole('banner').count(), 0);
    assert.equal(await page.getByRole('button', { name: 'Download' }).count(), 0);
    assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark');
    const out = page.getByRole('link', { name: 'Open in Throughline' });
    assert.equal(await out.getAttribute('href'), `/trace/${handMadeId}?view=flame`);
    assert.equal(await out.getAttribute('target'), '_blank');
    assert.deepEqual(await brokenRules(page), []);
    await page.close();
  });

  test('a recorded failure opens with what is wrong, and its sentence leads to the span', async () => {
    const page = await pages.open(`/trace/${recorded}`);
    const lead = page.locator('header .about a').first();
    await lead.waitFor();
    await lead.click();
    await page.getByRole('complementary', { name: 'Span' }).waitFor();
    assert.match(page.url(), /span=/);
    assert.deepEqual(pages.browser.complaints, []);
    await page.close();
  });
});
