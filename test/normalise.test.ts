/** The rules from a span as sent to the columns of the store, one test a rule, named after the rules C1 to C11. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kind, mark, type Span, workloadKinds } from '#shared/span.ts';
import type { OtlpSpan } from '../collector/decode/otlp.ts';
import { writeOtlp } from '../collector/decode/otlp-write.ts';
import { parseCluster } from '../collector/normalise/envoy.ts';
import { parseHost } from '../collector/normalise/hosts.ts';
import { defaultConfig, type NormaliseConfig } from '../collector/normalise/normalise.ts';
import { weightOf } from '../collector/normalise/semconv.ts';
import { spansOf } from '../collector/normalise/spans-of.ts';
import { recordedBodies, recordings } from './recordings.ts';
import { type Attributes, bodyOf, keyValues, spanId, traceId } from './otlp-span.ts';

/** The one span with these attributes, a CLIENT unless said otherwise. */
function spanOf(
  attributes: Attributes,
  resource: Attributes = {},
  span: OtlpSpan = {},
  config?: NormaliseConfig,
): Span {
  return spansOf(bodyOf(attributes, resource, span), config)[0]!;
}

const identityOf = ({ cluster, namespace, service, version }: Span): string =>
  `${cluster}/${namespace}/${service}@${version}`;
const peerOf = ({ peerNamespace, peer, peerVersion, peerKind }: Span): string =>
  `${peerNamespace}/${peer}@${peerVersion} ${workloadKinds[peerKind]}`;

const envoy = { component: 'proxy', 'http.status_code': '200', response_flags: '-' };
const istio = {
  'istio.canonical_service': 'reviews',
  'istio.canonical_revision': 'v2',
  'istio.namespace': 'shop',
  'istio.cluster_id': 'east',
};

test('C1: the Istio tags name the workload before service.name does', () => {
  assert.equal(identityOf(spanOf({ ...envoy, ...istio }, { 'service.name': 'reviews.shop' })), 'east/shop/reviews@v2');
  const unknown = { ...envoy, ...istio, 'istio.canonical_service': 'unknown' };
  assert.equal(identityOf(spanOf(unknown, { 'service.name': 'reviews.shop' })), 'east/shop/reviews@v2');
});

test('C1: spans of one sender that differ in one tag are different workloads', () => {
  const names = Object.keys(istio);
  const spans = ['', ...names, ''].map((changed) => ({
    traceId,
    spanId,
    attributes: keyValues({ ...envoy, ...istio, ...(changed !== '' && { [changed]: 'other' }) }),
  }));
  const found = spansOf(writeOtlp({ resourceSpans: [{ scopeSpans: [{ spans }] }] })).map(identityOf);
  assert.deepEqual(found, [
    'east/shop/reviews@v2',
    'east/shop/other@v2',
    'east/shop/reviews@other',
    'east/other/reviews@v2',
    'other/shop/reviews@v2',
    'east/shop/reviews@v2',
  ]);
});

test('a dash is how Envoy says that there is no value', () => {
  const none = {
    upstream_cluster: '-',
    'peer.service': '-',
    'error.type': '-',
    'messaging.system': '-',
    user_agent: '-',
  };
  const span = spanOf({ ...envoy, ...none });
  assert.deepEqual([span.peer, span.errorType, span.protocol, span.marks], ['', '', 'http', mark.proxy]);
});

test('C1: without them the resource names it: name, namespace, cluster, version', () => {
  const resource = { 'service.name': 'cart', 'service.version': '1.2', 'k8s.cluster.name': 'west' };
  assert.equal(
    identityOf(spanOf({}, { ...resource, 'service.namespace': 'shop', 'k8s.namespace.name': 'x' })),
    'west/shop/cart@1.2',
  );
  assert.equal(identityOf(spanOf({}, { ...resource, 'k8s.namespace.name': 'shop' })), 'west/shop/cart@1.2');
  assert.equal(identityOf(spanOf({}, resource)), 'west//cart@1.2');
});

