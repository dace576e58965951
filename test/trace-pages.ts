/** A collector with traces to look at and a browser to look with, for the tests of the trace page. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import type { TraceList } from '#shared/api.ts';
import { sendBigTrace } from '../bench/trace-spans.ts';
import { replay } from '../fixtures/replay.ts';
import { openBrowser, type OpenBrowser } from './open-browser.ts';
import { startCollector, type RunningCollector } from './run-collector.ts';
import { handMade, handMadeId } from './trace-hand-made.ts';

const recordings = join(import.meta.dirname, '..', 'fixtures', 'recordings');

export const gridOf = (page: Page): Locator => page.getByRole('treegrid', { name: 'Waterfall' });
export const rowOf = (page: Page, name: string | RegExp): Locator => gridOf(page).getByRole('row', { name });
/** Rows that are not folded away. */
export const countOf = async (page: Page): Promise<number> =>
  Number(await gridOf(page).getAttribute('aria-rowcount')) - 1;

export const bigTraceId = 'b16'.padEnd(32, '0');
export const bigTraceSpans = 12_000;

export interface TracePages {
  readonly collector: RunningCollector;
  readonly browser: OpenBrowser;
  open(path: string, size?: { width: number; height: number }): Promise<Page>;
  openHandMade(query?: string, size?: { width: number; height: number }): Promise<Page>;
  close(): Promise<void>;
}

/** The trace made by hand is held when it resolves. */
export async function openTracePages(): Promise<TracePages> {
  const collector = await startCollector(['--settle-after', '2s']);
  const browser = await openBrowser(collector.url);
  const headers = { 'content-type': 'application/json' };
  const door = `http://${collector.otlpHttp}/v1/traces`;
  const sent = await fetch(door, { method: 'POST', headers, body: JSON.stringify(handMade()) });
  assert.equal(sent.status, 200, await sent.text());
  const open = async (path: string, size?: { width: number; height: number }): Promise<Page> => {
    const page = await browser.page(size);
    await page.goto(`${collector.url}${path}`);
    return page;
  };
  return {
    collector,
    browser,
    open,
    async openHandMade(query = '', size) {
      const page = await open(`/trace/${handMadeId}${query}`, size);
      await page.getByRole('tablist', { name: 'View of the trace' }).waitFor();
      return page;
    },
    async close() {
      await browser.close();
      await collector.stop();
    },
  };
}

/** Sends recorded faults. out: a failed trace of them that reviews has a part in. */
export async function sendRecorded({ collector }: TracePages): Promise<string> {
  const to = `http://${collector.otlpHttp}`;
  await replay({ dir: join(recordings, 'faults'), to, now: true, speed: 0, log: () => undefined });
  for (let tries = 0; tries < 60; tries++) {
    const answer = await fetch(`${collector.url}/api/traces?window=1h&status=error&limit=200`);
    const { traces } = (await answer.json()) as TraceList;
    const found = traces.find(({ workloads }) => workloads.some((name) => name.endsWith('/reviews')));
    if (found) return found.traceId;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error('no failed trace with reviews is listed');
}

export async function sendBig({ collector }: TracePages): Promise<void> {
  await sendBigTrace(`http://${collector.otlpHttp}`, bigTraceSpans, bigTraceId);
}
