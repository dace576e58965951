/**
 * Pictures of the product for the documents, into docs/pictures: the map in its states, layers and sizes, traces, profile, comparisons.
 * Starts the demo, waits for the moments of its round that show something, and photographs what a browser shows of the
 * built pages; then the same of a mesh of 500 workloads. A picture that cannot be taken is told at the end, and loses no other.
 *
 *   npm run pictures              all of them
 *   npm run pictures -- find share    those of these names
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import type { Entries, Graph, GraphEdge, TraceList } from '#shared/api.ts';
import { createTraffic } from '../bench/map-traffic.ts';
import { openBrowser, type OpenBrowser } from '../test/open-browser.ts';
import { startCollector, type RunningCollector } from '../test/run-collector.ts';
import { shrinkPng } from './png.ts';

const folder = join(import.meta.dirname, '..', 'docs', 'pictures');
const wanted = process.argv.slice(2);
/** Of the demo's round, seconds: all is as usual until 20 (ads never has pods); the payment provider fails from 20 to 40. */
const calmUntilS = 20;
const failing = { from: 14, to: 44 };
/** A past map is of whole frames of so many. */
const frameS = 10;
/** When the last minute holds the calm, the failing payments and the slow database. */
const momentS = 56;
/** Traces to show, those first that took longest. */
const slowest = '/api/traces?window=5m&service=product-api&order=slowest';
const problems: string[] = [];

interface Picture {
  readonly name: string;
  /** Path and query; a promise where the product must be asked first. */
  readonly at: string | (() => Promise<string>);
  readonly width?: number;
  readonly height?: number;
  /** What to wait for, or to do, when the map stands. */
  readonly ready?: (page: Page) => Promise<void>;
}

await mkdir(folder, { recursive: true });
await withProduct([], 'demo', ofDemo);
if (isWanted({ name: 'map-500', at: '' })) await withProduct(['--settle-after', '2s'], 'serve', ofLargeMesh);
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;

async function ofDemo(collector: RunningCollector, browser: OpenBrowser, startedMs: number): Promise<void> {
  const until = (seconds: number) => pause(Math.max(0, startedMs + 1000 * seconds - Date.now()));
  const stretch = ({ from, to }: typeof failing) => `from=${startedMs + 1000 * from}&to=${startedMs + 1000 * to}`;
  const read = async <T>(path: string) => (await (await fetch(collector.url + path)).json()) as T;
  const firstWholeS = Math.ceil((startedMs / 1000 + 1) / frameS) * frameS - startedMs / 1000;
  const calm = { from: firstWholeS, to: firstWholeS + frameS };
  const entry = async () => (await read<Entries>('/api/entries?window=5m')).entries[0]?.id ?? '';
  const edge = () => failingEdge(() => read<Graph>('/api/graph?window=1m'));
  const latency = (page: Page) => page.getByRole('table', { name: 'Latency' }).waitFor();

  await until(calmUntilS + 14);
  await take(collector, browser, [{ name: 'map-healthy', at: `/?theme=light&${stretch(calm)}` }]);
  await until(momentS);
  await take(collector, browser, [
    ...(['light', 'dark'] as const).map((theme) => ({
      name: `map-${theme}`,
      at: async () => `/?window=1m&theme=${theme}&select=edge:${encodeURIComponent((await edge()).id)}`,
      ready: latency,
    })),
    {
      name: 'map-critical',
      at: async () => {
        return `/?theme=light&layer=critical&band=slow&entry=${encodeURIComponent(await entry())}`;
      },
      ready: (page) => page.getByRole('table', { name: 'What decides the latency' }).waitFor(),
    },
    {
      name: 'map-past',
      at: `/?theme=light&${stretch(failing)}`,
      ready: (page) => page.getByRole('region', { name: 'Time', exact: true }).locator('svg path').first().waitFor(),
    },
    {
      name: 'map-collapsed',
      at: async () => {
        const { nodes } = await read<Graph>('/api/graph?window=5m');
        const boxes = nodes.filter(({ namespace }) => namespace === 'data').map(({ cluster }) => `${cluster}/data/`);
        return `/?theme=light&boxes=namespace&collapsed=${encodeURIComponent([...new Set(boxes)].join(','))}`;
      },
    },
    { name: 'map-phone', at: '/?theme=light', width: 390, height: 844 },
    { name: 'map-kiosk', at: '/?theme=dark&kiosk=on', width: 1920, height: 1080 },
    { name: 'find', at: `/?theme=light&find=${encodeURIComponent('failing')}&hide=${encodeURIComponent('database')}` },
    {
      name: 'share',
      at: '/?theme=light',
      ready: async (page) => {
        await page.getByRole('button', { name: 'Share' }).click();
        await page.getByRole('dialog', { name: 'Share' }).waitFor();
      },
    },
    { name: 'embed', at: '/embed/map?theme=light', width: 640, height: 400 },
    ...(['light', 'dark'] as const).map((theme) => ({
      name: `trace-${theme}`,
      at: async () => {
        const { exemplars } = await edge();
        const traceId = Object.values(exemplars.errors)[0] ?? exemplars.p99;
        if (!traceId) throw new Error('no trace shows the failure');
        return `/trace/${traceId}?theme=${theme}`;
      },
      ready: (page: Page) => page.getByRole('table', { name: 'Critical path' }).waitFor(),
    })),
    ...(['flame', 'map'] as const).map((view) => ({
      name: `trace-${view}`,
      at: async () => `/trace/${(await read<TraceList>(slowest)).traces[0]?.traceId}?theme=light&view=${view}`,
    })),
    { name: 'search', at: `/search?theme=light&q=${encodeURIComponent('status = failed')}&window=5m` },
    { name: 'profile', at: async () => `/profile?theme=light&window=5m&entry=${encodeURIComponent(await entry())}` },
    {
      name: 'profile-dark',
      at: async () => `/profile?theme=dark&window=5m&entry=${encodeURIComponent(await entry())}`,
    },
    {
      name: 'compare-traces',
      at: async () => {
        const { traces } = await read<TraceList>(slowest);
        const quick = await read<TraceList>(`${slowest}&maxMs=${Math.round((traces[0]?.durationMs ?? 2) / 2)}`);
        return `/compare?theme=light&a=${quick.traces[0]?.traceId}&b=${traces[0]?.traceId}`;
      },
    },
    { name: 'compare-sets', at: `/compare?theme=light&a=${encodeURIComponent('status = failed')}&b=&window=5m` },
  ]);
}