test('C1: name.namespace is split when the namespace is known or a proxy says it, else it stays', () => {
  const identity = (attributes: Attributes, resource: Attributes): string => identityOf(spanOf(attributes, resource));
  assert.equal(identity({}, { 'service.name': 'cart.shop', 'service.namespace': 'shop' }), '/shop/cart@');
  assert.equal(identity({}, { 'service.name': 'cart.shop', 'service.namespace': 'other' }), '/other/cart.shop@');
  assert.equal(identity({}, { 'service.name': 'cart.shop' }), '//cart.shop@');
  assert.equal(identity(envoy, { 'service.name': 'cart.shop' }), '/shop/cart@');
  assert.equal(identity(envoy, { 'service.name': 'a.b.c' }), '//a.b.c@');
  assert.equal(identity(envoy, { 'service.name': 'cart.shop.svc.cluster.local' }), '/shop/cart@');
});

test('C1: an alias renames both ends, by namespace/name before name', () => {
  const aliases = new Map([
    ['shop/cart', 'store/basket'],
    ['cart', 'never'],
    ['db-0.internal', 'orders-db'],
  ]);
  const config = { ...defaultConfig, aliases };
  const resource = { 'service.name': 'cart', 'service.namespace': 'shop' };
  const span = spanOf({ 'server.address': 'db-0.internal' }, resource, {}, config);
  assert.equal(identityOf(span), '/store/basket@');
  assert.equal(peerOf(span), '/orders-db@ external');
  assert.equal(identityOf(spanOf({}, resource)), '/shop/cart@', 'another configuration does not see it');
});

test('C1: a Linkerd proxy is the workload of its pod, not the name all proxies share', () => {
  const resource = { 'service.name': 'linkerd-proxy', 'k8s.namespace.name': 'shop' };
  const labelled = spanOf({ direction: 'inbound' }, { ...resource, 'app.kubernetes.io/name': 'cart' });
  assert.equal(identityOf(labelled), '/shop/cart@');
  assert.equal(labelled.marks, mark.proxy);
  assert.equal(
    identityOf(spanOf({ direction: 'outbound' }, { ...resource, 'k8s.pod.name': 'auth-7b4d9f6c58-k2x8q' })),
    '/shop/auth@',
  );
  assert.equal(identityOf(spanOf({ direction: 'outbound' }, resource)), '/shop/linkerd-proxy@');
});

test('C1: a waypoint stands for the workload before which it stands', () => {
  const waypoint = {
    ...envoy,
    ...istio,
    'istio.canonical_service': 'waypoint',
    'istio.destination_canonical_service': 'ratings',
    'istio.destination_canonical_revision': 'v1',
    'istio.destination_namespace': 'books',
    'istio.destination_cluster_id': 'west',
  };
  assert.equal(identityOf(spanOf(waypoint, {}, { kind: kind.server })), 'west/books/ratings@v1');
});

test('C4: the peer is the first of the names in the order of the rule', () => {
  const steps: [Attributes, string][] = [
    [{ 'http.url': 'https://user@api.example:8443/v1?x=1' }, '/api.example@ external'],
    [{ 'db.system': 'postgresql' }, '/postgresql@ database'],
    [{ 'db.namespace': 'orders' }, '/orders@ database'],
    [{ 'server.address': 'orders-db.data.svc.cluster.local' }, 'data/orders-db@ database'],
    [{ 'messaging.destination.name': 'jobs' }, '/jobs@ messaging'],
    [{ upstream_cluster: 'outbound|9080|v1|reviews.shop.svc.cluster.local' }, 'shop/reviews@v1 service'],
    [{ 'peer.service': 'billing' }, '/billing@ database'],
    [{ 'service.peer.name': 'ledger', 'service.peer.namespace': 'bank' }, 'bank/ledger@ database'],
  ];
  let attributes: Attributes = {};
  for (const [more, expected] of steps) {
    attributes = { ...more, ...attributes };
    assert.equal(peerOf(spanOf(attributes)), expected);
  }
});

