/** shared/find.ts: Kiali's strings mean what they mean there, ours on top, every mistake is told at its place, nothing throws. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { completeFind, matchFind, parseFind, type FindExpression } from '#shared/find.ts';
import { readNumber } from '#shared/find-operands.ts';
import { expressionOf, graph } from './find-graph.ts';

const problemOf = (text: string): string => {
  const found = parseFind(text);
  assert.ok(!found.ok, `${text} is read`);
  return `${text.slice(found.at, found.end)}: ${found.message}${found.hint === undefined ? '' : ` (${found.hint})`}`;
};

/** An expression in a form to compare. */
function written(expression: FindExpression): string {
  if (expression.kind !== 'criterion') return `${expression.kind}(${expression.parts.map(written).join(' ')})`;
  const { operand, test, not } = expression;
  const asked = test.type === 'alone' || test.type === 'none' ? test.type : `${test.op}${test.value}`;
  return `${not ? '!' : ''}${operand.name}:${asked}`;
}

test('every operand, alias and operator of Kiali is read', () => {
  const numbers =
    'grpc %grpcerr %grpcerror %grpctraffic http %httperr %httperror %httptraffic responsetime responseTime rt tcp throughput httpin httpout grpcin grpcout tcpin tcpout';
  const texts =
    'protocol sourceprincipal destprincipal app cluster label:app label:app.kubernetes.io/name name namespace ns operation op service svc version workload wl';
  const flags =
    'mtls traffic circuitbreaker cb dead fi faultinjection inaccessible healthy idle mirroring outside outsider rr requestrouting rto requesttimeout se serviceentry sc sidecar tcpts tcptrafficshifting ts trafficshifting trafficsource root vs virtualservice we workloadentry label:app circuitBreaker virtualService';
  for (const name of numbers.split(' '))
    for (const clause of ['=', '!=', '>', '>=', '<', '<=', 'not ='].map((op) => `${name} ${op} 5.0`))
      assert.match(written(expressionOf(clause)), /:(=|>|>=|<|<=)5$/, clause);
  for (const name of texts.split(' ')) {
    for (const op of [
      '=',
      '!=',
      '*=',
      '!*=',
      '^=',
      '!^=',
      '$=',
      '!$=',
      'contains',
      'startsWith',
      'endswith',
      'not contains',
      '!contains',
      '! contains',
      'not startswith',
      'not endswith',
    ])
      assert.match(written(expressionOf(`${name} ${op} foo`)), /:[*^$]?=foo$/, `${name} ${op} foo`);
  }
  for (const name of flags.split(' '))
    for (const before of ['', 'is ', 'has ', '!', '! ', '!is ', '! has ', 'not ', 'not has ', 'is not '])
      assert.equal(written(expressionOf(before + name)).startsWith('!'), /!|not/.test(before), before + name);
  for (const kind of 'app operation op service svc unknown workload wl'.split(' ')) expressionOf(`node = ${kind}`);
});

test('spaces round an operator, and case, do not matter', () => {
  for (const text of ['ns =foo', 'ns= foo', 'ns  =  foo', 'ns=foo', 'NS = Foo', 'namespace=foo', '  ns = foo  '])
    assert.equal(written(expressionOf(text)), 'namespace:=foo');
  for (const text of ['ns not =foo', 'ns!=foo', 'ns != foo', 'not ns = foo', '!ns=foo'])
    assert.equal(written(expressionOf(text)), '!namespace:=foo');
});

test('AND binds tighter than OR, and parentheses tighter than both', () => {
  assert.equal(written(expressionOf('ns=a OR ns=b AND app=c')), 'any(namespace:=a all(namespace:=b app:=c))');
  assert.equal(written(expressionOf('(ns=a or ns=b) and app=c')), 'all(any(namespace:=a namespace:=b) app:=c)');
  assert.equal(written(expressionOf('ns=a && !(app=c || failing)')), 'all(namespace:=a all(!app:=c !failing:alone))');
  assert.equal(written(expressionOf('not not (idle)')), 'idle:alone');
});

