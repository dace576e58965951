/** The generated mesh against the running product: out of order, split, partly twice, and still the exact map. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeOtlp } from '../collector/decode/otlp-write.ts';
import { createMesh } from '../fixtures/mesh.ts';
import { createRandom } from '../fixtures/mesh/random.ts';
import { toRequest, type GeneratedSpan } from '../fixtures/mesh/otlp.ts';
import { createPoster } from '../fixtures/post.ts';
import { createTruthCounter } from '../fixtures/truth.ts';
import { readSettledMap } from './map-truth.ts';
import { startCollector } from './run-collector.ts';

test('every edge of the map has the calls and failures of the mesh, whatever the order of arrival', async (t) => {
  const collector = await startCollector(['--settle-after', '5s']);
  t.after(() => collector.kill());
  const { bodies, truth } = shuffledBodies();
  const poster = createPoster(`http://${collector.otlpHttp}`, { connections: 32 });
  await Promise.all(bodies.map((spans) => poster.post(writeOtlp(toRequest(spans)), {})));
  poster.close();
  assert.equal(poster.counts().accepted, bodies.length);
  const { edges, versions } = await readSettledMap(collector, truth);
  assert.deepEqual(edges, truth.edges);
  assert.deepEqual(versions, truth.versions);
});

/** A round of faults within the last minutes; ten seconds' spans at a time mixed, every twentieth body twice. */
function shuffledBodies() {
  const originMs = Date.now() - 120_000;
  const mesh = createMesh({ seed: 21, originMs });
  const { below } = createRandom(4);
  const counter = createTruthCounter();
  const bodies: GeneratedSpan[][] = [];
  for (let fromS = 0; fromS < 90; fromS += 10) {
    const spans: GeneratedSpan[] = [];
    for (let second = fromS; second < fromS + 10; second++) {
      for (const trace of mesh.traces(originMs + second * 1000, 6)) {
        counter.add(trace.truth);
        spans.push(...trace.spans);
      }
    }
    for (let i = spans.length - 1; i > 0; i--) {
      const j = below(i + 1);
      [spans[i], spans[j]] = [spans[j]!, spans[i]!];
    }
    const mixed: GeneratedSpan[][] = [];
    while (spans.length > 0) mixed.push(spans.splice(0, 1 + below(40)));
    bodies.push(...mixed, ...mixed.filter((_, index) => index % 20 === 0));
  }
  return { bodies, truth: counter.read() };
}
