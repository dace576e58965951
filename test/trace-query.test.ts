/** shared/trace-query.ts: the line and the filter are the same thing written twice, and every mistake is told at its place. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { completeTraceQuery, type QueryKnown } from '#shared/trace-query-complete.ts';
import {
  attributeOps,
  parseTraceQuery,
  queryWords,
  traceStatuses,
  writeTraceQuery,
  type TraceFilter,
} from '#shared/trace-query.ts';

const filterOf = (line: string): TraceFilter => {
  const parsed = parseTraceQuery(line);
  assert.ok(parsed.ok, parsed.ok ? '' : `${line}: ${parsed.message}`);
  return parsed.filter;
};
const problemOf = (line: string): string => {
  const parsed = parseTraceQuery(line);
  assert.ok(!parsed.ok, `${line} is read`);
  return `${line.slice(parsed.at, parsed.end)}: ${parsed.message}`;
};

const text = fc.string({ minLength: 1, unit: 'binary' });
const telling = fc.oneof(
  text,
  fc.constantFrom(
    'and',
    'AND',
    'exists',
    'service',
    'workload',
    'attr.service',
    'attr.',
    'a b',
    '"',
    "'",
    '\\',
    '=5',
    '>x',
    'http.status_code',
    '\n',
  ),
);
const ms = fc.oneof(
  fc.nat({ max: 1e7 }),
  fc.nat({ max: 1e10 }).map((ns) => ns / 1e6),
  fc.double({ min: 0, max: 1e15, noNaN: true }).map((value) => value + 0),
);
const filters: fc.Arbitrary<TraceFilter> = fc.record(
  {
    attributes: fc.array(
      fc.oneof(
        fc.record(
          { key: telling, op: fc.constantFrom(...attributeOps.slice(0, 6)), value: fc.oneof(telling, fc.constant('')) },
          { noNullPrototype: true },
        ),
        fc.record(
          { key: telling, op: fc.constant('exists' as const), value: fc.constant('') },
          { noNullPrototype: true },
        ),
      ),
      { maxLength: 5 },
    ),
    service: telling,
    operation: telling,
    minMs: ms,
    maxMs: ms,
    status: fc.constantFrom(...traceStatuses),
    edge: fc.nat().map((n) => n.toString(16).padStart(16, '0')),
    root: telling,
    version: telling,
  },
  { requiredKeys: ['attributes'], noNullPrototype: true },
);

test('a filter written as a line is read back as the same filter', () => {
  fc.assert(
    fc.property(filters, (filter) => assert.deepEqual(filterOf(writeTraceQuery(filter)), filter)),
    { numRuns: 2000 },
  );
});

test('a line that is read and written again is the shortest form of itself', () => {
  fc.assert(
    fc.property(filters, (filter) => {
      const line = writeTraceQuery(filter);
      assert.equal(writeTraceQuery(filterOf(line)), line);
    }),
  );
});

test('any text is read or told what is wrong at a place inside it', () => {
  const pieces = fc.array(fc.oneof(telling, fc.constantFrom(...queryWords, '=', '>=', ' ', '100ms', '"', 'and ')), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        pieces.map((parts) => parts.join(' ')),
        pieces.map((parts) => parts.join('')),
      ),
      (line) => {
        const parsed = parseTraceQuery(line);
        if (parsed.ok) return;
        assert.ok(parsed.at >= 0 && parsed.at <= parsed.end && parsed.end <= line.length, line);
        assert.match(parsed.message, /[.?]$/);
      },
    ),
    { numRuns: 2000 },
  );
});

test('every word, operator, unit and quote is read', () => {
  assert.deepEqual(
    filterOf(
      'service = frontend operation = "GET /cart" duration >= 100ms status = failed http.status_code >= 500 tls.version exists',
    ),
    {
      service: 'frontend',
      operation: 'GET /cart',
      minMs: 100,
      status: 'failed',
      attributes: [
        { key: 'http.status_code', op: '>=', value: '500' },
        { key: 'tls.version', op: 'exists', value: '' },
      ],
    },
  );
  assert.deepEqual(filterOf('workload=//web and duration<=1.5s AND root=web|GET'), {
    service: '//web',
    maxMs: 1500,
    root: 'web|GET',
    attributes: [],
  });
  assert.deepEqual(filterOf(''), { attributes: [] });
  for (const [written, minMs] of [
    ['500us', 0.5],
    ['1.1us', 0.0011],
    ['0ms', 0],
    ['2s', 2000],
    ['1.5m', 90_000],
    ['1h', 3_600_000],
  ] as const)
    assert.equal(filterOf(`duration > ${written}`).minMs, minMs, written);
  const one = (line: string): unknown => {
    const [{ key, op, value } = { key: '', op: '', value: '' }] = filterOf(line).attributes;
    return [key, op, value];
  };
  assert.deepEqual(one('attr.service = x'), ['service', '=', 'x']);
  assert.deepEqual(one('"service" != x'), ['service', '!=', 'x']);
  assert.deepEqual(one(`'two words'<'it\\'s "so"'`), ['two words', '<', 'it\'s "so"']);
  assert.deepEqual(one(String.raw`a = "\u00e9\n\t\\"`), ['a', '=', 'é\n\t\\']);
  assert.deepEqual(one('url.path=/cart?a=1&b=2'), ['url.path', '=', '/cart?a=1&b=2']);
  assert.deepEqual(one('word = and'), ['word', '=', 'and']);
  assert.deepEqual(one('word = exists'), ['word', '=', 'exists']);
  assert.deepEqual(one('empty = ""'), ['empty', '=', '']);
  assert.equal(filterOf('edge = 0123456789ABCDEF').edge, '0123456789abcdef');
});

test('a word that is nearly one of the line is an attribute, with a hint', () => {
  const hintOf = (line: string): string | undefined => {
    const parsed = parseTraceQuery(line);
    return parsed.ok ? parsed.hint : parsed.message;
  };
  assert.equal(hintOf('durtion >= 100'), '“durtion” is looked for as an attribute. Did you mean `duration`?');
  assert.equal(hintOf('Service = web'), '“Service” is looked for as an attribute. Did you mean `service`?');
  assert.equal(hintOf('http.method = GET'), undefined);
  assert.equal(hintOf('"durtion" >= 100'), undefined);
});

test('mistakes are told at their place, in words', () => {
  const mistakes: readonly (readonly [line: string, says: string])[] = [
    ['service', 'service: `service` needs an operator and a value: service = ….'],
    ['servic', 'servic: “servic” needs an operator: did you mean service?'],
    ['frontend', 'frontend: “frontend” needs an operator: write service = frontend, or frontend exists.'],
    ['service =', '=: A value is missing after “service =”.'],
    ['service = ""', '"": `service` needs a value.'],
    ['service > x', '>: `service` goes with = only; the attribute of that name is attr.service.'],
    ['service exists', 'service exists: `service` goes with =; the attribute of that name is attr.service.'],
    ['service = a service = b', 'service = b: `service` is asked for twice.'],
    ['duration >= 1s duration > 2s', '> 2s: `duration >` is asked for twice.'],
    ['duration = 5ms', '=: `duration` goes with >= or <=: duration >= 100ms.'],
    ['duration >= 100', '100: “100” is no duration: write 100ms or 100s.'],
    ['duration >= fast', 'fast: “fast” is no duration: write it like 500us, 100ms, 1.5s or 2m.'],
    ['status = faild', 'faild: “faild” is no status: it is ok, error or failed. Did you mean failed?'],
    ['status = red', 'red: “red” is no status: it is ok, error or failed.'],
    ['edge = 12', '12: “12” is no edge: its id has 16 hex digits, as the map gives it.'],
    ['and a = 1', 'and: “and” joins two terms: one is missing before it.'],
    ['a = 1 and', 'and: Something is missing after “and”.'],
    ['a = 1 and and b = 1', 'and: “and” joins two terms: one is missing before it.'],
    ['>= 5', '>=: “>=” needs a word before it: duration >= 100ms.'],
    ['a = 1 >= 5', '>=: “>=” needs a word before it: duration >= 100ms.'],
    ['a = "x', '"x: This quote is not closed: add ".'],
    [String.raw`a = "\x"`, String.raw`\x": “\x” is no escape: they are \" \' \\ \n \r \t and \u with four hex digits.`],
    ['attr. = 1', 'attr.: An attribute needs a name here.'],
    ['"" = 1', '"": An attribute needs a name here.'],
  ];
  for (const [line, says] of mistakes) assert.equal(problemOf(line), says, line);
  assert.match(problemOf('a = 1 '.repeat(21)), /^a: More than 20 attributes/);
  assert.match(problemOf('a'.repeat(5000)), /Too long: 5000 characters of at most 4000/);
});

const known: QueryKnown = {
  keys: [
    { text: 'http.status_code', spans: 1200 },
    { text: 'http.method' },
    { text: 'service' },
    { text: 'two words' },
  ],
  values: [{ text: '503', spans: 1 }, { text: '500' }, { text: 'GET /cart' }],
};
/** The line after each choice; | is the caret. */
const choices = (marked: string): string[] => {
  const caret = marked.indexOf('|');
  const line = marked.replace('|', '');
  const { from, to, options } = completeTraceQuery(line, caret, known);
  return options.map(({ text: chosen }) => line.slice(0, from) + chosen + line.slice(to));
};
const wants = (marked: string): unknown =>
  completeTraceQuery(marked.replace('|', ''), marked.indexOf('|'), known).wants;

