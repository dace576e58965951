/** The map as DOT, read back by a small parser of its own: what Graphviz would see is what the graph holds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GraphEdge, GraphNode } from '#shared/api.ts';
import { toDot, type DotOptions } from '#shared/dot.ts';

type Attributes = Record<string, string>;
interface Parsed {
  readonly nodes: Map<string, { attributes: Attributes; cluster: string }>;
  readonly edges: { from: string; to: string; attributes: Attributes }[];
  /** Label by subgraph name. */
  readonly clusters: Map<string, string>;
}

/** The subset of DOT that any writer of graphs uses: quoted ids, attribute lists, subgraphs, `//` comments. */
function parseDot(text: string): Parsed {
  const tokens = text.match(/\/\/[^\n]*|"(?:[^"\\]|\\.)*"|->|[{}[\],;=]|[\w.#]+|\S/gs) ?? [];
  const list = tokens.filter((token) => !token.startsWith('//'));
  let at = 0;
  const next = (expected?: string): string => {
    const token = list[at++] ?? assert.fail('the text ends too early');
    if (expected !== undefined) assert.equal(token, expected);
    return token;
  };
  const id = (): string => {
    const token = next();
    assert.match(token, /^(".*"|\w[\w.]*)$/s, `not an id: ${token}`);
    return token.startsWith('"') ? token.slice(1, -1).replaceAll('\\"', '"').replaceAll('\\\\', '\\') : token;
  };
  const attributesOf = (): Attributes => {
    const attributes: Attributes = {};
    if (list[at] !== '[') return attributes;
    next('[');
    while (list[at] !== ']') {
      const name = id();
      next('=');
      attributes[name] = id();
      if (list[at] === ',') next();
    }
    next(']');
    return attributes;
  };
  const parsed: Parsed = { nodes: new Map(), edges: [], clusters: new Map() };
  const block = (cluster: string): void => {
    next('{');
    while (list[at] !== '}') {
      if (list[at] === 'subgraph') {
        next();
        const name = id();
        assert.match(name, /^cluster/, 'Graphviz draws a box only round a subgraph whose name begins so');
        block(name);
        continue;
      }
      const first = id();
      if (list[at] === '->') {
        next();
        const to = id();
        parsed.edges.push({ from: first, to, attributes: attributesOf() });
      } else if (['graph', 'node', 'edge'].includes(first)) {
        const attributes = attributesOf();
        if (first === 'graph' && cluster !== '') parsed.clusters.set(cluster, attributes['label'] ?? '');
      } else parsed.nodes.set(first, { attributes: attributesOf(), cluster });
    }
    next('}');
  };
  next('digraph');
  block('');
  assert.equal(at, list.length, 'something stands behind the graph');
  return parsed;
}

const latency = { p50: 1, p90: 2, p99: 3, n: 100 };
const node = (id: string, more: Partial<GraphNode> = {}): GraphNode => {
  const [cluster = '', namespace = '', name = ''] = id.split('/');
  return {
    id,
    name,
    namespace,
    cluster,
    kind: 'service',
    versions: [],
    calls: 100,
    failed: 0,
    successRate: 1,
    rate: 10,
    latencyMs: latency,
    criticalShare: null,
    provisional: 0,
    ...more,
  };
};
const edge = (source: string, target: string, rate: number): GraphEdge => ({
  id: `${source}>${target}`,
  source,
  target,
  protocol: 'http',
  calls: 100,
  failed: 0,
  clientErrors: 0,
  attempts: 100,
  successRate: 1,
  rate,
  latencyMs: latency,
  serverLatencyMs: latency,
  networkMs: latency,
  networkShare: null,
  errors: [],
  bytesPerSecond: { request: 0, response: 0 },
  criticalShare: null,
  exemplars: { p50: null, p90: null, p99: null, errors: {} },
  mtls: null,
  weight: 1,
  provisional: 0,
});

const options: DotOptions = {
  boxes: 'none',
  nodeColour: () => '#2b8a6e',
  edgeColour: ({ failed }) => (failed > 0 ? '#c9252d' : '#808a9c'),
  nodeLabel: ({ name, rate }) => [name, `${rate} rps`],
  edgeLabel: ({ rate }) => [`${rate} rps`],
  title: 'test',
};

test('nodes and edges come out with their numbers, the busiest edge the widest', () => {
  const [a, b] = ['c/shop/front', 'c/shop/pay'];
  const graph = { nodes: [node(a), node(b)], edges: [edge(a, b, 40), { ...edge(b, a, 10), failed: 3 }] };
  const parsed = parseDot(toDot(graph, options));
  assert.deepEqual([...parsed.nodes.keys()], [a, b]);
  assert.equal(parsed.nodes.get(a)?.attributes['label'], 'front\\n10 rps');
  assert.deepEqual(
    parsed.edges.map(({ from, to, attributes }) => [from, to, attributes['label'], attributes['color']]),
    [
      [a, b, '40 rps', '#808a9c'],
      [b, a, '10 rps', '#c9252d'],
    ],
  );
  const [wide, narrow] = parsed.edges.map(({ attributes }) => Number(attributes['penwidth']));
  assert.ok((wide ?? 0) > (narrow ?? 0) && (narrow ?? 0) > 0);
});

test('names that mean something in DOT stay names', () => {
  const odd = ['a/b/say "hi"', 'a/b/back\\', 'a/b/two\nlines', 'a/b/]; evil [x="', 'a/b/-> {', 'a/b/naïve 名'];
  const nodes = odd.map((id) => node(id));
  const edges = odd.slice(1).map((id) => edge(odd[0] ?? '', id, 1));
  const parsed = parseDot(toDot({ nodes, edges }, { ...options, title: 'first\nsecond"{' }));
  assert.deepEqual(
    [...parsed.nodes.keys()],
    odd.map((id) => id.replace('\n', ' ')),
  );
  assert.deepEqual(
    parsed.edges.map(({ to }) => to),
    odd.slice(1).map((id) => id.replace('\n', ' ')),
  );
});

test('clusters hold what lies in them, and what lies nowhere stands outside', () => {
  const ids = ['east/shop/front', 'east/data/db', 'west/shop/front', '//stripe.example'];
  const graph = { nodes: ids.map((id) => node(id)), edges: [] };
  const byNamespace = parseDot(toDot(graph, { ...options, boxes: 'namespace' }));
  assert.deepEqual([...byNamespace.clusters.values()], ['shop', 'data', 'shop']);
  assert.notEqual(byNamespace.nodes.get(ids[0] ?? '')?.cluster, byNamespace.nodes.get(ids[2] ?? '')?.cluster);
  const byCluster = parseDot(toDot(graph, { ...options, boxes: 'cluster' }));
  assert.deepEqual([...byCluster.clusters.values()], ['east', 'west']);
  assert.equal(byCluster.nodes.get(ids[1] ?? '')?.cluster, byCluster.nodes.get(ids[0] ?? '')?.cluster);
  assert.equal(byCluster.nodes.get('//stripe.example')?.cluster, '');
});

test('a graph without traffic is still a graph', () => {
  assert.deepEqual([...parseDot(toDot({ nodes: [], edges: [] }, options)).nodes], []);
  const ids = ['c/n/a', 'c/n/b'];
  const parsed = parseDot(toDot({ nodes: ids.map((id) => node(id)), edges: [edge('c/n/a', 'c/n/b', 0)] }, options));
  assert.equal(parsed.edges[0]?.attributes['penwidth'], '1.0');
});