test('C4: only a caller has a peer, and a consumer its queue', () => {
  const attributes = { 'server.address': 'orders', 'messaging.destination.name': 'jobs' };
  for (const none of [kind.unspecified, kind.internal, kind.server]) {
    assert.equal(spanOf(attributes, {}, { kind: none }).peer, '');
  }
  assert.equal(peerOf(spanOf(attributes, {}, { kind: kind.producer })), '/jobs@ messaging');
  assert.equal(peerOf(spanOf(attributes, {}, { kind: kind.consumer })), '/jobs@ messaging');
  assert.equal(
    peerOf(spanOf({ 'messaging.destination.name': 'reply-8f2a', 'messaging.destination.template': 'reply-{id}' })),
    '/reply-{id}@ messaging',
  );
});

test('C4: cluster names of Istio, of pass-through, of Envoy Gateway, of static Envoys', () => {
  const named = (cluster: string): string | undefined => {
    const peer = parseCluster(cluster);
    return peer && `${peer.namespace}/${peer.name}@${peer.version} ${workloadKinds[peer.kind]}`;
  };
  assert.equal(named('outbound|443||api.stripe.example'), '/api.stripe.example@ external');
  assert.equal(named('outbound|9080||reviews.shop.svc.cluster.local;'), 'shop/reviews@ service');
  assert.equal(named('outbound_.9080_.v1_.reviews.shop.svc.cluster.local'), 'shop/reviews@v1 service');
  assert.equal(named('httproute/shop/checkout/rule/0'), 'shop/checkout@ service');
  assert.equal(named('payment_service'), '/payment_service@ service');
  for (const none of ['inbound|9080||', 'PassthroughCluster', 'InboundPassthroughClusterIpv4', 'BlackHoleCluster']) {
    assert.equal(named(none), undefined, none);
  }
});

test('C4: a call through the pass-through cluster, or to no route, goes to the host that was asked for', () => {
  const url = 'http://legacy.shop.svc.cluster.local:9080/x';
  assert.equal(
    peerOf(spanOf({ ...envoy, upstream_cluster: 'PassthroughCluster', 'http.url': url })),
    'shop/legacy@ service',
  );
  assert.equal(
    peerOf(spanOf({ ...envoy, response_flags: 'NR' }, {}, { name: 'egress old.example:80' })),
    '/old.example@ external',
  );
});

test('C4: hosts give first label and namespace within the cluster, else the host without port', () => {
  const named = (host: string): string => {
    const { name, namespace, kind: kindOf } = parseHost(host);
    return `${namespace}/${name} ${workloadKinds[kindOf]}`;
  };
  assert.equal(named('reviews.shop.svc.cluster.local:9080'), 'shop/reviews service');
  assert.equal(named('reviews.shop.svc'), 'shop/reviews service');
  assert.equal(named('db-0.db.data.svc.cluster.local'), 'data/db service');
  assert.equal(named('API.Example.COM.'), '/api.example.com external');
  assert.equal(named('redis:6379'), '/redis service');
  assert.equal(named('10.0.0.7:80'), '/10.0.0.7 unknown');
  assert.equal(named('[2001:db8::1]:443'), '/2001:db8::1 unknown');
  assert.equal(named('2001:db8::1'), '/2001:db8::1 unknown');
  assert.equal(named('localhost'), '/localhost unknown');
  assert.equal(parseHost('').name, '');
});

test('C7: codes are read from numbers and text, in the new names before the old', () => {
  const codes = (attributes: Attributes): [number, number] => {
    const { httpCode, grpcCode } = spanOf(attributes);
    return [httpCode, grpcCode];
  };
  assert.deepEqual(codes({}), [-1, -1]);
  assert.deepEqual(codes({ 'http.status_code': '0' }), [0, -1]);
  assert.deepEqual(codes({ 'http.status_code': 503, 'http.response.status_code': 200 }), [200, -1]);
  assert.deepEqual(codes({ 'http.status_code': 'abc' }), [-1, -1]);
  assert.deepEqual(codes({ 'http.status_code': '99999' }), [-1, -1]);
  assert.deepEqual(codes({ 'grpc.status_code': '14' }), [-1, 14]);
  assert.deepEqual(codes({ 'grpc.status_code': '-' }), [-1, -1]);
  assert.deepEqual(codes({ 'rpc.grpc.status_code': 5 }), [-1, 5]);
  assert.deepEqual(codes({ 'rpc.response.status_code': 'DEADLINE_EXCEEDED' }), [-1, 4]);
  assert.deepEqual(codes({ 'rpc.status_code': 'OK', 'grpc.status_code': '2' }), [-1, 0]);
  assert.deepEqual(codes({ 'rpc.connect_rpc.error_code': 'canceled' }), [-1, 1]);
  assert.deepEqual(codes({ 'rpc.status_code': 'whatever' }), [-1, -1]);
});