/** 500 workloads and 2,000 edges, all of them in the answer before the picture is taken. */
async function ofLargeMesh(collector: RunningCollector, browser: OpenBrowser): Promise<void> {
  const edges = 2_000;
  const traffic = createTraffic(`http://${collector.otlpHttp}`, { workloads: 500, edges });
  try {
    for (let tries = 0, shown = 0; shown < edges; tries++) {
      if (tries === 60) throw new Error(`only ${shown} of ${edges} edges came`);
      if (tries % 10 === 0) await traffic.all();
      await traffic.some(2_000);
      await pause(1_000);
      shown = ((await (await fetch(`${collector.url}/api/graph?window=5m`)).json()) as Graph).edges.length;
    }
    await take(collector, browser, [
      { name: 'map-500', at: '/?theme=light&panel=closed', width: 800, height: 500, ready: () => pause(10_000) },
    ]);
  } finally {
    traffic.close();
  }
}

/** Takes pictures one after the other, each in a page of its own. */
async function take(collector: RunningCollector, browser: OpenBrowser, pictures: readonly Picture[]): Promise<void> {
  for (const picture of pictures.filter(isWanted)) {
    const { name, at, width = 1440, height = 900, ready } = picture;
    const page = await browser.page({ width, height });
    try {
      await page.goto(collector.url + (typeof at === 'string' ? at : await at()));
      const { pathname } = new URL(page.url());
      if (pathname === '/' || pathname === '/embed/map') await page.locator('[data-node]').first().waitFor();
      await ready?.(page);
      // what comes after the map: figures of the panel, the strip's volume, the last of a glide
      await pause(2_500);
      await writeFile(join(folder, `${name}.png`), shrinkPng(await page.screenshot()));
      console.log(`docs/pictures/${name}.png`);
    } catch (error) {
      problems.push(`cannot take the picture ${name}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      await page.close();
    }
  }
}

function isWanted({ name }: Picture): boolean {
  return wanted.length === 0 || wanted.includes(name);
}

async function withProduct(flags: readonly string[], command: string, use: typeof ofDemo): Promise<void> {
  const collector = await startCollector(flags, command);
  const startedMs = Date.now();
  try {
    const browser = await openBrowser(collector.url);
    await use(collector, browser, startedMs)
      .catch((error: unknown) => problems.push(`cannot take pictures of ${command}: ${String(error)}`))
      .finally(() => browser.close());
  } finally {
    await collector.stop();
  }
}

/** The edge to the payment provider, once it fails. errors: Error when it never does. */
async function failingEdge(read: () => Promise<Graph>): Promise<GraphEdge> {
  for (let tries = 0; tries < 60; tries++) {
    const { edges, nodes } = await read();
    const provider = nodes.find(({ name }) => name === 'api.stripe.example');
    const edge = edges.find(({ target, failed }) => target === provider?.id && failed > 0);
    if (edge) return edge;
    await pause(1_000);
  }
  throw new Error('the demo does not fail');
}