test('words, names, operators and values complete where they may stand', () => {
  assert.deepEqual(choices('dur|'), ['duration ']);
  assert.deepEqual(choices('htt|'), ['http.status_code ', 'http.method ']);
  assert.deepEqual(choices('attr.ser|'), ['service ', 'attr.service ']);
  assert.deepEqual(choices('two|'), ['"two words" ']);
  assert.ok(!choices('service = a |').includes('service = a service '), 'a word is asked for once');
  assert.deepEqual(choices('duration |'), ['duration >= ', 'duration <= ']);
  assert.deepEqual(choices('tls.version ex|'), ['tls.version exists ']);
  assert.deepEqual(choices('status = f|'), ['status = failed ']);
  assert.deepEqual(choices('http.status_code >= 50|'), ['http.status_code >= 503 ', 'http.status_code >= 500 ']);
  assert.deepEqual(choices('operation = "get|'), ['operation = "GET /cart" ']);
  assert.deepEqual(choices('a = 50| b = 1'), ['a = 503 b = 1', 'a = 500 b = 1']);
  assert.equal(completeTraceQuery('htt', 3, known).options[0]?.detail, '1,200 spans'.replace(',', '\u202f'));
});

test('a completion says what to look up', () => {
  assert.deepEqual(wants('attr.ht|'), { what: 'keys', prefix: 'ht' });
  assert.deepEqual(wants('http.method = G|'), { what: 'values', key: 'http.method', prefix: 'G' });
  assert.deepEqual(wants('attr.service = |'), { what: 'values', key: 'service', prefix: '' });
  assert.deepEqual(wants('workload = fr|'), { what: 'word', word: 'service', prefix: 'fr' });
  assert.equal(wants('duration >= |'), undefined);
});

test('completing never fails, and every choice leaves a line that can go on', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), filters.map(writeTraceQuery)), fc.nat(), (line, at) => {
      const caret = at % (line.length + 1);
      const { from, to, options } = completeTraceQuery(line, caret, known);
      assert.ok(from <= caret && caret <= to && to <= line.length);
      assert.ok(options.every(({ text: chosen }) => chosen.endsWith(' ')));
    }),
  );
});
