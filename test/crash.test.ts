/**
 * kill -9 at ten random moments under load. The sender behaves as an SDK does: what was not acknowledged it sends again, so
 * some bodies arrive twice. Nothing acknowledged may be missing, and when all has settled the counts must be what was sent.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { Graph } from '#shared/api.ts';
import { writeOtlp } from '../collector/decode/otlp-write.ts';
import { createMesh } from '../fixtures/mesh.ts';
import { toRequest, type GeneratedSpan } from '../fixtures/mesh/otlp.ts';
import { createRandom } from '../fixtures/mesh/random.ts';
import { startCollector } from './run-collector.ts';

const kills = 10;
const settleSeconds = 15;

interface Body {
  readonly bytes: Uint8Array;
  readonly spanIds: readonly string[];
}

/** Sends bodies one after another until the collector dies. out: the bodies that were not acknowledged. */
async function sendUntilDeath(url: string, bodies: readonly Body[], acknowledged: Set<string>): Promise<Body[]> {
  const open = [...bodies];
  const unacknowledged: Body[] = [];
  const senders = Array.from({ length: 32 }, async () => {
    for (let body = open.shift(); body !== undefined; body = open.shift()) {
      try {
        const answer = await fetch(`http://${url}/v1/traces`, {
          method: 'POST',
          headers: { 'content-type': 'application/x-protobuf' },
          body: body.bytes.slice(),
        });
        if (!answer.ok) throw new Error(await answer.text());
        for (const id of body.spanIds) acknowledged.add(id);
      } catch {
        unacknowledged.push(body);
        return;
      }
      await wait(2);
    }
  });
  await Promise.all(senders);
  return [...unacknowledged, ...open];
}

function storedSpanIds(directory: string): Set<string> {
  const script = new URL('./stored-span-ids.ts', import.meta.url).pathname;
  return new Set(
    execFileSync(process.execPath, [script, directory], { encoding: 'utf8', maxBuffer: 2 ** 28 }).split('\n'),
  );
}

test('after kill -9 at ten moments every acknowledged span is there and the edges count exactly what was sent', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'throughline-crash-'));
  const flags = ['--store', `chdb:${directory}`, '--settle-after', `${settleSeconds}s`];
  const random = createRandom(Math.floor(Math.random() * 2 ** 31));
  const mesh = createMesh({ seed: random.below(2 ** 31) });
  const sent = new Map<string, { requests: number; failed: number }>();
  const acknowledged = new Set<string>();
  const from = Date.now() - 60_000;
  let rest: Body[] = [];
  const newBodies = (): Body[] => {
    const spans: GeneratedSpan[] = [];
    for (const trace of mesh.traces(Date.now(), 60)) {
      spans.push(...trace.spans);
      for (const [edge, { requests, failed }] of Object.entries(trace.truth.edges)) {
        const total = sent.get(edge) ?? { requests: 0, failed: 0 };
        sent.set(edge, { requests: total.requests + requests, failed: total.failed + failed });
      }
    }
    const shuffled = spans.map((span) => ({ span, at: random.next() })).sort((a, b) => a.at - b.at);
    const bodies: Body[] = [];
    for (let at = 0; at < shuffled.length; at += 8) {
      const some = shuffled.slice(at, at + 8).map(({ span }) => span);
      bodies.push({ bytes: writeOtlp(toRequest(some)), spanIds: some.map(({ span }) => String(span.spanId)) });
    }
    return bodies;
  };
  try {
    for (let kill = 0; kill < kills; kill++) {
      // Senders hold little back: new requests come when the bodies of those before are through.
      if (rest.length === 0) rest = newBodies();
      const collector = await startCollector(flags);
      const sending = sendUntilDeath(collector.otlpHttp, rest, acknowledged);
      await wait(100 + random.below(1800));
      await collector.kill();
      rest = await sending;
      const stored = storedSpanIds(directory);
      const missing = [...acknowledged].filter((id) => !stored.has(id));
      assert.deepEqual(missing, [], `after kill ${kill + 1} acknowledged spans are missing`);
    }
    const collector = await startCollector(flags);
    try {
      rest = await sendUntilDeath(collector.otlpHttp, rest, acknowledged);
      assert.equal(rest.length, 0);
      // The second of the last commit has to be over before its spans are followed.
      await wait(2500);
      let graph: Graph;
      const until = Date.now() + 60_000;
      do {
        await wait(500);
        const answer = await fetch(`${collector.url}/api/graph?from=${from}&to=${Date.now() + 60_000}`);
        assert.equal(answer.status, 200);
        graph = (await answer.json()) as Graph;
      } while (graph.unsettled > 0 && Date.now() < until);
      assert.equal(graph.unsettled, 0);
      const names = new Map(graph.nodes.map(({ id, name }) => [id, name]));
      const counted = new Map<string, { requests: number; failed: number }>();
      for (const { source, target, calls, failed } of graph.edges) {
        counted.set(`${names.get(source)} -> ${names.get(target)}`, { requests: calls, failed });
      }
      const sorted = (edges: typeof counted) => Object.fromEntries([...edges].sort(([a], [b]) => (a < b ? -1 : 1)));
      assert.deepEqual(sorted(counted), sorted(sent));
    } finally {
      await collector.stop();
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