test('C8: response flags lose their dash; DC means the caller went away', () => {
  const span = spanOf({ ...envoy, response_flags: 'URX,UF' });
  assert.equal(span.responseFlags, 'URX,UF');
  assert.equal(spanOf({ ...envoy, response_flags: '-' }).responseFlags, '');
  assert.equal(spanOf({ ...envoy, response_flags: 'DC' }).marks, mark.proxy | mark.canceled);
  assert.equal(spanOf({ ...envoy, response_flags: 'DCX' }).marks, mark.proxy);
});

test('C8: an error in words is kept where there is no code, from error.type or else the exception', () => {
  assert.equal(spanOf({ 'error.type': 'ConnectionResetError' }).errorType, 'ConnectionResetError');
  assert.equal(spanOf({ 'error.type': '503', 'http.response.status_code': 503 }).errorType, '');
  const exception = { name: 'exception', attributes: keyValues({ 'exception.type': 'TimeoutError' }) };
  assert.equal(spanOf({}, {}, { events: [exception] }).errorType, 'TimeoutError');
});

test('marks: who sent it, whether it failed, whether it was a probe', () => {
  const marks = (attributes: Attributes, span: OtlpSpan = {}): number => spanOf(attributes, {}, span).marks;
  assert.equal(marks({}), 0);
  assert.equal(marks(envoy), mark.proxy);
  assert.equal(marks({ ...envoy, node_id: 'sidecar~10.0.0.7~a.b~b.svc.cluster.local' }), mark.proxy);
  assert.equal(marks({ ...envoy, node_id: 'router~10.0.0.2~gw.b~b.svc.cluster.local' }), mark.proxy | mark.gateway);
  assert.equal(marks(envoy, { name: 'router outbound|80||a.b.svc.cluster.local; egress' }), mark.proxy | mark.gateway);
  const server = { kind: kind.server };
  assert.equal(marks({ ...envoy, upstream_cluster: 'inbound|80||' }, server), mark.proxy);
  assert.equal(marks({ ...envoy, upstream_cluster: 'httproute/a/b/rule/0' }, server), mark.proxy | mark.gateway);
  assert.equal(marks({ error: 'true' }), mark.error);
  assert.equal(marks({ error: true }), mark.error);
  assert.equal(marks({ error: 'false' }), 0);
  assert.equal(marks({ 'error.type': 'X' }), mark.error);
  assert.equal(marks({ canceled: 'true' }), mark.canceled);
});

test('C6: a probe is known by its agent or the gRPC health service, never by a path alone', () => {
  const probe = (attributes: Attributes): boolean => (spanOf(attributes).marks & mark.probe) !== 0;
  assert.ok(probe({ user_agent: 'kube-probe/1.31' }));
  assert.ok(probe({ 'user_agent.original': 'GoogleHC/1.0' }));
  assert.ok(probe({ 'http.user_agent': 'ELB-HealthChecker/2.0' }));
  assert.ok(probe({ 'grpc.path': '/grpc.health.v1.Health/Check' }));
  assert.ok(probe({ 'rpc.service': 'grpc.health.v1.Health' }));
  assert.ok(!probe({ user_agent: 'curl/8', 'http.url': 'http://a/healthz' }));
  assert.ok(!probe({ user_agent: 'my-kube-probe/1' }));
});

