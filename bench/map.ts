/**
 * How the live map bears a big mesh: 500 workloads and 2 000 edges through a real collector into the built page, in the
 * Chromium of the tests (no GPU: pictures are drawn by the CPU). Measured: from the graph's arrival to the first picture, and
 * frame times while the map is dragged and zoomed by mouse for some seconds each and the graph changes every second. In the
 * same run and browser, the same graph in Cytoscape.js with cytoscape-dagre, whose numbers change every second as well.
 *
 * Usage: node bench/map.ts [--workloads N] [--edges N] [--seconds N] [--save]; needs `npm run build`. --save adds the table to
 * bench/map-results.md.
 */
import { appendFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import type { Graph } from '#shared/api.ts';
import { openBrowser } from '../test/open-browser.ts';
import { startCollector } from '../test/run-collector.ts';
import { openCytoscape } from './map-cytoscape.ts';
import { pan, watchFrames, zoom, type Frames } from './map-frames.ts';
import { createTraffic } from './map-traffic.ts';

const { values: flags } = parseArgs({
  options: {
    workloads: { type: 'string', default: '500' },
    edges: { type: 'string', default: '2000' },
    seconds: { type: 'string', default: '5' },
    save: { type: 'boolean', default: false },
  },
});
const [workloads, edges, seconds] = [Number(flags.workloads), Number(flags.edges), Number(flags.seconds)];
/** Of the map's ground where the hand takes hold: the lower left, where a fitted map leaves room. */
const free = { x: 330, y: 780 };
const middle = { x: 700, y: 430 };

interface Run {
  readonly what: string;
  readonly firstPictureMs: number;
  readonly pan: Frames;
  readonly zoom: Frames;
}

const loadBefore = loadavg()[0] ?? 0;
const collector = await startCollector(['--settle-after', '2s']);
const browser = await openBrowser(collector.url);
const traffic = createTraffic(`http://${collector.otlpHttp}`, { workloads, edges });
try {
  const graph = await fill();
  console.log(`${graph.nodes.length} workloads, ${graph.edges.length} edges`);
  const runs = [await measureMap(graph), await measureCytoscape(graph)];
  const table = [
    '| map | first picture ms | pan p50 / p95 / most ms | zoom p50 / p95 / most ms | tasks > 100 ms, longest |',
    '| --- | --- | --- | --- | --- |',
    ...runs.map(lineOf),
  ];
  console.log(table.join('\n'));
  if (flags.save) save(graph, table);
} finally {
  traffic.close();
  await browser.close();
  await collector.stop();
}

/** Sends the mesh until the collector shows all of it. */
async function fill(): Promise<Graph> {
  for (let tries = 0; tries < 60; tries++) {
    if (tries % 10 === 0) await traffic.all();
    const answer = await fetch(`${collector.url}/api/graph?window=15m`);
    const graph = (await answer.json()) as Graph;
    if (graph.edges.length >= edges && graph.unsettled === 0) return graph;
    await pause(1_000);
  }
  throw new Error('cannot fill the map: the collector does not show every edge');
}

async function measureMap(graph: Graph): Promise<Run> {
  const wanted = { nodes: graph.nodes.length, edges: graph.edges.length };
  const page = await browser.page();
  // the graph has arrived when its text is parsed; a picture is there a frame after the last card and all edges: as elements,
  // or painted on the canvas that says how many it shows
  await page.addInitScript((wanted) => {
    const times = { data: 0, picture: 0 };
    Object.assign(globalThis, { times });
    const { parse } = JSON;
    JSON.parse = (text: string, ...rest: []) => {
      if (times.data === 0 && text.length > 50_000) times.data = performance.now();
      return parse(text, ...rest) as unknown;
    };
    const observer = new MutationObserver(() => {
      const painted = Number(document.querySelector('canvas')?.dataset['edges'] ?? 0);
      const edgesDrawn = Math.max(painted, document.querySelectorAll('a[data-edge] .line').length);
      if (edgesDrawn < wanted.edges || document.querySelectorAll('a[data-node]').length < wanted.nodes) return;
      observer.disconnect();
      requestAnimationFrame(() => requestAnimationFrame(() => (times.picture = performance.now())));
    });
    observer.observe(document, { childList: true, subtree: true, attributeFilter: ['data-edges'] });
  }, wanted);
  await page.goto(`${collector.url}/?window=15m&panel=closed`);
  await page.waitForFunction(() => (globalThis as unknown as { times: { picture: number } }).times.picture > 0);
  const times = await page.evaluate(
    () => (globalThis as unknown as { times: { data: number; picture: number } }).times,
  );
  const frames = await move(page, () => traffic.some(400));
  await page.close();
  return { what: 'Throughline', firstPictureMs: times.picture - times.data, ...frames };
}

async function measureCytoscape(graph: Graph): Promise<Run> {
  const page = await browser.page();
  const require = createRequire(import.meta.url);
  const cytoscape = await openCytoscape(page, graph, {
    library: require.resolve('cytoscape/dist/cytoscape.min.js'),
    layout: require.resolve('cytoscape-dagre').replace(/cytoscape-dagre\.js$/, 'cytoscape-dagre.min.js'),
  });
  const frames = await move(page, cytoscape.change);
  await page.close();
  return { what: 'Cytoscape.js 3.34, dagre', firstPictureMs: cytoscape.firstPictureMs, ...frames };
}

/** Pans and zooms while something changes every second. */
async function move(page: Page, change: () => Promise<void>): Promise<Pick<Run, 'pan' | 'zoom'>> {
  await pause(3_000);
  await watchFrames(page);
  let running = true;
  const changing = (async () => {
    while (running) {
      await change();
      await pause(1_000);
    }
  })();
  const panned = await pan(page, free, seconds);
  const zoomed = await zoom(page, middle, seconds);
  running = false;
  await changing;
  return { pan: panned, zoom: zoomed };
}

function lineOf(run: Run): string {
  const ms = (value: number) => value.toFixed(value < 100 ? 1 : 0);
  const frames = ({ p50Ms, p95Ms, mostMs }: Frames) => `${ms(p50Ms)} / ${ms(p95Ms)} / ${ms(mostMs)}`;
  const tasks = run.pan.longTasks + run.zoom.longTasks;
  const longest = Math.max(run.pan.longestTaskMs, run.zoom.longestTaskMs);
  const cells = [
    run.what,
    run.firstPictureMs.toFixed(0),
    frames(run.pan),
    frames(run.zoom),
    `${tasks}, ${ms(longest)} ms`,
  ];
  return `| ${cells.join(' | ')} |`;
}

function save(graph: Graph, table: readonly string[]): void {
  const lines = [
    '',
    `## ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC, ${graph.nodes.length} workloads, ${graph.edges.length} edges`,
    '',
    `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.version}, 1440×900 without a GPU, load average before ${loadBefore.toFixed(1)}`,
    '',
    ...table,
    '',
  ];
  appendFileSync(new URL('map-results.md', import.meta.url), lines.join('\n'));
}