test('a value reaches to the next AND or OR, a quoted one to its end', () => {
  assert.equal(written(expressionOf('name = my shop AND idle')), 'all(name:=my shop idle:alone)');
  assert.equal(written(expressionOf('name = "a AND (b" OR idle')), 'any(name:=a and (b idle:alone)');
  assert.equal(written(expressionOf('(name = f(x)) AND idle')), 'all(name:=f(x) idle:alone)');
  assert.equal(written(expressionOf('name = android')), 'name:=android');
  assert.equal(written(expressionOf("name = 'or'")), 'name:=or');
  assert.equal(written(expressionOf('name = !x>y=z')), 'name:=!x>y=z');
});

test('a plain word looks in names, an operand in quotes too', () => {
  assert.equal(written(expressionOf('Revi')), 'name:*=revi');
  assert.equal(written(expressionOf('! revi')), '!name:*=revi');
  assert.equal(written(expressionOf('"service"')), 'name:*=service');
  const typo = parseFind('failng');
  assert.ok(typo.ok && typo.hint?.includes('`failing`'));
  const begun = parseFind('proto');
  assert.ok(begun.ok && begun.hint?.includes('`protocol`'));
});

test('what is wrong is said in words, at its place', () => {
  const cases: readonly (readonly [text: string, said: string])[] = [
    ['rt > fast', 'fast: `rt` needs a number: rt > 1000. (in ms, or with a unit: 1 s)'],
    ['rt > 5 kg', '5 kg: `rt` needs a number: rt > 1000. (in ms, or with a unit: 1 s)'],
    ['rt >', '>: `rt` needs a number: rt > 1000.'],
    ['rt', 'rt: `rt` needs a comparison: rt > 1000. ("rt" in quotes looks for the word in names)'],
    ['rt contains 5', 'contains: `rt` is a number: compare it with = != > >= < or <=.'],
    ['rt > NaN', '>: NaN, no activity, goes with = or !=.'],
    ['rtt > 5', 'rtt: “rtt” is no word of the find language. (did you mean rt?)'],
    ['namspace = x', 'namspace: “namspace” is no word of the find language. (did you mean namespace?)'],
    ['healthy = yes', '= yes: `healthy` stands alone, without “=”. (write healthy or ! healthy)'],
    ['rank <= 0', '0: A rank is a number from 1 to 100.'],
    ['rank = a', 'a: `rank` needs a number: rank > 2.'],
    ['rank = 101', '101: A rank is a number from 1 to 100.'],
    [
      'node = appp',
      'appp: “appp” is no kind: `node` is service, database, messaging, external, users, unknown or other.',
    ],
    ['(ns = a', '(: This parenthesis is not closed. (add ) at the end)'],
    ['ns = a)', '): This parenthesis was never opened.'],
    ['ns = "a', '"a: This quote is not closed. (add " at the end)'],
    ['ns = a AND', 'AND: Something is missing after “AND”.'],
    ['OR ns = a', 'OR: Something is missing at the beginning.'],
    ['()', '): Something is missing after “(”.'],
    ['= 5', '=: “=” needs a word before it: rt > 1000.'],
    ['cart reviews', 'reviews: Put AND or OR before “reviews”.'],
    ['rt > 5 failing', 'failing: Put AND or OR before “failing”.'],
    ['name = cart rt > 5', 'rt > 5: Put AND or OR before “rt”.'],
    ['failing not slow', 'failing not slow: Put AND or OR between these two.'],
    ['name is cart', 'is: “is” has no place here. (write name = cart)'],
    ['name =~ ca.*', '=~: There are no regular expressions here. (contains, startswith and endswith are)'],
  ];
  for (const [text, said] of cases) assert.equal(problemOf(text), said, text);
});

