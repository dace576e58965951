/** Rules C7, C8, C9 and C11: what a call came to, each on a trace small enough to read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mark, type Span } from '#shared/span.ts';
import { callBetween, callsIn, into, oneHop, out, proxy, span, traceCalls, type Given } from './span-builder.ts';

const verdictOf = (given: Partial<Given>, options?: { fourXxIsFailure: boolean }) => {
  const [call] = callsIn([span({ id: 'c', service: 'a', kind: 'client', peer: 'b', ...given })], options);
  return call?.failed ? 'failed' : call?.clientError ? 'client error' : 'ok';
};

test('C7 verdict: by HTTP code, gRPC code, then status', () => {
  for (const httpCode of [0, 500, 503, 599]) assert.equal(verdictOf({ httpCode }), 'failed', `${httpCode}`);
  for (const httpCode of [400, 404, 429, 499])
    assert.equal(verdictOf({ httpCode, statusCode: 2 }), 'client error', `${httpCode}`);
  for (const httpCode of [101, 200, 302]) assert.equal(verdictOf({ httpCode }), 'ok', `${httpCode}`);
  for (const grpcCode of [2, 4, 12, 13, 14, 15])
    assert.equal(verdictOf({ httpCode: 200, grpcCode }), 'failed', `grpc ${grpcCode}`);
  for (const grpcCode of [1, 3, 5, 7, 8, 16])
    assert.equal(verdictOf({ grpcCode, statusCode: 2 }), 'client error', `grpc ${grpcCode}`);
  assert.equal(verdictOf({ httpCode: 200, grpcCode: 0 }), 'ok');
  assert.equal(verdictOf({ statusCode: 2 }), 'failed');
  assert.equal(verdictOf({ marks: mark.error }), 'failed');
  assert.equal(verdictOf({ marks: mark.error, statusCode: 1 }), 'ok');
  assert.equal(verdictOf({ httpCode: 404, marks: mark.error }), 'client error');
});

test('C7 verdict: DC with a 200 is no error, with no response it is', () => {
  assert.equal(verdictOf({ httpCode: 200, responseFlags: 'DC', marks: mark.canceled }), 'ok');
  assert.equal(verdictOf({ httpCode: 0, responseFlags: 'DC', marks: mark.canceled }), 'failed');
});

test('C7 verdict: the caller decides when it says anything, else the callee', () => {
  const spans = (caller: Partial<Given>, callee: Partial<Given>) => [
    span({ id: 'c', service: 'a', kind: 'client', ...caller }),
    span({ id: 's', parent: 'c', service: 'b', kind: 'server', ...callee }),
  ];
  assert.equal(callsIn(spans({ httpCode: 200 }, { httpCode: 0 }))[0]?.failed, false);
  assert.equal(callsIn(spans({ httpCode: 504 }, { httpCode: 200 }))[0]?.failed, true);
  assert.equal(callsIn(spans({}, { httpCode: 500 }))[0]?.failed, true);
  const silentApp = [
    span({ id: 'app', service: 'a', kind: 'client' }),
    proxy({ id: 'out', parent: 'app', service: 'a', kind: 'client', httpCode: 503 }),
  ];
  assert.equal(callsIn(silentApp)[0]?.failed, true);
});

test('C7 verdict: client errors are failures when configured', () => {
  assert.equal(verdictOf({ httpCode: 404 }, { fourXxIsFailure: true }), 'failed');
  const { failedOf } = traceCalls([span({ id: 'a', httpCode: 404 })], { fourXxIsFailure: true });
  assert.equal(failedOf(0), true);
  assert.equal(traceCalls([span({ id: 'a', httpCode: 404 })]).failedOf(0), false);
});

const errorOf = (...spans: Span[]) => {
  const { error } = callsIn(spans)[0] ?? {};
  return error && `${error.code}|${error.flag}|${error.reason}|${error.origin}`;
};
test('C8 error type: the proxy answered when a flag says so', () => {
  assert.equal(errorOf(out({ httpCode: 503, responseFlags: 'UH' })), '503|UH|no healthy upstream|proxy');
  assert.equal(errorOf(out({ httpCode: 404, responseFlags: 'NR' })), '404|NR|no route|proxy');
  assert.equal(errorOf(out({ httpCode: 503, responseFlags: 'FI' })), '503|FI|fault injected|proxy');
  assert.equal(
    errorOf(out({ httpCode: 504, responseFlags: 'UT' }), into({ httpCode: 0, responseFlags: 'DC' })),
    '504|UT|upstream request timeout|proxy',
  );
  assert.equal(
    errorOf(out({ httpCode: 503, responseFlags: 'URX,UF' })),
    '503|URX,UF|retries exhausted, upstream connection failure|proxy',
  );
});

test('C8 error type: the flag may be on the side of the callee', () => {
  assert.equal(
    errorOf(out({ httpCode: 503 }), into({ httpCode: 503, responseFlags: 'UF' })),
    '503|UF|upstream connection failure|proxy',
  );
  assert.equal(
    errorOf(out({ httpCode: 429 }), into({ httpCode: 429, responseFlags: 'RL' })),
    '429|RL|rate limited|proxy',
  );
});

test('C8 error type: the application answered when no flag denies it', () => {
  assert.equal(errorOf(out({ httpCode: 503 }), into({ httpCode: 503 })), '503||service unavailable|app');
  assert.equal(errorOf(out({ httpCode: 500 })), '500||internal server error|app');
  assert.equal(
    errorOf(out({ httpCode: 200, grpcCode: 14 }), into({ httpCode: 200, grpcCode: 14 })),
    'grpc 14||unavailable|app',
  );
});

test('C8 error type: retries used up on answers are the application, on silence the proxy', () => {
  assert.equal(
    errorOf(out({ httpCode: 503, responseFlags: 'URX' }), into({ httpCode: 503 })),
    '503|URX|retries exhausted|app',
  );
  assert.equal(errorOf(out({ httpCode: 503, responseFlags: 'URX' })), '503|URX|retries exhausted|proxy');
  assert.equal(
    errorOf(out({ httpCode: 503, responseFlags: 'URX' }), into({ httpCode: 503, responseFlags: 'UF' })),
    '503|URX|retries exhausted|proxy',
  );
});

test('C8 error type: without any code it is the sender\u2019s own type, else "error"', () => {
  const db = (given: Partial<Given>) =>
    span({ id: 'q', service: 'a', kind: 'client', peer: 'db', statusCode: 2, ...given, peerKind: 'database' });
  assert.equal(errorOf(db({ errorType: 'ConnectionResetError' })), 'ConnectionResetError||connection reset|proxy');
  assert.equal(errorOf(db({ errorType: 'UniqueViolation' })), 'UniqueViolation||unique violation|app');
  assert.equal(errorOf(db({})), 'error||error|app');
  assert.equal(errorOf(out({ httpCode: 0 })), '0||no response|proxy');
  const app = span({ id: 'app', service: 'a', kind: 'client', statusCode: 2, errorType: 'TimeoutError' });
  assert.equal(
    errorOf(app, { ...out({ httpCode: 0, responseFlags: 'DC' }), parentId: app.spanId }),
    '0|DC|downstream disconnected|proxy',
  );
});

test('C8 error type: a call that went well has none', () => {
  assert.equal(errorOf(out({ httpCode: 200, responseFlags: 'DC' })), undefined);
});

test('C9 latency: caller, callee and the difference; an entry has only its own', () => {
  const [entry, call] = callsIn(oneHop());
  assert.deepEqual([entry?.clientNs, entry?.serverNs, entry?.networkNs], [20e6, 20e6, Number.NaN]);
  assert.deepEqual([call?.clientNs, call?.serverNs, call?.networkNs], [14e6, 10e6, 4e6]);
});

test('C9 latency: bytes, protocol and versions come from the layer that tells them', () => {
  const spans = oneHop().map((one) =>
    one.name === 'aOut' ? { ...one, protocol: 'grpc', requestBytes: 7, responseBytes: 9 } : one,
  );
  const call = callBetween(callsIn(spans), 'a', 'b');
  assert.deepEqual([call.protocol, call.requestBytes, call.responseBytes], ['grpc', 7, 9]);
  assert.deepEqual([call.sourceVersion, call.targetVersion], ['v1', 'v2']);
  const [entry] = callsIn(spans);
  assert.deepEqual([entry?.sourceVersion, entry?.targetVersion], ['', 'v1']);
});

test('C11 weight: a call stands for as many as its key span', () => {
  const spans = oneHop().map((one) => ({ ...one, weight: one.name === 'aC' ? 4 : 1 }));
  assert.deepEqual(
    callsIn(spans).map(({ weight }) => weight),
    [1, 4],
  );
  for (const weight of [0, -1, Number.NaN, Infinity])
    assert.equal(callsIn([span({ id: 'x', kind: 'server', service: 'a', weight })])[0]?.weight, 1);
});
