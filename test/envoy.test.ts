/** Real Envoy sidecars against the running product: the map shows exactly what their applications counted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trace as traceSchema, traceList } from '#shared/api.ts';
import { fetchEnvoy } from '../fixtures/envoy/fetch.ts';
import { startMesh } from '../fixtures/envoy/mesh.ts';
import { edgeNamed, getJson, readSettledMap } from './map-truth.ts';
import { startCollector, type RunningCollector } from './run-collector.ts';

const requests = 160;
/** Envoy holds spans for up to 5 s, a trace settles 8 s after its last one; the rest is for a slow machine. */
const settleAfter = '8s';

const binary = await fetchEnvoy();
const skip = binary === undefined ? 'no Envoy on this machine (the reason is above)' : false;

for (const exporter of ['http', 'grpc'] as const) {
  test(
    `what sidecars send over OTLP/${exporter} gives the calls and failures their applications saw`,
    { skip },
    async (t) => {
      const collector = await startCollector(['--settle-after', settleAfter]);
      t.after(() => collector.kill());
      const door = exporter === 'http' ? collector.otlpHttp : collector.otlpGrpc;
      const mesh = await startMesh({ binary: binary ?? '', exporter, collector: door });
      t.after(() => mesh.stop());
      const truth = await mesh.drive(requests);

      const { edges, versions, shown } = await readSettledMap(collector, truth);
      assert.deepEqual(edges, truth.edges);
      assert.deepEqual(versions, truth.versions);
      assert.equal(edges['users -> istio-ingressgateway']?.requests, requests, 'probes are no requests of users');
      assert.ok(truth.probes > 0);

      const retried = edgeNamed(shown, 'frontend -> reviews');
      assert.ok(retried.attempts > retried.calls, 'retries by a sidecar are attempts, not calls');
      const again = edgeNamed(shown, 'istio-ingressgateway -> frontend');
      assert.ok(again.attempts > again.calls, 'retries by the gateway are attempts, not calls');
      const flags = (name: string) =>
        edgeNamed(shown, name).errors.map(({ code, flag, origin }) => `${code} ${flag} ${origin}`);
      assert.deepEqual(flags('frontend -> recommendations'), ['503 UH proxy']);
      assert.deepEqual(flags('frontend -> legacy'), ['503 URX,UF proxy']);
      assert.ok(flags('frontend -> inventory').includes('504 UT proxy'));
      assert.ok(flags('frontend -> payment').includes('503 FI proxy'));
      assert.equal(shown.nodes.find(({ name }) => name === 'api.stripe.example')?.kind, 'external');

      await assertCriticalPaths(collector);
    },
  );
}

/** Of the slowest and the newest traces. */
async function assertCriticalPaths(collector: RunningCollector): Promise<void> {
  for (const order of ['slowest', 'recent']) {
    const { traces } = traceList.parse(await getJson(collector, `/api/traces?order=${order}&limit=10`));
    assert.ok(traces.length > 0);
    for (const { traceId, durationMs } of traces) {
      const { criticalPath, spans } = traceSchema.parse(await getJson(collector, `/api/traces/${traceId}`));
      const pathNs = criticalPath.reduce((sum, { startNs, endNs }) => sum + endNs - startNs, 0);
      const root = spans[0];
      assert.ok(root);
      assert.equal(pathNs, root.durationNs, `critical path of ${traceId}`);
      // What outlives its root (a caller that hung up) makes the trace longer than its path.
      const lastNs = Math.max(...spans.map((span) => span.startNs + span.durationNs));
      assert.ok(Math.abs(lastNs / 1e6 - durationMs) < 0.001, `duration of ${traceId}`);
    }
  }
}
