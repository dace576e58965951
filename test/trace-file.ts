/** Files of traces for tests: sending one to be opened, and a trace with everything a format could lose. */
import assert from 'node:assert/strict';
import type { Trace } from '#shared/api.ts';
import type { Served } from './serve.ts';

export type Sent = string | Uint8Array;

const post = (served: Served, body: Sent): Promise<Response> =>
  served.get('/api/traces/open', { method: 'POST', body: body as NonNullable<RequestInit['body']> });

/** errors: when the file is not taken. */
export async function openedTraces(served: Served, body: Sent): Promise<Trace[]> {
  const response = await post(served, body);
  const text = await response.text();
  assert.equal(response.status, 200, text.slice(0, 300));
  return JSON.parse(text) as Trace[];
}

/** The message a file is refused with. */
export async function refusalOf(served: Served, body: Sent): Promise<string> {
  const response = await post(served, body);
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  assert.deepEqual([response.status, error.code], [400, 'bad-request'], error.message);
  assert.match(error.message, /^cannot open file: /);
  return error.message;
}

const startNs = 1_790_000_000_000_000_000n;
const time = (ns: number): string => (startNs + BigInt(ns)).toString();
const attribute = (key: string, value: unknown): unknown => ({ key, value });

/** A trace as OTLP JSON: every type of value, events, links, statuses and spans without a status or kind. */
export function typedTrace(traceId: string): unknown {
  const root = '61'.repeat(8);
  const span = (more: object): object => ({
    traceId,
    kind: 1,
    startTimeUnixNano: time(0),
    endTimeUnixNano: time(9_000_000),
    ...more,
  });
  const resource = {
    attributes: [
      attribute('service.name', { stringValue: 'web' }),
      attribute('service.version', { stringValue: 'v7' }),
      attribute('k8s.namespace.name', { stringValue: 'shop' }),
      attribute('process.pid', { intValue: '42' }),
    ],
  };
  return {
    resourceSpans: [
      {
        resource,
        scopeSpans: [
          {
            scope: { name: 'lib', version: '1' },
            spans: [
              span({ spanId: root, name: 'root', kind: 2, status: { code: 1 } }),
              span({
                spanId: '62'.repeat(8),
                parentSpanId: root,
                name: 'typed',
                kind: 3,
                traceState: 'a=b',
                startTimeUnixNano: time(1_500),
                endTimeUnixNano: time(2_501_999),
                attributes: [
                  attribute('text', { stringValue: '<b>&"' }),
                  attribute('yes', { boolValue: true }),
                  attribute('small', { intValue: '-42' }),
                  attribute('large', { intValue: '9223372036854775807' }),
                  attribute('real', { doubleValue: 0.5 }),
                  attribute('nan', { doubleValue: 'NaN' }),
                  attribute('bytes', { bytesValue: 'AAEC' }),
                  attribute('list', { arrayValue: { values: [{ intValue: '1' }, { stringValue: 'b' }] } }),
                  attribute('map', { kvlistValue: { values: [attribute('k', { boolValue: false })] } }),
                  attribute('error', { stringValue: 'true' }),
                  attribute('peer.service', { stringValue: 'db' }),
                ],
                events: [
                  { name: 'plain', timeUnixNano: time(500_000) },
                  { name: 'with', timeUnixNano: time(600_000), attributes: [attribute('n', { intValue: '2' })] },
                ],
                links: [{ traceId: 'b'.repeat(32), spanId: 'c'.repeat(16) }],
                status: { code: 2, message: 'boom' },
              }),
            ],
          },
          {
            spans: [
              span({
                spanId: '63'.repeat(8),
                parentSpanId: root,
                name: 'unsaid',
                kind: 0,
                attributes: [attribute('error', { boolValue: true })],
              }),
              span({ spanId: '64'.repeat(8), parentSpanId: root, name: 'internal' }),
              span({ spanId: '65'.repeat(8), parentSpanId: 'f'.repeat(16), name: 'orphan', kind: 4 }),
              span({
                spanId: '66'.repeat(8),
                parentSpanId: '65'.repeat(8),
                name: 'consumed',
                kind: 5,
                status: { code: 2 },
              }),
            ],
          },
        ],
      },
    ],
  };
}
