/** The sentence a trace opens with: what it says of failures, time, retries and doubts, on traces drawn by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Span } from '#shared/span.ts';
import { traceVerdict } from '#shared/trace-verdict.ts';
import { proxy, span, spanId, type Given } from './span-builder.ts';
import { traceOf } from './trace-of.ts';

const textOf = (spans: readonly Span[]): string => traceVerdict(traceOf(spans)).text;

/** web serves a request of 500 ms, and calls db, which sends no spans. */
const web = (more: Partial<Given> = {}): Span =>
  proxy({ id: 'web', service: 'web', kind: 'server', name: 'GET /cart', ms: 500, ...more });
const db = (more: Partial<Given> & { id: string }): Span =>
  span({
    parent: 'web',
    service: 'web',
    namespace: 'shop',
    cluster: 'east',
    kind: 'client',
    peer: 'db',
    peerKind: 'database',
    ...more,
  });

test('a wait for who sends no spans is told by the edge', () => {
  const trace = traceOf([web(), db({ id: 'q', at: 40, ms: 412 })]);
  const { text, spanIds, edgeId } = traceVerdict(trace);
  assert.equal(text, '412 of 500 ms wait for web → db.');
  assert.deepEqual(spanIds, [spanId('q')]);
  assert.equal(edgeId, trace.calls.find(({ target }) => target.endsWith('/db'))?.edgeId);
});

test('calls one after the other are counted', () => {
  const calls = Array.from({ length: 9 }, (_, i) => db({ id: `q${i}`, at: i * 50 + 5, ms: 45 }));
  assert.equal(textOf([web(), ...calls]), '405 of 500 ms wait for web → db, in 9 calls.');
});

test('own work is told by the operation, and that nothing below tells more', () => {
  const spans = [web(), db({ id: 'q', at: 400, ms: 50 })];
  assert.equal(textOf(spans), "450 of 500 ms are web's own work (GET /cart, 400 ms of it without a span below).");
  assert.equal(textOf([web()]), "All of 500 ms are web's own work (GET /cart).");
});

test('a second owner is told when no one has most', () => {
  const spans = [
    web(),
    span({ id: 'render', parent: 'web', service: 'web', at: 0, ms: 260 }),
    db({ id: 'q', at: 260, ms: 240 }),
  ];
  assert.match(textOf(spans), /^260 of 500 ms are web's own work \(render\), 240 ms wait for web → db\.$/);
});

const outOf = (more: Partial<Given> = {}): Span =>
  proxy({
    id: 'out',
    parent: 'web',
    service: 'web',
    kind: 'client',
    peer: 'cart',
    peerNamespace: 'shop',
    at: 20,
    ms: 460,
    ...more,
  });
const cart = (more: Partial<Given> = {}): Span =>
  proxy({ id: 'cart', parent: 'out', service: 'cart', kind: 'server', at: 22, ms: 20, ...more });

test('a wait longer than the callee took is network and proxies', () => {
  assert.match(textOf([web(), outOf(), cart()]), /^440 of 500 ms are network and proxies of web → cart\.$/);
});

test('a failure is told from where it began, with its code in words', () => {
  const failed = { httpCode: 503 };
  const spans = [
    web(failed),
    outOf(failed),
    cart({ ...failed, ms: 450 }),
    db({ id: 'q', parent: 'cart', service: 'cart', at: 30, ms: 430, httpCode: 503, responseFlags: 'UF' }),
  ];
  const { text, spanIds } = traceVerdict(traceOf(spans));
  assert.equal(
    text,
    'Failed after 500 ms because cart → db got no answer: upstream connection failure (503 UF); 430 of 500 ms waited for it.',
  );
  assert.equal(spanIds[0], spanId('q'));
});

test('a failure that was made good is no cause', () => {
  const spans = [
    web({ httpCode: 500 }),
    outOf({ at: 20, ms: 100 }),
    cart({ ms: 90 }),
    db({ id: 'q', parent: 'cart', service: 'cart', at: 30, ms: 10, httpCode: 503, responseFlags: 'UF' }),
  ];
  assert.match(textOf(spans), /^Failed after 500 ms because web itself failed: internal server error \(500\); /);
});

test('a request that went well says what failed on the way', () => {
  assert.match(
    textOf([web(), outOf({ httpCode: 503, responseFlags: 'UH', ms: 100 })]),
    /; web → cart failed on the way: no healthy upstream \(503 UH\)\.$/,
  );
});

test('retries are counted, with what they followed', () => {
  const spans = [
    web({ httpCode: 503 }),
    ...[0, 1, 2].map((n) =>
      outOf({ id: `out${n}`, at: 10 + n * 160, ms: 150, httpCode: 503, responseFlags: 'UF', retryCount: n }),
    ),
  ];
  assert.equal(
    textOf(spans),
    'Failed after 500 ms because web → cart got no answer: upstream connection failure (503 UF); 450 of 500 ms waited for it; it was retried twice after 503 UF.',
  );
});

test('the codes of earlier attempts are heard when the last one went well', () => {
  const trace = traceOf([
    web(),
    outOf({ id: 'out0', at: 10, ms: 200, httpCode: 503, retryCount: 0 }),
    outOf({ id: 'out1', at: 250, ms: 200, retryCount: 1 }),
  ]);
  const spans = trace.spans.map((one) =>
    one.name === 'out0' ? { ...one, attributes: { 'http.status_code': '503', response_flags: 'UF' } } : one,
  );
  assert.match(traceVerdict({ ...trace, spans }).text, /; it was retried once after 503 UF\.$/);
});

test('what makes it less sure is told: missing parents, other beginnings, clocks, spans after the answer', () => {
  const q = db({ id: 'q', at: 40, ms: 412 });
  assert.match(textOf([web(), q, span({ id: 'o', parent: 'gone', at: 5 })]), /; one span lacks its parent\.$/);
  assert.match(textOf([web(), q, span({ id: 'o', at: 5 })]), /; it has 2 beginnings, and this is of the first\.$/);
  assert.match(textOf([web(), outOf(), cart({ at: 600, ms: 460 })]), /; clocks differ by up to 580 ms\.$/);
  assert.match(
    textOf([web(), q, span({ id: 'late', parent: 'web', service: 'web', at: 500, ms: 80 })]),
    /; spans go on for 80 ms after the answer\.$/,
  );
});

test('a trace of no length, of one span or of none has a sentence too', () => {
  assert.equal(
    textOf([web({ ms: 0, httpCode: 500 })]),
    'Failed because web itself failed: internal server error (500).',
  );
  assert.equal(textOf([web({ ms: 0 })]), 'It took no time that was measured.');
  assert.equal(
    traceVerdict({ ...traceOf([web()]), spans: [], calls: [], criticalPath: [] }).text,
    'No span of it is held.',
  );
});
