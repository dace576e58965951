/** ui/filter/*.ts: what find and hide leave of a map, the clauses that menus switch, scopes and boxes in words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseFind } from '#shared/find.ts';
import { boxIds } from '../ui/filter/boxing.ts';
import { hasClause, leastRate, withClause, withLeastRate } from '../ui/filter/clauses.ts';
import { applyFilters, countSentence, countsOf, labelFor } from '../ui/filter/filter.ts';
import { presets } from '../ui/filter/presets.ts';
import { scopeChange, scopeOptions, scopeText } from '../ui/filter/scope.ts';
import { cart, frontend, graph, matched, redis } from './find-graph.ts';

test('what is hidden is not found', () => {
  const { graph: left, found } = applyFilters(graph, 'grpc OR database', 'name = redis');
  assert.equal(left.nodes.length, graph.nodes.length - 1);
  assert.deepEqual(
    [...(found ?? [])].filter((id) => id.includes('/')),
    [frontend, cart],
  );
  assert.equal(applyFilters(graph, '', 'name = redis').found, undefined);
});

test('a text that finds nothing, or cannot be read, dims nothing and hides nothing', () => {
  for (const text of ['name = nobody', 'rt >', '  ']) {
    const filtered = applyFilters(graph, text, text);
    assert.equal(filtered.graph, graph);
    assert.equal(filtered.found, undefined);
  }
});

test('health and rank are those of the whole map, whatever is hidden', () => {
  const { found } = applyFilters(graph, '! healthy', 'name = reviews OR name = payment');
  assert.ok(found?.has(frontend) && !found.has(redis));
});

test('counts are of what is found and seen, or of all that is gone, and said with their nouns', () => {
  const said = (what: 'find' | 'hide', find: string, hide: string) => {
    const counts = countsOf(what, graph, find, hide);
    return counts && countSentence(what, counts);
  };
  assert.equal(said('find', 'grpc OR database', ''), '1 workload, 1 edge found');
  assert.equal(said('find', 'grpc OR database', 'name = redis'), '1 edge found');
  assert.equal(said('hide', '', 'name = redis OR name = cart'), '2 workloads, 2 edges hidden');
  assert.equal(said('find', 'nobody', ''), 'nothing found');
  assert.equal(said('hide', '', 'nobody'), 'nothing to hide');
  assert.equal(said('find', 'rt >', ''), undefined);
});

test('looking for latency makes edges say it, unless they do', () => {
  assert.deepEqual(labelFor('rt > 1000', 'rate'), { label: 'p90' });
  assert.deepEqual(labelFor('p99 > 1 s', 'success'), { label: 'p99' });
  assert.deepEqual(
    [labelFor('p99 > 1 s', 'p50'), labelFor('errors > 1', 'rate'), labelFor('rt >', 'rate')],
    [{}, {}, {}],
  );
});

test('a clause is switched on and off and nothing else is touched', () => {
  const own = '(ns = a OR ns = b) AND rt > 5 OR name = "x OR healthy"';
  const on = withClause(own, 'healthy', true);
  assert.equal(on, `${own} OR healthy`);
  assert.ok(hasClause(on, 'healthy') && !hasClause(own, 'healthy'));
  assert.equal(withClause(on, 'healthy', false), own);
  assert.equal(withClause('healthy', 'healthy', false), '');
  assert.equal(withClause('', 'node = external', true), 'node = external');
  assert.ok(!hasClause('(idle OR healthy OR dark) AND rt > 5', 'healthy'));
  assert.ok(hasClause('NODE=External OR idle', 'node = external') && hasClause('is healthy', 'healthy'));
});

test('the least rate is one clause, replaced when it changes', () => {
  const text = withLeastRate('healthy', '0.1');
  assert.equal(text, 'healthy OR traffic < 0.1');
  assert.equal(leastRate(text), '0.1');
  assert.equal(withLeastRate(text, '10'), 'healthy OR traffic < 10');
  assert.equal(withLeastRate(text, ''), 'healthy');
  assert.equal(leastRate('rate < 5 rps'), '5');
  assert.equal(leastRate('traffic < 5 AND ns = a'), '');
});

test('switching a clause on and off again leaves a text that hides the same', () => {
  const part = fc.constantFrom(
    'ns = shop',
    'failing',
    'rt > 50 AND ns = shop',
    '(idle OR dark)',
    '! entry',
    'name = "a OR b"',
  );
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
      const text = parts.join(' or ');
      const again = withClause(withClause(text, 'external', true), 'external', false);
      assert.equal(matched(again), matched(text));
      assert.match(matched(withClause(text, 'external', true)), /stripe/);
    }),
  );
});

test('every ready text can be read and matches some map', () => {
  for (const { text } of [...presets.find, ...presets.hide]) {
    const parsed = parseFind(text);
    assert.ok(parsed.ok && parsed.notes.length === 0 && parsed.hint === undefined, text);
  }
});

test('a scope names the first of what is chosen, and keeps what is gone', () => {
  assert.deepEqual(
    [scopeText([]), scopeText(['shop']), scopeText(['data', 'shop', 'ops'])],
    ['all', 'shop', 'data + 2'],
  );
  assert.deepEqual(
    scopeOptions(['data', 'shop'], ['old', 'shop']).map(({ value, detail }) => `${value} ${detail ?? ''}`.trim()),
    ['data', 'shop', 'old no calls now'],
  );
  assert.equal(scopeChange(['shop'], 'data', true), 'data,shop');
  assert.equal(scopeChange(['data', 'shop'], 'data', false), 'shop');
  assert.equal(scopeChange(['shop'], 'shop', false), undefined);
});

test('boxes are those of namespaces or clusters; what is in none has none', () => {
  assert.deepEqual(boxIds(graph.nodes, 'namespace'), ['eu/data/', 'eu/istio-system/', 'eu/shop/', 'us/ops/']);
  assert.deepEqual(boxIds(graph.nodes, 'cluster'), ['eu//', 'us//']);
  assert.deepEqual(boxIds(graph.nodes, 'none'), []);
});
