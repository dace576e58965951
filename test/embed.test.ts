/**
 * The map outside its page, in a real browser against the real product: framed by another site, taken away as a file,
 * shared by link.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import type { Graph } from '#shared/api.ts';
import { replay } from '../fixtures/replay.ts';
import { openBrowser, type OpenBrowser } from './open-browser.ts';
import { startCollector, type RunningCollector } from './run-collector.ts';

const recordings = join(import.meta.dirname, '..', 'fixtures', 'recordings');

/** A site of its own (another port is another origin) that frames what its query says. */
async function openSite(): Promise<{ origin: string; server: Server }> {
  const server = createServer((request, response) => {
    const src = new URL(request.url ?? '/', 'http://site').searchParams.get('src') ?? '';
    response.setHeader('content-type', 'text/html');
    response.end(
      `<!doctype html><title>site</title><iframe width="640" height="400" src="${src.replaceAll('&', '&amp;')}"></iframe>`,
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

const edgeName = /^frontend to payment: /;
const edgeOf = (page: Page) => page.getByRole('link', { name: edgeName });

describe('the map outside its page', { timeout: 300_000 }, () => {
  let allowed: { origin: string; server: Server };
  let other: { origin: string; server: Server };
  let collector: RunningCollector;
  let browser: OpenBrowser;

  before(async () => {
    [allowed, other] = await Promise.all([openSite(), openSite()]);
    collector = await startCollector(['--settle-after', '2s', '--frame-ancestors', allowed.origin]);
    browser = await openBrowser(collector.url);
    const to = `http://${collector.otlpHttp}`;
    await replay({ dir: join(recordings, 'faults'), to, now: true, speed: 0, log: () => undefined });
  });
  after(async () => {
    await browser?.close();
    await collector?.stop();
    for (const { server } of [allowed, other]) server.close();
  });

  const open = async (path: string, size?: { width: number; height: number }): Promise<Page> => {
    const page = await browser.page(size);
    await page.goto(`${collector.url}${path}`);
    return page;
  };
  const openMap = async (query = '', size?: { width: number; height: number }): Promise<Page> => {
    const page = await open(`/?window=15m${query}`, size);
    await edgeOf(page).waitFor();
    return page;
  };
  const frameOn = async (site: { origin: string }, path: string): Promise<Page> => {
    const page = await browser.page();
    await page.goto(`${site.origin}/?src=${encodeURIComponent(collector.url + path)}`);
    return page;
  };

  test('a site that is named may frame the map; its links lead to the product in a tab of their own', async () => {
    const page = await frameOn(allowed, '/embed/map?window=15m&theme=dark');
    const frame = page.frameLocator('iframe');
    const edge = frame.getByRole('link', { name: edgeName });
    await edge.waitFor();
    assert.equal(await frame.getByRole('banner').count(), 0, 'no bar');
    assert.equal(await frame.getByRole('navigation').count(), 0, 'no rail');
    assert.equal(await edge.getAttribute('target'), '_blank');
    assert.equal(await edge.getAttribute('rel'), 'noopener');
    assert.match((await edge.getAttribute('href')) ?? '', /^\/\?window=15m&select=edge%3A[0-9a-f]{16}$/);
    const theme = await frame.locator('html').getAttribute('data-theme');
    assert.equal(theme, 'dark');
    await page.close();
  });

  test('a site that is not named gets an empty frame', async () => {
    const page = await frameOn(other, '/embed/map?window=15m');
    await page.waitForFunction(() => {
      const frame = document.querySelector('iframe');
      return frame !== null && frame.contentDocument === null;
    });
    const framed = page.frames()[1];
    assert.ok(framed?.url().startsWith('chrome-error:'), `the frame shows ${framed?.url()}`);
    assert.equal(await page.frameLocator('iframe').getByRole('link').count(), 0);
    await page.close();
  });

  test('the embed of an edge says how it is, with figures, latency and errors', async () => {
    const graph = (await (await fetch(`${collector.url}/api/graph?window=15m`)).json()) as Graph;
    const name = new Map(graph.nodes.map((node) => [node.id, node.name]));
    const edge = graph.edges.find(
      ({ source, target }) => name.get(source) === 'frontend' && name.get(target) === 'payment',
    );
    assert.ok(edge);
    const page = await frameOn(allowed, `/embed/edge?window=15m&edge=${edge.id}`);
    const frame = page.frameLocator('iframe');
    await frame.getByRole('heading', { name: /frontend.*payment/ }).waitFor();
    await frame.getByRole('table', { name: 'Latency' }).waitFor();
    await frame.getByRole('table', { name: 'Errors' }).waitFor();
    await frame
      .getByRole('img', { name: /^latency, client/ })
      .first()
      .waitFor();
    const links = await frame.getByRole('link').all();
    assert.ok(links.length > 0);
    for (const link of links) assert.equal(await link.getAttribute('target'), '_blank');
    await page.close();
  });

  test('when the collector does not answer the last picture stays, with its age', async () => {
    const page = await open('/embed/map?window=15m&refresh=1s', { width: 480, height: 320 });
    await edgeOf(page).waitFor();
    await page.context().setOffline(true);
    try {
      await page.getByText(/^as of \d\d:\d\d, \d+ s ago; the collector does not answer$/).waitFor();
      assert.equal(await edgeOf(page).count(), 1, 'the picture is still there');
    } finally {
      await page.context().setOffline(false);
    }
    await page.getByText(/^last 15 min to \d\d:\d\d:\d\d$/).waitFor();
    await page.close();
  });

  test('an embed shows its map whole at any size of its frame', async () => {
    for (const size of [
      { width: 240, height: 160 },
      { width: 480, height: 320 },
      { width: 1_600, height: 900 },
    ]) {
      const page = await open('/embed/map?window=15m', size);
      await edgeOf(page).waitFor();
      await page.waitForTimeout(600);
      const out = await page.locator('a[data-node]').evaluateAll((cards) =>
        cards
          .map((card) => card.getBoundingClientRect())
          .filter(({ left, right, top, bottom }) => left < 0 || top < 0 || right > innerWidth || bottom > innerHeight)
          .map(({ left, top }) => `${left},${top}`),
      );
      assert.deepEqual(out, [], `${size.width}×${size.height}`);
      await page.close();
    }
  });

  test('what is taken away holds what is shown, and nothing that is hidden', async () => {
    const page = await openMap('&hide=reviews&boxes=namespace');
    await page.getByRole('button', { name: 'Share' }).click();
    const dialog = page.getByRole('dialog', { name: 'Share' });
    const file = async (button: string): Promise<Buffer> => {
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        dialog.getByRole('button', { name: button }).click(),
      ]);
      const ending = button.split(' ')[0]?.toLowerCase();
      assert.match(download.suggestedFilename(), new RegExp(`^throughline-\\d{4}-\\d\\d-\\d\\d-\\d{4}\\.${ending}$`));
      return buffer(await download.createReadStream());
    };

    const graph = JSON.parse(String(await file('JSON numbers'))) as Graph;
    const names = graph.nodes.map(({ name }) => name);
    assert.ok(names.includes('payment') && graph.edges.length > 3);
    assert.ok(!names.includes('reviews'), 'what is hidden is not in the numbers');

    const svg = String(await file('SVG drawing'));
    const read = await page.evaluate((text) => {
      const xml = new DOMParser().parseFromString(text, 'image/svg+xml');
      return {
        broken: xml.querySelector('parsererror')?.textContent,
        words: [...xml.querySelectorAll('text')].map((line) => line.textContent),
        titles: [...xml.querySelectorAll('title')].map((line) => line.textContent ?? ''),
        links: xml.querySelectorAll('a, [href], [class], [style], script').length,
        grounds: xml.querySelectorAll('[fill="transparent"], [fill="rgba(0, 0, 0, 0)"]').length,
        box: xml.documentElement.getAttribute('viewBox'),
      };
    }, svg);
    assert.equal(read.broken, undefined);
    for (const name of names) {
      assert.ok(
        read.words.includes(name) || read.titles.some((title) => title.startsWith(name)),
        `the drawing lacks ${name}`,
      );
    }
    assert.ok(!svg.includes('reviews') || read.titles[0]?.includes('hidden: reviews'));
    assert.equal(read.links, 0, 'no links, styles or scripts of the page');
    assert.equal(read.grounds, 0, 'no hit areas');
    assert.ok(read.words.includes('shop'), 'the boxes are drawn');
    assert.ok(!read.titles.some((title) => /collapse/i.test(title)), 'nothing to press');
    assert.match(read.box ?? '', /^0 0 \d+(\.\d)? \d+(\.\d)?$/);

    const png = await file('PNG picture');
    assert.equal(png.subarray(0, 8).toString('hex'), '89504e470d0a1a0a');
    const [, , width = 0] = (read.box ?? '').split(' ').map(Number);
    assert.ok(Math.abs(png.readUInt32BE(16) - 2 * width) <= 2, 'twice as fine as the drawing');

    const dot = String(await file('DOT for Graphviz'));
    assert.match(dot, /^\/\/ Service map, last 15 min to /);
    for (const { id } of graph.nodes) assert.ok(dot.includes(`"${id}" [label=`), `the text lacks ${id}`);
    assert.equal(dot.match(/ -> /g)?.length, graph.edges.length);
    assert.match(dot, /subgraph "cluster [^"]*" \{\n    graph \[label="shop"/);
    await page.close();
  });

  test('a link is copied live or pinned to the moment, and the embed with it', async () => {
    const page = await openMap();
    await page.keyboard.press('s');
    const dialog = page.getByRole('dialog', { name: 'Share' });
    const copied = () => page.evaluate(() => navigator.clipboard.readText());
    await dialog.getByRole('button', { name: 'Copy link' }).click();
    await dialog.getByText('copied').first().waitFor();
    assert.equal(await copied(), page.url());
    await dialog.getByRole('radio', { name: /^pinned to / }).check();
    await dialog.getByRole('button', { name: 'Copy link' }).click();
    await page.waitForFunction(async () => (await navigator.clipboard.readText()).includes('from='));
    const pinned = new URL(await copied());
    assert.equal(pinned.searchParams.get('window'), null);
    const spanMs = Number(pinned.searchParams.get('to')) - Number(pinned.searchParams.get('from'));
    assert.ok(spanMs >= 15 * 60_000 && spanMs < 17 * 60_000, `${spanMs} ms`);
    await dialog.getByLabel('theme').selectOption('dark');
    await dialog.getByLabel('refresh').selectOption('10s');
    const html = await dialog.getByLabel('HTML of the embed').inputValue();
    assert.match(html, /^<iframe src="http[^"]*\/embed\/map\?window=15m&amp;refresh=10s&amp;theme=dark" /);
    await dialog.getByText(allowed.origin).waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await page.close();
  });

  test('no page did what it may not', () => {
    const sites = [allowed.origin, other.origin];
    const complaints = browser.complaints.filter((text) => !sites.some((origin) => text.includes(origin)));
    assert.deepEqual(complaints, []);
  });
});
