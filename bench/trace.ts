/**
 * How the trace page bears a trace of 100 000 spans: sent through a real collector, opened in the built page in the Chromium of
 * the tests (no GPU). Measured: from the start of the navigation until rows are drawn and can be scrolled, what of that the
 * server took, and frame times while the waterfall is scrolled by wheel, jumped through, zoomed by key, and while the flame
 * view is zoomed.
 *
 * Usage: node bench/trace.ts [--spans N] [--seconds N] [--save]; needs `npm run build`. --save adds the table to
 * bench/trace-results.md.
 */
import { appendFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import type { Status } from '#shared/api.ts';
import { openBrowser } from '../test/open-browser.ts';
import { startCollector } from '../test/run-collector.ts';
import { read, watchFrames, type Frames } from './map-frames.ts';
import { sendBigTrace } from './trace-spans.ts';

const { values: flags } = parseArgs({
  options: {
    spans: { type: 'string', default: '100000' },
    seconds: { type: 'string', default: '4' },
    save: { type: 'boolean', default: false },
  },
});
const [spans, seconds] = [Number(flags.spans), Number(flags.seconds)];
const opens = 3;

const loadBefore = loadavg()[0] ?? 0;
const collector = await startCollector(['--settle-after', '2s']);
const browser = await openBrowser(collector.url);
try {
  const { traceId } = await sendBigTrace(`http://${collector.otlpHttp}`, spans);
  const path = `${collector.url}/trace/${traceId}`;
  await settled();
  const times: Opened[] = [];
  let page = await browser.page();
  for (let turn = 0; turn < opens; turn++) {
    if (turn > 0) {
      await page.close();
      page = await browser.page();
    }
    times.push(await open(page, path));
  }
  const lines = [
    '| what | |',
    '| --- | --- |',
    `| usable after, ms (${opens} times) | ${times.map(({ usableMs }) => usableMs.toFixed(0)).join(', ')} |`,
    `| of that until the answer is here, ms | ${times.map(({ answeredMs }) => answeredMs.toFixed(0)).join(', ')} |`,
  ];
  await watchFrames(page);
  const grid = { x: 700, y: 600 };
  lines.push(lineOf('scroll by wheel', await during(page, () => wheel(page, grid, seconds))));
  lines.push(lineOf('jump from end to end', await during(page, () => jump(page, seconds))));
  lines.push(lineOf('zoom by W and S, held', await during(page, () => keys(page, grid, seconds))));
  await page.getByRole('tab', { name: 'Flame' }).click();
  await page.getByRole('tree', { name: 'Flame' }).waitFor();
  await pause(1_000);
  lines.push(lineOf('flame: zoom by W and S, held', await during(page, () => keys(page, grid, seconds))));
  console.log(lines.join('\n'));
  if (flags.save) save(lines);
} finally {
  await browser.close();
  await collector.stop();
}

/** Until the collector has derived what it was sent: an SRE opens a trace after that. */
async function settled(): Promise<void> {
  for (let tries = 0; tries < 60; tries++) {
    await pause(1_000);
    const { derive } = (await (await fetch(`${collector.url}/api/status`)).json()) as Status;
    if (derive.settledTraces > 0 && derive.unsettledTraces === 0) return;
  }
  throw new Error('cannot open the trace: it does not settle');
}

interface Opened {
  readonly usableMs: number;
  readonly answeredMs: number;
}

/** Usable: rows are drawn, there is more to scroll to, and a frame has been shown since. Times of the page's own clock. */
async function open(page: Page, path: string): Promise<Opened> {
  await page.addInitScript(() => {
    const times = { usable: 0 };
    Object.assign(globalThis, { times });
    const observer = new MutationObserver(() => {
      const grid = document.querySelector('[role=treegrid]');
      if (!grid || grid.querySelectorAll('[role=row]').length < 15 || grid.scrollHeight <= grid.clientHeight) return;
      observer.disconnect();
      requestAnimationFrame(() => requestAnimationFrame(() => (times.usable = performance.now())));
    });
    observer.observe(document, { childList: true, subtree: true });
  });
  await page.goto(path, { waitUntil: 'commit' });
  await page.waitForFunction(() => (globalThis as unknown as { times: { usable: number } }).times.usable > 0);
  return page.evaluate(() => {
    const { usable } = (globalThis as unknown as { times: { usable: number } }).times;
    const reads = performance.getEntriesByType('resource') as PerformanceResourceTiming[];
    return { usableMs: usable, answeredMs: reads.find(({ name }) => name.includes('/api/traces/'))?.responseEnd ?? 0 };
  });
}

async function during(page: Page, act: () => Promise<void>): Promise<Frames> {
  await pause(500);
  await read(page);
  await act();
  return read(page);
}

async function wheel(page: Page, at: { readonly x: number; readonly y: number }, long: number): Promise<void> {
  await page.mouse.move(at.x, at.y);
  const end = performance.now() + long * 1_000;
  for (let i = 0; performance.now() < end; i++) {
    await page.mouse.wheel(0, Math.floor(i / 60) % 2 === 0 ? 120 : -90);
    await pause(12);
  }
}

async function jump(page: Page, long: number): Promise<void> {
  const end = performance.now() + long * 1_000;
  for (let i = 1; performance.now() < end; i++) {
    await page.evaluate(
      (share) => {
        const grid = document.querySelector('[role=treegrid]');
        if (grid) grid.scrollTop = share * grid.scrollHeight;
      },
      (i * 0.618) % 1,
    );
    await pause(60);
  }
}

async function keys(page: Page, at: { readonly x: number; readonly y: number }, long: number): Promise<void> {
  await page.mouse.move(at.x, at.y);
  for (const key of ['w', 's']) {
    await page.keyboard.down(key);
    await pause((long * 1_000) / 2);
    await page.keyboard.up(key);
  }
}

function lineOf(what: string, { p50Ms, p95Ms, mostMs, longTasks, longestTaskMs }: Frames): string {
  const ms = (value: number) => value.toFixed(value < 100 ? 1 : 0);
  const tasks = longTasks > 0 ? `; ${longTasks} tasks > 100 ms, longest ${ms(longestTaskMs)}` : '';
  return `| ${what}: frames p50 / p95 / most, ms | ${ms(p50Ms)} / ${ms(p95Ms)} / ${ms(mostMs)}${tasks} |`;
}

function save(table: readonly string[]): void {
  const lines = [
    '',
    `## ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC, ${spans} spans`,
    '',
    `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.version}, 1440×900 without a GPU, load average before ${loadBefore.toFixed(1)}`,
    '',
    ...table,
    '',
  ];
  appendFileSync(new URL('trace-results.md', import.meta.url), lines.join('\n'));
}
