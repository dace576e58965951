/** The running product's map in the terms of a mesh's truth, so that a test can compare the two. */
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { graph as graphSchema, type Graph, type GraphEdge } from '#shared/api.ts';
import type { Count, Truth } from '../fixtures/truth.ts';
import type { RunningCollector } from './run-collector.ts';

/** Envoy holds spans for up to 5 s, then a trace has to settle; the rest is for a slow machine. */
const limitMs = 60_000;

/**
 * Waits for the map to hold as many calls as the truth, all settled.
 * out: its edges in the truth's terms; what it was last seen with, when that never came.
 */
export async function readSettledMap(collector: RunningCollector, truth: Truth) {
  const deadline = performance.now() + limitMs;
  const wanted = Object.values(truth.edges).reduce((sum, { requests: one }) => sum + one, 0);
  for (;;) {
    const shown = await getGraph(collector, '?window=15m');
    const edges = toCounts(shown.edges, ({ source, target }) => `${nameOf(source)} -> ${nameOf(target)}`);
    const calls = Object.values(edges).reduce((sum, { requests: one }) => sum + one, 0);
    if ((calls >= wanted && shown.unsettled === 0) || performance.now() > deadline) {
      const byVersion = await getGraph(collector, '?window=15m&groupBy=version');
      const reviews = byVersion.edges.filter(({ target }) => nameOf(target) === 'reviews');
      const versions = toCounts(reviews, (e) => `${nameOf(e.source)} -> ${nameOf(e.target)} ${e.targetVersion}`);
      return { shown, edges, versions };
    }
    await pause(500);
  }
}

async function getGraph(collector: RunningCollector, query: string): Promise<Graph> {
  return graphSchema.parse(await getJson(collector, `/api/graph${query}`));
}

export async function getJson(collector: RunningCollector, path: string): Promise<unknown> {
  const answer = await fetch(collector.url + path);
  assert.equal(answer.status, 200, `${path}: ${answer.status}`);
  return answer.json();
}

function toCounts(edges: readonly GraphEdge[], nameEdge: (edge: GraphEdge) => string): Record<string, Count> {
  const counts: Record<string, Count> = {};
  for (const edge of edges) {
    const count = (counts[nameEdge(edge)] ??= { requests: 0, failed: 0 });
    count.requests += edge.calls;
    count.failed += edge.failed;
  }
  return counts;
}

export function edgeNamed({ edges }: Graph, name: string): GraphEdge {
  const found = edges.find(({ source, target }) => `${nameOf(source)} -> ${nameOf(target)}` === name);
  assert.ok(found, `no edge ${name}`);
  return found;
}

/** Name of a node id, `cluster/namespace/name`. */
function nameOf(id: string): string {
  return id.split('/')[2] ?? id;
}