test('C11: tracestate scales by ot=th and ot=p, capped; else the configured weight; else one', () => {
  assert.equal(weightOf('ot=th:0'), 1);
  assert.equal(weightOf('vendor=1, ot=th:8;rv:abc'), 2);
  assert.equal(weightOf('ot=rv:abc;th:c'), 4);
  assert.equal(Math.round(weightOf('ot=th:fd70a4')), 100);
  assert.equal(weightOf('ot=th:ffffffffffffff'), 1e6);
  assert.equal(weightOf('ot=p:3'), 8);
  for (const nothing of ['', 'ot=p:63', 'ot=th:', 'ot=th:xyz', 'ot=th:123456789012345', 'not=th:8', 'a=ot=th:8']) {
    assert.equal(weightOf(nothing), 0, nothing);
  }
  const config = { ...defaultConfig, weights: new Map([['shop/cart', 10]]) };
  const resource = { 'service.name': 'cart', 'service.namespace': 'shop' };
  assert.equal(spanOf({}, resource, {}, config).weight, 10);
  assert.equal(spanOf({}, resource, { traceState: 'ot=th:8' }, config).weight, 2);
  assert.equal(spanOf({}, resource).weight, 1);
});

test('the other side of a TLS hop is named by the tag of that side', () => {
  const tags = {
    'lab.source_principal': 'spiffe://cluster.local/ns/shop/sa/frontend',
    'lab.destination_principal': 'spiffe://cluster.local/ns/shop/sa/auth',
    'lab.local_principal': 'spiffe://cluster.local/ns/shop/sa/self',
  };
  const callee = spanOf(tags, {}, { kind: kind.server });
  assert.equal(callee.principal, 'spiffe://cluster.local/ns/shop/sa/frontend');
  assert.equal(callee.marks, mark.mtls);
  assert.equal(spanOf(tags).principal, 'spiffe://cluster.local/ns/shop/sa/auth');
  assert.equal(spanOf({ 'lab.source_principal': tags['lab.source_principal'] }).principal, '');
  assert.equal(spanOf({ 'peer.id': 'spiffe://a/b' }).principal, 'spiffe://a/b');
});

test('protocol, sizes and attempts', () => {
  const protocol = (attributes: Attributes): string => spanOf(attributes).protocol;
  assert.equal(protocol({ 'http.url': 'http://a/' }), 'http');
  assert.equal(protocol({ 'http.status_code': '200', 'grpc.status_code': '0' }), 'grpc');
  assert.equal(protocol({ 'rpc.system': 'dubbo', 'http.url': 'http://a/' }), 'dubbo');
  assert.equal(protocol({ 'db.system': 'mssql' }), 'microsoft.sql_server');
  assert.equal(protocol({ 'messaging.system': 'kafka' }), 'kafka');
  assert.equal(protocol({}), '');
  const sized = spanOf({ request_size: '12', response_size: '9007199254740', 'retry.count': '2' });
  assert.deepEqual([sized.requestBytes, sized.responseBytes, sized.retryCount], [12, 9007199254740, 2]);
  assert.deepEqual(spanOf({ request_size: '-', 'http.request.resend_count': 3 }).retryCount, 3);
});

test('of equal keys the last one counts', () => {
  const spans = [
    {
      traceId,
      spanId,
      attributes: [...keyValues({ 'http.status_code': 500 }), ...keyValues({ 'http.status_code': 200 })],
    },
  ];
  assert.equal(spansOf(writeOtlp({ resourceSpans: [{ scopeSpans: [{ spans }] }] }))[0]?.httpCode, 200);
});

test('the recordings name exactly the destinations their TRUTH has', () => {
  const peers = new Set<string>();
  for (const recording of recordings) {
    for (const body of recordedBodies(recording)) for (const span of spansOf(body)) peers.add(peerOf(span));
  }
  peers.delete('/@ unknown');
  assert.deepEqual([...peers].sort(), [
    '/api.stripe.example@ external',
    'data/inventory-db@ database',
    'data/reviews-clickhouse@ service',
    'shop/auth@ service',
    'shop/cart@ service',
    'shop/frontend@ service',
    'shop/legacy-host@ service',
    'shop/payment@ service',
    'shop/product-api@ service',
    'shop/recommendations@ service',
    'shop/reviews@ service',
    'shop/reviews@v1 service',
    'shop/reviews@v2 service',
  ]);
});
