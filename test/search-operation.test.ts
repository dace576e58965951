/** What the search takes for the name of a span. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TraceList } from '#shared/api.ts';
import { otlpJsonToProto } from '../collector/decode/otlp-json.ts';
import { settle, startServing, storeBodies } from './serve.ts';

const served = await startServing();
const { db } = served;
const tick = 1_800_000_000;

test('an operation alone is the name of a span, not the end of one; names of workloads and spans may hold spaces', async () => {
  const startMs = Date.UTC(2026, 0, 5, 12);
  const named = [
    ['the depot', 'GET'],
    ['depot', 'HTTP GET'],
    ['a/b', 'GET'],
    ['depot HTTP', 'POST'],
  ] as const;
  const resourceSpans = named.map(([service, name], i) => ({
    resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
    scopeSpans: [
      {
        spans: [
          {
            traceId: `${i + 1}`.padStart(32, 'e'),
            spanId: `${i + 1}`.padStart(16, 'e'),
            name,
            kind: 2,
            startTimeUnixNano: `${startMs}000000`,
            endTimeUnixNano: `${startMs + 10}000000`,
          },
        ],
      },
    ],
  }));
  await storeBodies(db, [otlpJsonToProto(JSON.stringify({ resourceSpans }))], tick);
  await settle(db, tick);
  const found = async (operation: string): Promise<string[]> => {
    const q = encodeURIComponent(`operation = "${operation}"`);
    const { traces } = (await served.json(`/api/traces?from=${startMs}&to=${startMs + 1}&q=${q}`)) as TraceList;
    return traces.map(({ root }) => `${root.service}|${root.operation}`).sort();
  };
  assert.deepEqual(await found('GET'), ['a/b|GET', 'the depot|GET']);
  assert.deepEqual(await found('HTTP GET'), ['depot|HTTP GET']);
  assert.deepEqual(await found('POST'), ['depot HTTP|POST']);
});
