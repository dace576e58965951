/** shared/find-match.ts: what each word reads off a map, how criteria of workloads and edges join, and what hiding leaves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Graph, GraphNode } from '#shared/api.ts';
import { foundIds, hideFrom, matchFind } from '#shared/find.ts';
import { readers } from '#shared/find-facts.ts';
import { operands } from '#shared/find-operands.ts';
import { edgeId, nodeId } from '#shared/workload.ts';
import { edgeHealth, nodeHealth } from '../ui/map/health.ts';
import { cart, edge, expressionOf, frontend, gateway, graph, latency, matched, node, short } from './find-graph.ts';

test('what is read back from an expression tree is that tree, negation and precedence included', () => {
  interface Tree {
    readonly text: string;
    readonly value: (node: GraphNode) => boolean;
  }
  const leaf = fc.constantFrom<Tree>(
    { text: 'ns = shop', value: ({ namespace }) => namespace === 'shop' },
    { text: 'name contains a', value: ({ name }) => name.includes('a') },
    { text: 'cluster != eu', value: ({ cluster }) => cluster !== 'eu' },
    { text: 'database', value: ({ kind }) => kind === 'database' },
  );
  const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      leaf,
      fc
        .tuple(tie('tree'), tie('tree'))
        .map(([a, b]): Tree => ({ text: `(${a.text}) AND (${b.text})`, value: (n) => a.value(n) && b.value(n) })),
      fc
        .tuple(tie('tree'), tie('tree'))
        .map(([a, b]): Tree => ({ text: `${a.text} OR ${b.text}`, value: (n) => a.value(n) || b.value(n) })),
      tie('tree').map((a): Tree => ({ text: `! (${a.text})`, value: (n) => !a.value(n) })),
    ),
  }));
  fc.assert(
    fc.property(tree, ({ text, value }) => {
      const { nodes } = matchFind(expressionOf(text), graph);
      assert.deepEqual(
        [...nodes],
        graph.nodes.filter(value).map(({ id }) => id),
        text,
      );
    }),
  );
});

test('each operand reads what it says', () => {
  const cases: readonly (readonly [text: string, matches: string])[] = [
    ['name = cart', 'cart'],
    ['wl = cart OR svc = reviews OR app = redis', 'redis cart reviews'],
    ['ns = data', 'orders redis'],
    ['cluster = us', 'batch'],
    ['version = v10', 'reviews'],
    ['version > v9', 'reviews'],
    ['version', 'cart reviews'],
    ['node = database', 'redis'],
    ['node = app AND ns = shop', 'cart frontend payment reviews sleeper'],
    ['kind = external', 'api.stripe.example'],
    [
      'rank = 1',
      'redis gateway cart frontend payment reviews api.stripe.example'
        .split(' ')
        .sort((a, b) => order(a) - order(b))
        .join(' '),
    ],
    ['httpin > 10', 'reviews'],
    ['httpout >= 40', 'frontend'],
    ['grpcin = 10', 'cart'],
    ['grpcout = 10', 'frontend'],
    ['tcpin >= 2MB/s', 'redis'],
    ['tcpout >= 1', 'cart'],
    ['httpin = NaN AND node = app', 'cart sleeper batch'],
    ['label:app = cart', ''],
    ['operation contains GET', ''],
    ['! virtualservice', ''],
    ['failing', 'reviews frontend>reviews frontend>payment'],
    ['degraded', 'api.stripe.example payment>api.stripe.example'],
    ['slow', 'payment frontend>payment'],
    ['healthy', 'users redis gateway cart'],
    ['! healthy', 'api.stripe.example frontend payment reviews'],
    ['idle', 'orders sleeper batch'],
    ['isolated', 'sleeper'],
    ['entry', 'gateway'],
    ['trafficsource', 'users batch'],
    ['root', 'users batch'],
    ['outside', 'api.stripe.example'],
    ['dark', 'api.stripe.example orders redis'],
    ['outofmesh', 'api.stripe.example orders redis'],
    ['database', 'redis'],
    ['messaging', 'orders'],
    ['cb', 'api.stripe.example'],
    ['faultinjection', ''],
    ['provisional', 'frontend gateway>frontend'],
    ['sampled', 'frontend payment frontend>payment'],
    ['rt > 500', 'frontend>payment'],
    ['rt > 0.5 s', 'frontend>payment'],
    ['rt = NaN', 'batch>orders'],
    ['p50 = 450', 'frontend>payment'],
    ['p90 >= 900 ms', 'frontend>payment'],
    ['p99 > 1s', 'frontend>payment'],
    ['errors = 5', 'frontend>reviews'],
    ['errors = 5%', 'frontend>reviews'],
    ['success < 99.9', 'frontend>reviews payment>api.stripe.example'],
    ['clienterrors > 1', 'frontend>cart'],
    ['error = uf', 'frontend>reviews'],
    ['error = 503', 'frontend>reviews payment>api.stripe.example'],
    ['error contains breaker', 'payment>api.stripe.example'],
    ['error', 'frontend>reviews payment>api.stripe.example'],
    ['rate > 20', 'frontend>reviews'],
    ['! traffic', 'batch>orders'],
    ['traffic > 20', 'frontend>reviews'],
    ['attempts > 1', 'frontend>reviews'],
    ['network > 50', 'frontend>reviews'],
    [
      'networktime = 2',
      'users>gateway gateway>frontend frontend>cart frontend>reviews frontend>payment payment>api.stripe.example cart>redis',
    ],
    ['critical > 25', 'frontend frontend>reviews'],
    ['critical', 'frontend frontend>reviews'],
    ['protocol = redis', 'cart>redis'],
    ['http > 20', 'frontend>reviews'],
    ['%httperr > 1', 'frontend>reviews'],
    ['%httptraffic = 75', 'frontend>reviews'],
    ['grpc', 'frontend>cart'],
    ['%grpcerr = 0', 'frontend>cart'],
    ['%grpctraffic = 100', 'frontend>cart'],
    ['tcp', 'cart>redis'],
    ['tcp > 1 MB', 'cart>redis'],
    ['throughput > 1000', 'cart>redis'],
    ['mtls', 'frontend>cart'],
    ['mtls < 95 AND mtls > 0', 'frontend>cart'],
    ['sourceprincipal contains frontend', 'frontend>cart'],
    ['destprincipal endswith frontend', ''],
    ['destprincipal contains spiffe', 'frontend>cart'],
    ['source = payment', 'payment>api.stripe.example'],
    ['target = redis', 'cart>redis'],
  ];
  for (const [text, matches] of cases) assert.equal(matched(text), matches, text);
  const asked = new Set(cases.flatMap(([text]) => text.split(' ').map((word) => word.toLowerCase())));
  const known = operands.filter(({ nothing }) => nothing === undefined);
  const untested = known.filter(({ name, aliases }) => ![name, ...aliases].some((word) => asked.has(word)));
  assert.deepEqual(
    untested.map(({ name }) => name),
    [],
  );
  for (const { name, on, nothing } of operands) {
    const reader = readers[name];
    const places = [reader?.node && 'node', reader?.edge && 'edge'].filter(Boolean).join();
    assert.equal(places, nothing === undefined ? (on === 'both' ? 'node,edge' : on) : '', name);
  }
});
const order = (name: string): number => graph.nodes.findIndex((each) => each.name === name);

test('a workload that has the most edges in, then the most calls, ranks first', () => {
  const hub = { ...graph, edges: [...graph.edges, edge(gateway, cart)] };
  assert.equal(matched('rank = 1', hub), 'cart');
  assert.equal(
    matched('rank <= 2', {
      ...hub,
      nodes: hub.nodes.map((each) => (each.name === 'reviews' ? { ...each, rate: 99 } : each)),
    }),
    'cart reviews',
  );
});

test('a criterion of workloads matches workloads, one of edges edges, and OR adds', () => {
  assert.equal(matched('ns = data OR protocol = grpc'), 'orders redis frontend>cart');
  assert.equal(matched('ns = shop AND name = cart OR protocol = http AND rt > 500'), 'cart frontend>payment');
});

test('an AND of both matches edges by either end, turned round by neither', () => {
  assert.equal(matched('ns = data AND rt < 100'), 'cart>redis');
  assert.equal(matched('ns != shop AND rt < 100'), 'users>gateway');
  assert.equal(
    matched('protocol = http AND (name = cart OR name = payment)'),
    'frontend>payment payment>api.stripe.example',
  );
  assert.equal(matched('ns = shop AND (name = cart OR rt > 500)'), 'cart frontend>payment');
  assert.equal(matched('! (ns = shop OR rt > 500)'), 'users>gateway batch>orders');
});

test('mixed expressions match what they match when spelled out as OR of ANDs', () => {
  const leaf = fc.constantFrom(
    'ns = shop',
    'ns = data',
    'name contains e',
    'failing',
    'rt > 50',
    'protocol = http',
    'errors > 1',
    '! entry',
  );
  fc.assert(
    fc.property(leaf, leaf, leaf, leaf, (a, b, c, d) => {
      assert.equal(
        matched(`(${a} OR ${b}) AND (${c} OR ${d})`),
        matched(`${a} AND ${c} OR ${a} AND ${d} OR ${b} AND ${c} OR ${b} AND ${d}`),
      );
    }),
  );
});

test('both ends of a found edge are shown with it', () => {
  const found = foundIds(matchFind(expressionOf('protocol = grpc'), graph), graph);
  assert.deepEqual([...found].sort(), [edgeId(frontend, cart), cart, frontend].sort());
});

test('failing, degraded and slow go by the rules that colour the map', () => {
  const counts = fc.integer({ min: 0, max: 3000 });
  const arbitrary = fc.record({
    calls: counts,
    share: fc.constantFrom(0, 0.0005, 0.001, 0.005, 0.01, 0.5),
    ms: fc.constantFrom(10, 251, 400, 600),
    n: fc.oneof(counts, fc.constantFrom(4, 5, 19, 20, 99, 100)),
  });
  fc.assert(
    fc.property(arbitrary, ({ calls, share, ms, n }) => {
      const failed = Math.round(calls * share);
      const one = edge(frontend, cart, { calls, failed, latencyMs: latency(ms, n) });
      const callee = node(cart, { calls, failed });
      const of = { ...graph, nodes: [node(frontend), callee], edges: [one] };
      const words = { bad: 'failing', warn: 'degraded', ok: '', idle: '' };
      for (const word of ['failing', 'degraded']) {
        const { nodes, edges } = matchFind(expressionOf(word), of);
        assert.equal(edges.has(one.id), words[edgeHealth(one, graph.thresholds)] === word);
        assert.equal(nodes.has(cart), words[nodeHealth(callee, graph.thresholds)] === word);
      }
    }),
  );
});

test('hiding a workload hides its edges, hiding edges hides workloads left without', () => {
  const without = (text: string): string => {
    const { nodes, edges } = hideFrom(graph, matchFind(expressionOf(text), graph));
    return `${nodes.map(({ name }) => name).join(' ')} | ${edges.map(({ source, target }) => `${short(source)}>${short(target)}`).join(' ')}`;
  };
  assert.equal(
    without('name = payment'),
    'api.stripe.example users orders redis gateway cart frontend reviews sleeper batch | users>gateway gateway>frontend frontend>cart frontend>reviews cart>redis batch>orders',
  );
  assert.equal(
    without('protocol = http'),
    'orders redis cart frontend sleeper batch | frontend>cart cart>redis batch>orders',
  );
  assert.equal(
    without('healthy'),
    'api.stripe.example orders frontend payment reviews sleeper batch | frontend>reviews frontend>payment payment>api.stripe.example batch>orders',
  );
  assert.equal(hideFrom(graph, { nodes: new Set(), edges: new Set() }), graph);
});

test('2,000 edges are matched in a few milliseconds', () => {
  const ids = Array.from({ length: 500 }, (_, i) => nodeId('eu', `ns${i % 20}`, `workload-${i}`));
  const many: Graph = {
    ...graph,
    nodes: ids.map((id) => node(id)),
    edges: Array.from({ length: 2000 }, (_, i) =>
      edge(ids[i % 7 === 0 ? 0 : i % 500] ?? '', ids[(i * 37) % 500] ?? '', { failed: i % 30 }),
    ),
  };
  const expression = expressionOf(
    'ns = ns3 AND (errors > 1 OR %httptraffic > 5) OR ! healthy AND rank < 50 OR name contains load-4',
  );
  const times = Array.from({ length: 20 }, () => {
    const start = performance.now();
    matchFind(expression, many);
    return performance.now() - start;
  });
  const best = Math.min(...times);
  assert.ok(best < 5, `${best} ms`);
});
