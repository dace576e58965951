/** The program's own metrics and traces: what is counted is shown, and without --own-traces there are none. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createByteBudget } from '../collector/receive/limits.ts';
import { createOtlpHttp } from '../collector/receive/otlp-http.ts';
import {
  describeMetrics,
  doorMeter,
  metrics,
  readCounter,
  renderMetrics,
  startOwnTraces,
  traced,
  watch,
} from '../collector/self.ts';

describe('own metrics', () => {
  test('what is counted is shown and can be read back, over all labels or some', async () => {
    doorMeter.refused('http', 'unavailable');
    doorMeter.refused('grpc', 'unavailable');
    doorMeter.refused('grpc', 'too-large');
    assert.equal(await readCounter(metrics.refusedRequests), 3);
    assert.equal(await readCounter(metrics.refusedRequests, { code: 'unavailable' }), 2);
    const { contentType, text } = await renderMetrics();
    assert.match(contentType, /^text\/plain; version=0.0.4/);
    assert.match(text, /^throughline_refused_requests_total\{door="grpc",code="too-large"\} 1$/m);
  });

  test('bodies read are counted by door and encoding, their bytes by door, however often somebody looks', async () => {
    doorMeter.received('http', 'protobuf', 100);
    doorMeter.received('http', 'json', 20);
    await renderMetrics();
    doorMeter.received('http', 'protobuf', 3);
    doorMeter.received('grpc', 'protobuf', 5);
    const { text } = await renderMetrics();
    assert.match(text, /^throughline_received_bodies_total\{door="http",encoding="protobuf"\} 2$/m);
    assert.match(text, /^throughline_received_bodies_total\{door="http",encoding="json"\} 1$/m);
    assert.match(text, /^throughline_received_bytes_total\{door="http"\} 123$/m);
    assert.match(text, /^throughline_received_bytes_total\{door="grpc"\} 5$/m);
    assert.equal((await renderMetrics()).text.match(/received_bytes_total\{door="grpc"\} 5$/m)?.length, 1);
  });

  test('watched gauges are asked for when somebody looks', async () => {
    let used = 5;
    watch({ bufferedBytes: () => used });
    assert.match((await renderMetrics()).text, /^throughline_buffered_bytes 5$/m);
    used = 7;
    watch({ bufferedBytes: () => used });
    const { text } = await renderMetrics();
    assert.match(text, /^throughline_buffered_bytes 7$/m);
    assert.match(text, /^process_resident_memory_bytes \d/m);
  });

  test('every metric of the program has its prefix, a unit or _total, and help', () => {
    const own = describeMetrics().filter(({ name }) => name.startsWith('throughline_'));
    assert.equal(own.length, Object.keys(metrics).length);
    for (const { name, help } of own) {
      assert.match(name, /_(total|seconds|bytes|spans|traces|clients)$/);
      assert.ok(help.length > 10, name);
    }
  });
});

describe('own traces', () => {
  test('without an address traced() just runs what it is given', async () => {
    const stop = await startOwnTraces(undefined, '0');
    assert.equal(await traced('tick', {}, () => 7), 7);
    await assert.rejects(
      traced('tick', {}, () => {
        throw new Error('x');
      }),
      /x/,
    );
    await stop();
  });

  test('with an address spans of traced() go there, errors marked, and nothing else does', async () => {
    const bodies: string[] = [];
    const door = await createOtlpHttp({
      address: { host: '127.0.0.1', port: 0 },
      receive: async (body) => {
        bodies.push(Buffer.from(body).toString());
        return { rejected: 0, message: '' };
      },
      budget: createByteBudget(1 << 20),
      maxBodyBytes: 1 << 20,
      maxConnections: 10,
      token: '',
      tls: undefined,
      meter: { received: () => {}, refused: () => {}, dropped: () => {} },
      onBug: () => {},
    });
    const stop = await startOwnTraces(`http://127.0.0.1:${door.address.port}`, '1.2.3');
    assert.equal(await traced('derive tick', { tick: 5 }, async () => 7), 7);
    await assert.rejects(
      traced('GET /api/graph', {}, () => Promise.reject(new Error('store down'))),
      /store down/,
    );
    await fetch(`http://127.0.0.1:${door.address.port}/`);
    await stop();
    await door.close();
    const spans = bodies.flatMap((body) => {
      const { resourceSpans } = JSON.parse(body) as {
        resourceSpans: { scopeSpans: { spans: { name: string; status: object }[] }[] }[];
      };
      return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
    });
    assert.deepEqual(
      spans.map(({ name, status }) => [name, status]),
      [
        ['derive tick', { code: 0 }],
        ['GET /api/graph', { code: 2, message: 'store down' }],
      ],
    );
    assert.match(bodies[0] ?? '', /"service.name","value":\{"stringValue":"throughline"\}/);
  });
});