test('reading never throws, and a problem lies within the text', () => {
  const piece = fc.constantFrom(
    ...'rt > < = != *= !*= ^= ( ) " \' ! not is has and or && contains startswith NaN 5 1 s % name ns failing label:app cart =~ ~ ! $= , \t'.split(
      ' ',
    ),
    ' ',
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(piece, { maxLength: 30 }).map((parts) => parts.join(' ')),
    fc.array(piece).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, fc.nat(60), (asked, caret) => {
      const found = parseFind(asked);
      if (found.ok) matchFind(found.expression, graph);
      else
        assert.ok(found.at >= 0 && found.at <= found.end && found.end <= asked.length && found.message !== '', asked);
      const { from, to } = completeFind(asked, Math.min(caret, asked.length), graph);
      assert.ok(from <= to && to <= asked.length);
    }),
    { numRuns: 2000 },
  );
});

test('deep nesting and long texts are refused, not followed', () => {
  assert.match(problemOf(`${'('.repeat(900)}idle${')'.repeat(900)}`), /parentheses in each other/);
  assert.match(problemOf('idle OR '.repeat(400)), /Too long/);
});

test('what it asks about is said: latency, mutual TLS, and what never matches', () => {
  const uses = (text: string) => {
    const found = parseFind(text);
    assert.ok(found.ok);
    return [found.uses.latency, found.uses.mtls, found.notes.length];
  };
  assert.deepEqual(uses('rt > 1000'), [true, false, 0]);
  assert.deepEqual(uses('mtls OR destprincipal contains spiffe'), [false, true, 0]);
  assert.deepEqual(uses('label:app = cart AND op = x'), [false, false, 2]);
  assert.deepEqual(uses('node = operation'), [false, false, 1]);
});

test('numbers take the units of what they measure', () => {
  assert.deepEqual(
    ['1000', '1s', '1.5 s', '250ms', '900µs', '2 min'].map((text) => readNumber(text, 'ms')),
    [1000, 1000, 1500, 250, 0.9, 120_000],
  );
  assert.deepEqual(
    [readNumber('5%', '%'), readNumber('5 ms', '%'), readNumber('1k', 'rps'), readNumber('60 rpm', 'rps')],
    [5, undefined, 1000, 1],
  );
  assert.deepEqual(
    [readNumber('2 MB/s', 'bytes'), readNumber('1KiB', 'bytes'), readNumber('', 'ms'), readNumber('0x10', 'count')],
    [2e6, 1024, undefined, undefined],
  );
});

test('operands, operators, values and joints are offered where they fit', () => {
  const offered = (text: string, caret = text.length): string => {
    const { from, to, options } = completeFind(text, caret, graph);
    return `${text.slice(from, to)}→${options
      .slice(0, 4)
      .map((option) => option.text.trim())
      .join(',')}`;
  };
  assert.equal(offered(''), '→name,namespace,cluster,version');
  assert.equal(offered('nam'), 'nam→name,namespace');
  assert.equal(offered('revi'), 'revi→reviews');
  assert.equal(offered('reviews'), 'reviews→');
  assert.equal(offered('name '), '→=,!=,contains,startswith');
  assert.equal(offered('name co'), 'co→contains,not contains');
  assert.equal(offered('rt '), '→>,>=,<,<=');
  assert.equal(offered('ns = '), '→data,istio-system,ops,shop');
  assert.equal(offered('ns = s'), 's→shop,istio-system,ops');
  assert.equal(offered('ns = shop '), '→AND,OR');
  assert.equal(offered('ns = shop a'), 'a→AND');
  assert.equal(offered('failing '), '→AND,OR');
  assert.equal(offered('failing AND ! ve'), 've→version');
  assert.equal(offered('(ns = shop AND pro'), 'pro→provisional,protocol');
  assert.equal(offered('version = v'), 'v→v2,v9,v10');
  assert.equal(offered('error = '), '→503,UF,UO');
  assert.equal(offered('protocol != k'), 'k→kafka');
  assert.equal(offered('node = '), '→service,database,messaging,external');
  assert.equal(offered('errors > 1'), '1→');
  assert.equal(offered('errors > 0'), '0→0.1');
  assert.equal(offered('rank <= '), '→1,2,10');
});
