/**
 * Pictures of the product for the documents: map and trace, light and dark, 1440×900, into docs/pictures. Starts the demo,
 * waits for the part of its round in which a payment provider fails, and photographs what a browser shows.
 *
 *   npm run pictures
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Graph, GraphEdge } from '#shared/api.ts';
import { openBrowser } from '../test/open-browser.ts';
import { startCollector } from '../test/run-collector.ts';

const folder = join(import.meta.dirname, '..', 'docs', 'pictures');
/** Seconds into the demo's round when the last minute holds the calm, the failing payments and the slow database. */
const momentS = 56;

const collector = await startCollector([], 'demo');
const browser = await openBrowser(collector.url);
try {
  await mkdir(folder, { recursive: true });
  await pause(momentS * 1000);
  const edge = await failingEdge();
  const traceId = Object.values(edge.exemplars.errors)[0] ?? edge.exemplars.p99;
  if (traceId === undefined || traceId === null)
    throw new Error('cannot take the pictures: no trace shows the failure');
  const page = await browser.page();
  for (const theme of ['light', 'dark'] as const) {
    await page.goto(`${collector.url}/?window=1m&theme=${theme}&select=edge:${edge.id}`);
    await page.locator('a[data-node]').first().waitFor();
    await page.getByRole('table', { name: 'Latency' }).waitFor();
    await pause(2_000);
    await page.screenshot({ path: join(folder, `map-${theme}.png`) });
    await page.goto(`${collector.url}/trace/${traceId}?theme=${theme}`);
    await page.getByRole('table', { name: 'Critical path' }).waitFor();
    await pause(1_000);
    await page.screenshot({ path: join(folder, `trace-${theme}.png`) });
  }
} finally {
  await browser.close();
  await collector.stop();
}

/** The edge to the payment provider, once it fails. errors: Error when it never does. */
async function failingEdge(): Promise<GraphEdge> {
  for (let tries = 0; tries < 60; tries++) {
    const answer = await fetch(`${collector.url}/api/graph?window=1m`);
    const { edges, nodes } = (await answer.json()) as Graph;
    const provider = nodes.find(({ name }) => name === 'api.stripe.example');
    const edge = edges.find(({ target, failed }) => target === provider?.id && failed > 0);
    if (edge) return edge;
    await pause(1_000);
  }
  throw new Error('cannot take the pictures: the demo does not fail');
}
