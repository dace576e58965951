/**
 * The live map in a real browser against the real product: layouts and boxes, layers, time, find and hide, panels, keys,
 * themes. By roles and accessible names, as a user of a keyboard or a screen reader meets them.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import type { Graph } from '#shared/api.ts';
import { replay } from '../fixtures/replay.ts';
import { brokenRules } from './axe.ts';
import { openBrowser, type OpenBrowser } from './open-browser.ts';
import { startCollector, type RunningCollector } from './run-collector.ts';

const recordings = join(import.meta.dirname, '..', 'fixtures', 'recordings');

describe('the live map', { timeout: 420_000 }, () => {
  let collector: RunningCollector;
  let browser: OpenBrowser;

  before(async () => {
    collector = await startCollector(['--settle-after', '2s']);
    browser = await openBrowser(collector.url);
    const to = `http://${collector.otlpHttp}`;
    for (const name of ['faults', 'example', 'mtls', 'sampled']) {
      await replay({ dir: join(recordings, name), to, now: true, speed: 0, log: () => undefined });
    }
  });
  after(async () => {
    await browser?.close();
    await collector?.stop();
  });

  const cards = (page: Page): Locator => page.getByRole('group', { name: 'Service map' }).locator('a[data-node]');
  const card = (page: Page, name: string): Locator =>
    page.getByRole('link', { name: new RegExp(`^${name}, `) }).first();
  const edgeOf = (page: Page, from: string, to: string): Locator =>
    page.getByRole('link', { name: new RegExp(`^${from} to ${to}: `) }).first();
  const open = async (query = '', size?: { width: number; height: number }): Promise<Page> => {
    const page = await browser.page(size);
    await page.goto(`${collector.url}/?window=15m${query}`);
    await cards(page).first().waitFor();
    return page;
  };
  const param = (page: Page, name: string): string | null => new URL(page.url()).searchParams.get(name);
  const untilParam = (page: Page, name: string, value: string | null): Promise<unknown> =>
    page.waitForFunction(([key, wanted]) => new URL(location.href).searchParams.get(key ?? '') === wanted, [
      name,
      value,
    ] as const);
  const placesOf = (page: Page): Promise<Record<string, { x: number; y: number }>> =>
    cards(page).evaluateAll((links) =>
      Object.fromEntries(
        links.map((link) => {
          const { x, y } = link.getBoundingClientRect();
          return [link.getAttribute('data-node') ?? '', { x: Math.round(x), y: Math.round(y) }];
        }),
      ),
    );
  const rest = (page: Page): Promise<void> => page.waitForTimeout(700);
  const readGraph = async (query: string): Promise<Graph> =>
    (await (await fetch(`${collector.url}/api/graph?${query}`)).json()) as Graph;

  test('layouts are chosen by name, and each puts every workload in a place of its own', async () => {
    const page = await open();
    await rest(page);
    const layered = await placesOf(page);
    await page.getByRole('button', { name: /^Show/ }).first().click();
    for (const layout of ['Radial', 'Force'] as const) {
      await page.getByRole('radio', { name: layout }).check({ force: true });
      await untilParam(page, 'layout', layout.toLowerCase());
      await rest(page);
      const places = await placesOf(page);
      assert.deepEqual(Object.keys(places).sort(), Object.keys(layered).sort());
      assert.notDeepEqual(places, layered);
      const distinct = new Set(Object.values(places).map(({ x, y }) => `${x},${y}`));
      assert.equal(distinct.size, Object.keys(places).length);
    }
    await page.close();
  });

  test('boxes are drawn by namespace, fold to one node and open again; the numbers are those of the API', async () => {
    const page = await open('&boxes=namespace');
    const before = await cards(page).count();
    await page.getByRole('button', { name: /^Collapse namespace shop/ }).press('Enter');
    await page.waitForFunction((count) => document.querySelectorAll('a[data-node]').length < count, before);
    const collapsed = param(page, 'collapsed') ?? '';
    assert.match(collapsed, /\/shop\/$/);
    const graph = await readGraph(`window=15m&collapse=${encodeURIComponent(collapsed)}`);
    assert.equal(await cards(page).count(), graph.nodes.length);
    await page
      .getByRole('button', { name: /^Expand namespace shop/ })
      .first()
      .press('Enter');
    await page.waitForFunction((count) => document.querySelectorAll('a[data-node]').length === count, before);
    await page.close();
  });

  test('a card that was dragged stays where it was put over a reload, until positions are reset', async () => {
    const page = await open();
    await rest(page);
    const auth = card(page, 'auth');
    const box = await auth.boundingBox();
    assert.ok(box);
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2 + 40, box.y + box.height / 2 + 70, { steps: 6 });
    await page.mouse.up();
    const reset = page.getByRole('button', { name: /^Reset positions/ });
    await reset.waitFor();
    assert.equal(param(page, 'select'), null, 'a drag is no click');
    await page.reload();
    await reset.waitFor();
    await rest(page);
    await reset.click();
    await reset.waitFor({ state: 'detached' });
    await page.close();
  });

  test('labels, legend and thresholds: an edge says what is chosen, the legend by what it is coloured', async () => {
    const page = await open();
    await page.getByRole('combobox', { name: 'Label' }).selectOption('rate');
    await untilParam(page, 'label', 'rate');
    await page.waitForFunction(() =>
      [...document.querySelectorAll('.pill text')].some((text) => text.textContent?.endsWith('rps')),
    );
    const legend = page.getByRole('list', { name: 'Legend' });
    assert.match((await legend.textContent()) ?? '', /0\.1 % failed.*1 % failed or p99 > 500 ms/s);
    await page.close();
  });

  test('traffic dots are drawn when asked for, and not for those who want no motion', async () => {
    const page = await open('&dots=on');
    await page.locator('canvas').first().waitFor();
    const painted = () =>
      page.evaluate(() => {
        const [canvas] = document.querySelectorAll('canvas');
        const context = canvas?.getContext('2d');
        if (!canvas || !context) return 0;
        return context
          .getImageData(0, 0, canvas.width, canvas.height)
          .data.filter((_, i) => i % 4 === 3)
          .reduce((a, b) => a + (b > 0 ? 1 : 0), 0);
      });
    let dots = 0;
    for (let tries = 0; tries < 60 && dots === 0; tries++) {
      await page.waitForTimeout(250);
      dots = await painted();
    }
    assert.ok(dots > 0, 'no dot was seen in 15 s');
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.waitForTimeout(500);
    assert.equal((await page.locator('canvas').count()) === 0 ? 0 : await painted(), 0);
    await page.close();
  });

  test('the critical-path layer is of an entry operation and a band, and says the share each edge owns', async () => {
    const page = await open('&label=critical');
    await page.getByRole('combobox', { name: 'Layer' }).selectOption('critical');
    await untilParam(page, 'layer', 'critical');
    await page.getByRole('button', { name: /^Of/ }).click();
    await page.getByRole('radio', { name: /frontend\.shop/ }).check({ force: true });
    await page.getByRole('radio', { name: 'Slowest tenth' }).check({ force: true });
    await untilParam(page, 'band', 'slow');
    await page.keyboard.press('Escape');
    const graph = await readGraph(`window=15m&entry=${encodeURIComponent(param(page, 'entry') ?? '')}&band=slow`);
    assert.equal(graph.critical.band, 'slow');
    assert.ok(graph.critical.traces >= 1);
    const owned = graph.edges.reduce((sum, { criticalShare }) => sum + (criticalShare ?? 0), 0);
    assert.ok(owned > 0.5 && owned < 1.001, `edges own ${owned}`);
    const shares = await page.locator('.pill text').allTextContents();
    assert.ok(shares.some((text) => / %/.test(text)));
    await page.close();
  });

  test('time: an interval is a link, the strip moves it by keys, and Live leads back', async () => {
    const page = await open();
    const live = page.getByRole('button', { name: 'Live', exact: true });
    await page.waitForFunction(
      () => document.querySelector('section[aria-label=Time] button[aria-pressed=true]') !== null,
    );
    const shown = page.getByRole('slider', { name: 'Shown time' });
    await shown.focus();
    for (let i = 0; i < 3; i++) await shown.press('ArrowLeft');
    await page.waitForFunction(() => new URL(location.href).searchParams.has('from'));
    await rest(page);
    const [from, to] = [Number(param(page, 'from')), Number(param(page, 'to'))];
    assert.ok(to > from && to <= Date.now(), `${from} to ${to}`);
    assert.equal(await live.getAttribute('aria-pressed'), 'false');
    const text = await page.getByRole('button', { name: /^Time: / }).getAttribute('aria-label');
    await page.reload();
    await page.getByRole('button', { name: text ?? '' }).waitFor();
    await live.click();
    await page.waitForFunction(() => !new URL(location.href).searchParams.has('from'));
    await cards(page).first().waitFor();
    await page.close();
  });

  test('playing goes on in the page: frames are read once, the address follows, a pause rests at a link', async () => {
    const page = await browser.page();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    const minutesAgo = (minutes: number): number => Date.now() - minutes * 60_000;
    await page.goto(`${collector.url}/?from=${minutesAgo(12)}&to=${minutesAgo(11)}&history=15m`);
    await page.getByRole('combobox', { name: 'Speed' }).selectOption({ index: 1 });
    await page.getByRole('button', { name: 'Play', exact: true }).click();
    await page.getByRole('button', { name: 'Pause', exact: true }).waitFor();
    await page.waitForTimeout(1_500);
    const first = param(page, 'to');
    await page.waitForTimeout(2_500);
    assert.notEqual(param(page, 'to'), first, 'the address follows');
    assert.equal(asked.filter((path) => path === '/api/frames').length, 1);
    assert.equal(asked.filter((path) => path === '/api/graph').length <= 1, true, asked.join(' '));
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
    await page.close();
  });

  test('find counts and marks, hide takes away and wins, and what cannot be read is explained', async () => {
    const page = await open();
    const before = await cards(page).count();
    const find = page.getByRole('combobox', { name: 'Find on the map' });
    await page.keyboard.press('/');
    await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Find on the map');
    await find.fill('name = payment or p90 >');
    await page
      .getByText(/needs a number/)
      .last()
      .waitFor();
    assert.equal(param(page, 'find'), null, 'what cannot be read does not get into the address');
    await find.fill('name = payment');
    await untilParam(page, 'find', 'name = payment');
    await page
      .getByText(/^\d workloads? found$/)
      .first()
      .waitFor();
    const hide = page.getByRole('combobox', { name: 'Hide from the map' });
    await hide.fill('name = payment');
    await untilParam(page, 'hide', 'name = payment');
    await page.waitForFunction((count) => document.querySelectorAll('a[data-node]').length < count, before);
    assert.equal(await card(page, 'payment').count(), 0);
    await hide.fill('name != nobody');
    await page.getByRole('heading', { name: 'Everything is hidden' }).waitFor();
    await page.getByRole('link', { name: 'Hide nothing' }).click();
    await page.waitForFunction((count) => document.querySelectorAll('a[data-node]').length === count, before);
    await page.close();
  });

  test('a double click looks at one workload and what is around it, farther on demand', async () => {
    const page = await open();
    await rest(page);
    const before = await cards(page).count();
    await card(page, 'payment').dblclick();
    await page.waitForFunction(() => new URL(location.href).searchParams.has('focus'));
    await page.waitForFunction((count) => document.querySelectorAll('a[data-node]').length < count, before);
    const near = await cards(page).count();
    await page.goto(`${page.url()}&hops=20`);
    await page.waitForFunction((count) => document.querySelectorAll('a[data-node]').length > count, near);
    await page.close();
  });

  test('cards stand for versions, namespaces or clusters on demand', async () => {
    const page = await open('&group=version');
    const versions = await cards(page).count();
    assert.equal(versions, (await readGraph('window=15m&groupBy=version')).nodes.length);
    await page.goto(`${collector.url}/?window=15m&group=namespace`);
    const graph = await readGraph('window=15m&groupBy=namespace');
    await page.waitForFunction(
      (count) => document.querySelectorAll('a[data-node]').length === count,
      graph.nodes.length,
    );
    assert.ok(graph.nodes.length < versions);
    await page.close();
  });

  test('the panel of the mesh, of a workload and of an edge say what an SRE asks', async () => {
    const page = await open();
    const mesh = page.getByRole('complementary', { name: 'Mesh' });
    await mesh.getByRole('table', { name: /worst edges/i }).waitFor();
    await mesh.getByText(/biggest changes/i).waitFor();
    await card(page, 'reviews').press('Enter');
    const workload = page.getByRole('complementary', { name: 'Workload' });
    await workload.getByRole('table', { name: 'Versions' }).waitFor();
    await workload.getByRole('table', { name: 'Operations' }).waitFor();
    await edgeOf(page, 'frontend', 'payment').press('Enter');
    const edge = page.getByRole('complementary', { name: 'Edge' });
    await edge.getByRole('table', { name: 'Versions' }).waitFor();
    await edge.getByRole('img', { name: /^success: now/ }).waitFor();
    assert.match((await edge.getByRole('table', { name: 'Latency' }).textContent()) ?? '', /client.*server.*network/s);
    assert.equal((await edge.getByRole('table', { name: 'Errors' }).getByRole('link').count()) > 0, true);
    await page.close();
  });

  test('an edge whose spans carry identities names them; another says how to get them', async () => {
    const graph = await readGraph('window=15m');
    const secured = graph.edges.find(({ mtls }) => mtls !== null && mtls.principals.length > 0);
    const unknown = graph.edges.find(({ mtls }) => mtls === null);
    assert.ok(secured && unknown);
    const page = await open(`&select=edge:${secured.id}`);
    const edge = page.getByRole('complementary', { name: 'Edge' });
    assert.match((await edge.getByRole('table', { name: 'Principals' }).textContent()) ?? '', /spiffe:\/\//);
    await page.goto(`${collector.url}/?window=15m&select=edge:${unknown.id}`);
    await edge.getByText('How to turn it on').click();
    await edge.getByRole('button', { name: /Istio custom tags/ }).waitFor();
    await page.close();
  });

  test('numbers of sampled traffic say that they stand for more, and for how many', async () => {
    const graph = await readGraph('window=15m');
    const sampled = graph.edges.toSorted((a, b) => b.weight - a.weight).find(({ weight }) => weight > 1);
    assert.ok(sampled, 'the recording is sampled');
    const page = await open(`&select=edge:${sampled.id}`);
    const edge = page.getByRole('complementary', { name: 'Edge' });
    await edge
      .getByText(/stands? for/)
      .first()
      .waitFor();
    assert.match((await edge.textContent()) ?? '', /≈/);
    await page.close();
  });

  test('from opening the page to a trace of the failure by keyboard alone', async () => {
    const page = await open();
    await rest(page);
    const focus = (): Promise<string> => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '');
    const pressUntil = async (key: string, most: number, there: () => Promise<boolean>): Promise<boolean> => {
      for (let presses = 0; presses < most && !(await there()); presses++) await page.keyboard.press(key);
      return there();
    };
    const onCard = () => page.evaluate(() => document.activeElement?.matches('a[data-node]') ?? false);
    assert.ok(await pressUntil('Tab', 60, onCard), 'Tab leads to the map');
    // to the caller, then from edge to edge of it until the failing one
    const onCaller = async () => (await focus()).startsWith('frontend, ');
    assert.ok((await pressUntil('ArrowLeft', 12, onCaller)) || (await pressUntil('ArrowRight', 6, onCaller)));
    await page.keyboard.press('e');
    const onEdge = async () => (await focus()).startsWith('frontend to payment: ');
    assert.ok((await pressUntil('ArrowDown', 14, onEdge)) || (await pressUntil('ArrowUp', 14, onEdge)));
    await page.keyboard.press('Enter');
    const panel = page.getByRole('complementary', { name: 'Edge' });
    await panel.getByRole('table', { name: 'Errors' }).waitFor();
    const onTrace = () =>
      page.evaluate(() => document.activeElement?.getAttribute('href')?.startsWith('/trace/') ?? false);
    assert.ok(await pressUntil('Tab', 60, onTrace), 'Tab leads to a trace');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/trace\/[0-9a-f]{32}/);
    await page.getByRole('table', { name: 'Critical path' }).waitFor();
    await page.close();
  });

  test('a kiosk shows the map alone and leaves by Esc; high contrast is remembered', async () => {
    const page = await open('&kiosk', { width: 1920, height: 1080 });
    assert.equal(await page.getByRole('banner').count(), 0);
    assert.equal(await page.getByRole('complementary').count(), 0);
    assert.equal(await page.getByRole('region', { name: 'Time' }).count(), 0);
    await page.keyboard.press('Escape');
    await page.getByRole('banner').waitFor();
    await page.goto(`${collector.url}/?window=15m&contrast=high`);
    await page.waitForFunction(() => document.documentElement.dataset['contrast'] === 'high');
    await page.close();
  });

  test('no view of the map breaks a rule of axe-core', async () => {
    const wrong: string[] = [];
    for (const query of [
      '&layer=critical&boxes=namespace',
      '&layout=radial&find=failing&theme=dark',
      '&kiosk&dots=on',
      '&contrast=high&idle=on&group=version',
    ]) {
      const page = await open(query);
      await rest(page);
      const found = await brokenRules(page);
      wrong.push(...found.map((text) => `${query}: ${text}`));
      await page.close();
    }
    assert.deepEqual(wrong, []);
  });

  test('no page threw, was stopped by its policy, or asked another host', () => {
    assert.deepEqual(browser.complaints, []);
  });
});
