/**
 * Where one page leads to another, in a real browser against the real product: from whatever the map draws to its traces, from
 * a search to the profile of what it found. And what a list or a panel keeps in its place.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import type { Graph, Profile, TraceList, TracePoints } from '#shared/api.ts';
import { replay } from '../fixtures/replay.ts';
import { edgeTerms, nodeTerms } from '../ui/map/panel/trace-terms.ts';
import { questionIn } from '../ui/search/query.ts';
import { openBrowser, type OpenBrowser } from './open-browser.ts';
import { startCollector, type RunningCollector } from './run-collector.ts';

const allPoints = '/api/traces/points?window=15m';
const recordings = join(import.meta.dirname, '..', 'fixtures', 'recordings');

interface Sent {
  readonly service: string;
  readonly namespace?: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly operation: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly code?: number;
}

describe('links between pages', { timeout: 300_000 }, () => {
  let collector: RunningCollector;
  let browser: OpenBrowser;

  const read = async <T>(path: string): Promise<T> => (await (await fetch(collector.url + path)).json()) as T;
  const readGraph = (query: string): Promise<Graph> => read(`/api/graph?${query}`);
  const open = async (path: string): Promise<Page> => {
    const page = await browser.page();
    await page.goto(collector.url + path);
    return page;
  };
  const until = async (what: string, is: () => Promise<boolean>): Promise<void> => {
    for (let tries = 0; tries < 60; tries++) {
      if (await is()) return;
      await new Promise((done) => setTimeout(done, 500));
    }
    assert.fail(`not yet: ${what}`);
  };
  before(async () => {
    collector = await startCollector(['--settle-after', '1s', '--late-window', '4s']);
    browser = await openBrowser(collector.url);
    const to = `http://${collector.otlpHttp}`;
    await replay({ dir: join(recordings, 'faults'), to, now: true, speed: 0, log: () => undefined });
    // the spans that came last are a second on their way to the derivation
    let before = 0;
    await until('all has settled', async () => {
      const [{ unsettled }, { total }] = [await readGraph('window=15m'), await read<TracePoints>(allPoints)];
      const isAll = unsettled === 0 && total > 0 && total === before;
      before = total;
      if (!isAll) await new Promise((done) => setTimeout(done, 2_000));
      return isAll;
    });
  });
  after(async () => {
    await browser?.close();
    await collector?.stop();
  });

  const send = async (spans: readonly Sent[]): Promise<void> => {
    const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
    const resourceSpans = spans.map(
      ({ service, namespace = '', operation, startMs, durationMs, code = 200, ...ids }) => ({
        resource: { attributes: [text('service.name', service), text('k8s.namespace.name', namespace)] },
        scopeSpans: [
          {
            spans: [
              {
                ...ids,
                name: operation,
                kind: 2,
                startTimeUnixNano: `${startMs}000000`,
                endTimeUnixNano: `${startMs + durationMs}000000`,
                attributes: [text('http.response.status_code', String(code))],
              },
            ],
          },
        ],
      }),
    );
    const response = await fetch(`http://${collector.otlpHttp}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ resourceSpans }),
    });
    assert.equal(response.status, 200);
  };

  test('whatever is drawn leads to traces that have it, or says that it cannot', async () => {
    const found = async (terms: Readonly<Record<string, string>>): Promise<number> => {
      const { line } = questionIn(new URLSearchParams(terms));
      return (await read<TracePoints>(`/api/traces/points?window=15m&q=${encodeURIComponent(line)}`)).total;
    };
    for (const query of ['', '&groupBy=version', '&groupBy=namespace', `&collapse=${encodeURIComponent('//shop/')}`]) {
      const { nodes, edges } = await readGraph(`window=15m${query}`);
      const byId = new Map(nodes.map((node) => [node.id, node]));
      let led = 0;
      for (const node of nodes) {
        const terms = nodeTerms(node);
        assert.equal(terms !== undefined, node.kind !== 'users' && !node.id.endsWith('/'), node.id);
        if (terms !== undefined) assert.ok((await found(terms)) > 0, `${query} ${JSON.stringify(terms)}`);
      }
      for (const { source, target } of edges) {
        const [from, to] = [byId.get(source), byId.get(target)];
        assert.ok(from && to);
        const terms = edgeTerms(from, to);
        assert.equal(terms !== undefined, !source.endsWith('/') && !target.endsWith('/'), `${source} ${target}`);
        if (terms === undefined) continue;
        led += 1;
        assert.ok((await found(terms)) > 0, `${query} ${JSON.stringify(terms)}`);
      }
      assert.equal(led > 0, query !== '&groupBy=namespace', query);
    }
    const { edges } = await readGraph('window=15m&groupBy=version');
    const failing = edges.find(({ failed, target }) => failed > 0 && target.split('/').length === 4);
    assert.ok(failing);
    const page = await open(`/?window=15m&group=version&select=edge:${failing.id}`);
    const edge = page.getByRole('complementary', { name: 'Edge' });
    await edge.getByRole('link', { name: 'with errors' }).click();
    await page.getByRole('table', { name: 'Traces' }).getByRole('row').nth(1).waitFor();
    const boxed = await readGraph('window=15m&groupBy=namespace');
    const wide = boxed.edges.find(({ target }) => target.endsWith('/'));
    assert.ok(wide);
    await page.goto(`${collector.url}/?window=15m&group=namespace&select=edge:${wide.id}`);
    await edge.getByText(/More than one workload is drawn as one here/).waitFor();
    assert.equal(await edge.getByRole('link', { name: 'all traces' }).count(), 0);
    await page.close();
  });

  test('the line held in the charts of a panel stays at its moment', async () => {
    const page = await open('/?window=5m');
    await page
      .getByRole('link', { name: /^frontend to payment: / })
      .first()
      .press('Enter');
    const edge = page.getByRole('complementary', { name: 'Edge' });
    const time = edge.getByRole('slider', { name: 'Time in the charts' });
    await time.focus();
    for (let steps = 0; steps < 3; steps++) await page.keyboard.press('ArrowLeft');
    const place = Number(await time.inputValue());
    const held = (await time.getAttribute('aria-valuetext'))?.slice(0, 8) ?? '';
    // a step is ten seconds of a live window: the series moves on under the line
    await page.waitForFunction(
      ([was, name]) => Number(document.querySelector<HTMLInputElement>(`input[aria-label="${name}"]`)?.value) < was,
      [place, 'Time in the charts'] as const,
      { timeout: 40_000 },
    );
    assert.equal((await time.getAttribute('aria-valuetext'))?.slice(0, 8), held);
    await page.close();
  });

  test('a search leads to the profile of the traces it found, and that back to them', async () => {
    const startMs = Date.now() - 30_000;
    const orders = Array.from({ length: 20 }, (_, i) => ({
      service: 'kiosk',
      traceId: `${i + 10}`.padStart(32, 'c'),
      spanId: `${i + 10}`.padStart(16, 'c'),
      operation: 'POST /order',
      startMs: startMs + i * 100,
      durationMs: 20 + i,
      code: i % 4 === 3 ? 503 : 200,
    }));
    await send(orders);
    const points = '/api/traces/points?window=15m&q=service%20%3D%20kiosk';
    await until('orders', async () => (await read<TracePoints>(points)).total === 20);
    const line = 'root = "kiosk|POST /order" status = failed';
    const page = await open(`/search?window=15m&q=${encodeURIComponent(line)}`);
    await page.getByRole('link', { name: 'Profile of these' }).click();
    await page.getByText(/^POST \/order where status = failed: 5 traces, /).waitFor();
    await page.getByRole('link', { name: 'These traces' }).click();
    await page.getByRole('table', { name: 'Traces' }).getByRole('row').nth(5).waitFor();
    assert.equal(await page.getByRole('table', { name: 'Traces' }).locator('tbody tr').count(), 5);
    await page.goBack();
    await page.getByRole('link', { name: 'All traces of POST /order' }).click();
    await page.getByText(/^POST \/order: 20 traces, /).waitFor();
    await page.goto(`${collector.url}/search?window=15m&q=${encodeURIComponent('service = kiosk x = 1 x = 1')}`);
    await page
      .getByRole('link', { name: /^without “x = 1”/ })
      .nth(1)
      .waitFor();
    await page.close();
  });

  test('one workload and operation in two namespaces is two rows of a profile, told apart', async () => {
    const startMs = Date.now() - 30_000;
    const traceId = 'ab'.repeat(16);
    const root = { service: 'portal', namespace: 'one', traceId, spanId: 'a1'.repeat(8), operation: 'GET /two' };
    const left = { service: 'stock', traceId, parentSpanId: root.spanId, operation: 'GET /left', durationMs: 10 };
    await send([
      { ...root, startMs, durationMs: 30 },
      { ...left, namespace: 'one', spanId: 'a2'.repeat(8), startMs: startMs + 1 },
      { ...left, namespace: 'two', spanId: 'a3'.repeat(8), startMs: startMs + 15 },
    ]);
    const query = `window=15m&entry=${encodeURIComponent('portal|GET /two')}`;
    await until('the trace', async () => (await read<Profile>(`/api/critical-path?${query}`)).traces === 1);
    const page = await open(`/profile?${query}`);
    const steps = page.getByRole('table', { name: 'By workload and operation' });
    await steps.getByRole('link', { name: /stock\.one\s+GET \/left/ }).waitFor();
    assert.equal(await steps.getByRole('link', { name: /stock\.two\s+GET \/left/ }).count(), 1);
    await page.close();
  });

  test('a trace whose end came long after is listed once', async () => {
    const part = (spanId: string): Sent => ({
      service: 'batch',
      traceId: 'b1'.repeat(16),
      spanId: spanId.repeat(8),
      operation: 'work',
      startMs: Date.now() - 10,
      durationMs: 5,
    });
    const settled = (count: number): Promise<void> =>
      until(`${count} settlements`, async () => {
        const { traces } = await read<TraceList>('/api/traces?window=15m&q=service%20%3D%20batch');
        return traces.length === count;
      });
    await send([part('b1')]);
    await settled(1);
    await new Promise((done) => setTimeout(done, 8_000));
    await send([part('b2')]);
    await settled(2);
    const page = await open('/search?window=15m&q=service%20%3D%20batch');
    const rows = page.getByRole('table', { name: 'Traces' }).locator('tbody tr');
    await rows.filter({ hasText: 'batch' }).waitFor();
    assert.equal(await rows.count(), 1);
    await page.close();
  });

  test('no page threw, was stopped by its policy, or asked another host', () => {
    assert.deepEqual(browser.complaints, []);
  });
});
