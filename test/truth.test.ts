/**
 * Recordings of real Envoys through the doors, the store and the derivation of the running product: the map has what the
 * applications saw, also when all of it comes a second time as single spans, and all is mixed (other orders: recordings.test.ts).
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Graph } from '#shared/api.ts';
import { createPoster } from '../fixtures/post.ts';
import { getJson } from './map-truth.ts';
import { arrivals, recordedBodies } from './recordings.ts';
import { startCollector } from './run-collector.ts';

interface RecordedTruth {
  readonly edges: Readonly<Record<string, { requests: number; failed: number; client_errors: number }>>;
  readonly requests_without_a_span: Readonly<Record<string, number>>;
}

/** Spans are recorded with the times of the recording. */
const window = 'window=365d&probes=true';

for (const recording of ['healthy', 'faults'] as const) {
  for (const arrival of ['as sent', 'doubled'] as const) {
    test(`${recording} ${arrival}: every edge has the requests and failures of its truth`, async (t) => {
      const collector = await startCollector(['--settle-after', '10s']);
      t.after(() => collector.kill());
      const bodies = arrivals[arrival](recordedBodies(recording));
      const poster = createPoster(`http://${collector.otlpHttp}`, { connections: 500 });
      await Promise.all(bodies.map((body) => poster.post(body, {})));
      poster.close();
      assert.equal(poster.counts().accepted, bodies.length);
      let graph: Graph;
      do {
        await pause(500);
        graph = (await getJson(collector, `/api/graph?${window}`)) as Graph;
      } while (graph.unsettled > 0 || graph.edges.length === 0);
      assert.deepEqual(countsOf(graph), expected(recording));
    });
  }
}

function expected(recording: string) {
  const file = new URL(`../fixtures/recordings/${recording}/TRUTH.json`, import.meta.url);
  const truth = JSON.parse(readFileSync(file, 'utf8')) as RecordedTruth;
  return Object.fromEntries(
    Object.entries(truth.edges).map(([edge, { requests, failed, client_errors: clientErrors }]) => [
      edge,
      { requests: requests - (truth.requests_without_a_span[edge] ?? 0), failed, clientErrors },
    ]),
  );
}

function countsOf({ nodes, edges }: Graph) {
  const names = new Map(nodes.map(({ id, name }) => [id, name]));
  return Object.fromEntries(
    edges.map(({ source, target, calls, failed, clientErrors }) => [
      `${names.get(source)} -> ${names.get(target)}`,
      { requests: calls, failed, clientErrors },
    ]),
  );
}
