/** Rules C1, C4 and C13: who the two ends of a call are, each on a trace small enough to read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callsOf } from '#shared/calls.ts';
import { toColumns, workloadKinds, type Span } from '#shared/span.ts';
import { buildTree } from '#shared/trace-tree.ts';
import { callBetween, callsIn, edgesIn, gateway, oneHop, proxy, span, traceCalls, type Given } from './span-builder.ts';

test('C1 identity: an SDK span takes namespace, cluster and version from the proxy span of its name next to it', () => {
  const { tree, workloadOf, versionOf } = traceCalls(oneHop());
  for (let node = 0; node < tree.count; node++) {
    const { id } = workloadOf(node);
    assert.equal(id, id.endsWith('/a') ? 'east/shop/a' : 'east/shop/b');
    assert.equal(versionOf(node), id.endsWith('/a') ? 'v1' : 'v2');
  }
});

test('C1 identity: the proxy may be below, or further up, or lost next to it but elsewhere in the trace', () => {
  const below = [
    span({ id: 'app', service: 'a', kind: 'client', peer: 'b' }),
    proxy({ id: 'out', parent: 'app', service: 'a', kind: 'client', peer: 'b', peerNamespace: 'shop' }),
  ];
  assert.equal(callsIn(below)[0]?.source.id, 'east/shop/a');
  const lost = [
    proxy({ id: 'S', service: 'a', kind: 'server' }),
    span({ id: 'app', parent: 'gone', service: 'a', kind: 'client', peer: 'db', peerKind: 'database' }),
  ];
  assert.equal(callBetween(callsIn(lost), 'a', 'db').source.id, 'east/shop/a');
});

test('C1 identity: of two namespaces with proxies of one name none is guessed', () => {
  const spans = [
    proxy({ id: 's1', service: 'a', kind: 'server' }),
    proxy({ id: 's2', service: 'a', namespace: 'other', kind: 'server' }),
    span({ id: 'app', service: 'a', kind: 'client', peer: 'db.example', peerKind: 'external' }),
  ];
  assert.equal(callBetween(callsIn(spans), 'a', 'db.example').source.id, '//a');
});

test('C1 identity: a namespace that the SDK gives itself is kept, its cluster completed', () => {
  const spans = [
    proxy({ id: 'S', service: 'a', kind: 'server' }),
    span({ id: 'same', parent: 'S', service: 'a', namespace: 'shop' }),
    span({ id: 'other', parent: 'S', service: 'a', namespace: 'lab' }),
  ];
  const { workloadOf } = traceCalls(spans);
  assert.deepEqual([0, 1, 2].map((node) => workloadOf(node).id).sort(), ['/lab/a', 'east/shop/a', 'east/shop/a']);
});

test('C1 identity: a callee of an SDK alone is in the namespace its caller called', () => {
  const spans = [
    proxy({ id: 'out', service: 'a', kind: 'client', peer: 'b', peerNamespace: 'data' }),
    span({ id: 'app', parent: 'out', service: 'b', kind: 'server' }),
    span({ id: 'inner', parent: 'app', service: 'b' }),
  ];
  const { calls, workloadOf } = traceCalls(spans);
  assert.equal(callBetween(calls, 'a', 'b').target.id, 'east/data/b');
  assert.equal(workloadOf(2).id, 'east/data/b');
});

test('C1 identity: a caller and a callee of one name in different namespaces are two workloads', () => {
  const spans = [
    proxy({ id: 'out', service: 'api', kind: 'client', namespace: 'one' }),
    proxy({ id: 'in', parent: 'out', service: 'api', kind: 'server', namespace: 'two' }),
  ];
  const [call] = callsIn(spans);
  assert.deepEqual([call?.source.id, call?.target.id], ['east/one/api', 'east/two/api']);
});

test('C1 identity: a span without a service name does the work of its parent, or is of an unknown workload', () => {
  const spans = [
    span({ id: 'S', service: 'a', kind: 'server' }),
    span({ id: 'i', parent: 'S' }),
    span({ id: 'C', parent: 'i', service: 'a', kind: 'client', peer: 'b' }),
    span({ id: 'x', parent: 'C', kind: 'server' }),
  ];
  assert.deepEqual(edgesIn(spans), ['a -> unknown', 'users -> a']);
});

test('C4 dark callee: a refused connection lands on the node of the spans of that workload', () => {
  const dark = [
    proxy({
      id: 'x',
      service: 'a',
      kind: 'client',
      httpCode: 503,
      responseFlags: 'URX,UF',
      peer: 'b',
      peerNamespace: 'shop',
      peerVersion: 'v2',
    }),
  ];
  const [refused] = callsIn(dark);
  const served = callBetween(callsIn(oneHop()), 'a', 'b');
  assert.equal(refused?.target.id, served.target.id);
  assert.equal(refused?.target.kind, served.target.kind);
  assert.deepEqual([refused?.failed, refused?.targetVersion, refused?.callee, refused?.serverNs], [true, 'v2', -1, -1]);
  assert.ok(Number.isNaN(refused?.networkNs));
});

test('C4 dark callee: what the proxy routed to is the destination, else what the application named', () => {
  const layers = (app: Partial<Given>, out: Partial<Given>) => [
    span({
      id: 'app',
      service: 'a',
      namespace: 'shop',
      cluster: 'east',
      kind: 'client',
      ...app,
    }),
    proxy({
      id: 'out',
      parent: 'app',
      service: 'a',
      kind: 'client',
      ...out,
    }),
  ];
  const targetOf = (app: Partial<Given>, out: Partial<Given>) => callsIn(layers(app, out))[0]?.target.id;
  assert.equal(targetOf({ peer: 'b-alias' }, { peer: 'b', peerNamespace: 'data' }), 'east/data/b');
  assert.equal(targetOf({ peer: 'stripe' }, { peer: 'api.stripe.example', peerKind: 'external' }), 'east/shop/stripe');
  assert.equal(targetOf({ peer: 'api.stripe.example', peerKind: 'external' }, {}), '//api.stripe.example');
  assert.equal(targetOf({}, {}), '//unknown');
  assert.equal(callsIn(layers({}, {}))[0]?.target.kind, workloadKinds.indexOf('unknown'));
});

test('C4 dark callee: the subset is what the innermost layer says, for proxies choose it', () => {
  const spans = [
    span({ id: 'app', service: 'a', kind: 'client', peer: 'b', peerVersion: 'any' }),
    proxy({
      id: 'out',
      parent: 'app',
      service: 'a',
      kind: 'client',
      peer: 'b',
      peerNamespace: 'shop',
      peerVersion: 'v2',
    }),
  ];
  assert.equal(callsIn(spans)[0]?.targetVersion, 'v2');
});

test('C4 dark callee: a bare address is only taken when nothing has a name', () => {
  const spans = (name: string) => [
    span({ id: 'app', service: 'a', kind: 'client', peer: '127.0.0.1', peerKind: 'unknown' }),
    proxy({ id: 'out', parent: 'app', service: 'a', kind: 'client', peer: name, peerKind: 'external' }),
  ];
  assert.equal(callsIn(spans('api.example'))[0]?.target.id, '//api.example');
  assert.equal(callsIn(spans(''))[0]?.target.id, '//127.0.0.1');
});

test('C4 dark callee: a short name is looked up in the namespace of the caller, a host with dots is nowhere', () => {
  const target = (given: Partial<Given>) =>
    callsIn([proxy({ id: 'c', service: 'a', kind: 'client', ...given, peerKind: 'database' })])[0]?.target.id;
  assert.equal(target({ peer: 'postgres' }), 'east/shop/postgres');
  assert.equal(target({ peer: 'postgres', peerNamespace: 'data' }), 'east/data/postgres');
  assert.equal(target({ peer: 'db.abc.rds.example' }), '//db.abc.rds.example');
});

test('C4 dark callee: a name that one workload of the trace bears is that workload', () => {
  const spans = [
    proxy({ id: 'c1', service: 'a', kind: 'client', peer: 'b', peerNamespace: 'data' }),
    proxy({ id: 'b', parent: 'c1', service: 'b', namespace: 'data', kind: 'server' }),
    span({ id: 'c2', at: 20, service: 'a', kind: 'client', peer: 'b', httpCode: 503 }),
  ];
  assert.deepEqual(
    callsIn(spans).map(({ target }) => target.id),
    ['east/data/b', 'east/data/b'],
  );
});

test('C4 dark callee: a layer that knows the database tells the kind', () => {
  const spans = [
    span({
      id: 'app',
      service: 'a',
      kind: 'client',
      peer: 'ch',
      peerNamespace: 'data',
      peerKind: 'database',
      protocol: 'clickhouse',
    }),
    proxy({ id: 'out', parent: 'app', service: 'a', kind: 'client', peer: 'ch', peerNamespace: 'data' }),
  ];
  const [call] = callsIn(spans);
  assert.deepEqual(
    [call?.target.id, call?.target.kind, call?.protocol],
    ['east/data/ch', workloadKinds.indexOf('database'), 'clickhouse'],
  );
});

test('C13 bounds: workloads of a trace beyond the limit are `other`', () => {
  const spans = [span({ id: 'root', service: 'a', kind: 'server' })];
  for (let i = 0; i < 10; i++)
    spans.push(span({ id: `s${i}`, parent: 'root', service: `s${i}`, kind: 'server', at: i }));
  for (let i = 0; i < 10; i++)
    spans.push(span({ id: `c${i}`, parent: 'root', service: 'a', kind: 'client', at: i, peer: `p${i}` }));
  const calls = callsIn(spans, { maxWorkloads: 5 });
  assert.equal(calls.length, 21);
  const names = new Set(calls.map(({ target }) => target.name));
  assert.ok(names.has('other') && names.size <= 7, [...names].join(' '));
  assert.equal(callsIn(spans).filter(({ target }) => target.name === 'other').length, 0);
});

test('C13 bounds: 10,000 children, deep layers and storms of retries stay fast', () => {
  const shapes: Record<string, (i: number) => Span> = {
    'many callees': (i) => span({ id: `s${i}`, parent: 'root', service: `s${i}`, kind: 'server' }),
    'one fan-out': (i) => span({ id: `s${i}`, parent: 'top', service: `s${i % 5000}`, kind: 'server' }),
    retries: (i) =>
      gateway({
        id: `r${i}`,
        parent: 'root',
        kind: 'client',
        at: i / 1e3,
        retryCount: i % 3,
        peer: 'b',
        peerNamespace: 'shop',
      }),
    'retries without end': (i) =>
      gateway({ id: `r${i}`, parent: 'gone', kind: 'client', retryCount: 9, peer: `b${i}`, peerNamespace: 'shop' }),
    'deep clients': (i) =>
      span({
        id: `s${i}`,
        parent: i === 0 ? 'root' : `s${i - 1 - (i % 2)}`,
        service: 'a',
        kind: 'client',
        peer: `p${i % 7}`,
      }),
    'deep hops': (i) =>
      span({
        id: `s${i}`,
        parent: i === 0 ? 'root' : `s${i - 1}`,
        service: `s${i % 9}`,
        kind: i % 2 ? 'client' : 'server',
      }),
  };
  for (const [name, shape] of Object.entries(shapes)) {
    const spans = [
      span({ id: 'root', service: 'a', kind: 'server' }),
      span({ id: 'top', parent: 'root', service: 'a', kind: 'client' }),
    ];
    for (let i = 0; i < 10_000; i++) spans.push(shape(i));
    const columns = toColumns(spans);
    const started = performance.now();
    callsOf(buildTree(columns, Array.from(spans.keys())));
    const took = performance.now() - started;
    assert.ok(took < 1000, `${name}: ${took} ms`);
  }
});
