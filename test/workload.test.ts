import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hash64, hex64, toBigInt } from '#shared/hash.ts';
import {
  applyAlias,
  bareHost,
  edgeId,
  nodeId,
  parseAliases,
  parseNodeId,
  splitHost,
  splitServiceName,
} from '#shared/workload.ts';

const part = fc.string({ unit: 'binary', maxLength: 12 });

test('a node id is cluster/namespace/name, and empty parts stay empty', () => {
  assert.equal(nodeId('east', 'shop', 'cart'), 'east/shop/cart');
  assert.equal(nodeId('', '', 'users'), '//users');
});

test('a node id can be read one way only', () => {
  fc.assert(
    fc.property(part, part, part, (cluster, namespace, name) => {
      assert.deepEqual(parseNodeId(nodeId(cluster, namespace, name)), { cluster, namespace, name });
    }),
  );
  assert.throws(() => parseNodeId('shop/cart'), { code: 'bad-request' });
  assert.throws(() => parseNodeId('a/b/c/d'), { code: 'bad-request' });
});

test('an edge id is 16 hex digits, stable, and tells direction and ends apart', () => {
  assert.equal(edgeId('//users', 'east/edge/gateway'), '6e1eec4078ff9b54');
  assert.notEqual(edgeId('//a', '//b'), edgeId('//b', '//a'));
  fc.assert(
    fc.property(part, part, part, part, (a, b, c, d) => {
      const id = edgeId(nodeId(a, b, c), nodeId(b, c, d));
      assert.match(id, /^[0-9a-f]{16}$/);
    }),
  );
});

test('the hash is FNV-1a of the UTF-8 bytes', () => {
  assert.equal(hex64(hash64('')), 'cbf29ce484222325');
  assert.equal(hex64(hash64('a')), 'af63dc4c8601ec8c');
  assert.equal(hex64(hash64('foobar')), '85944171f73967e8');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (text) => {
      let expected = 0xcbf29ce484222325n;
      for (const byte of new TextEncoder().encode(text))
        expected = BigInt.asUintN(64, (expected ^ BigInt(byte)) * 0x100000001b3n);
      assert.equal(toBigInt(hash64(text)), expected);
      assert.equal(toBigInt(hash64('tail', hash64(text))), toBigInt(hash64(`${text}tail`)));
    }),
  );
});

test('a host in .svc gives service and namespace, any other is taken as it is, without port and path', () => {
  const cases: [string, string, string][] = [
    ['reviews.shop.svc.cluster.local', 'reviews', 'shop'],
    ['reviews.shop.svc.cluster.local:9080', 'reviews', 'shop'],
    ['http://Reviews.Shop.svc.cluster.local:9080/a?b#c', 'reviews', 'shop'],
    ['reviews.shop.svc', 'reviews', 'shop'],
    ['reviews.shop.svc.corp.example.', 'reviews', 'shop'],
    ['db-0.db.data.svc.cluster.local', 'db', 'data'],
    ['api.stripe.example:443', 'api.stripe.example', ''],
    ['https://user:secret@api.stripe.example/v1/charges', 'api.stripe.example', ''],
    ['svc.example.com', 'svc.example.com', ''],
    ['legacy-host', 'legacy-host', ''],
    ['[::1]:8080', '::1', ''],
    ['fe80::1', 'fe80::1', ''],
    ['10.0.0.7:9080', '10.0.0.7', ''],
    ['', '', ''],
  ];
  for (const [text, name, namespace] of cases) assert.deepEqual(splitHost(text), { name, namespace }, text);
  fc.assert(fc.property(fc.string(), (text) => assert.ok(!bareHost(text).includes('/'))));
});

test('a service name is split from its namespace when that is known or a proxy wrote it', () => {
  assert.deepEqual(splitServiceName('frontend.shop', 'shop', false), { name: 'frontend', namespace: 'shop' });
  assert.deepEqual(splitServiceName('frontend.v2', 'shop', true), { name: 'frontend.v2', namespace: 'shop' });
  assert.deepEqual(splitServiceName('frontend.shop', '', true), { name: 'frontend', namespace: 'shop' });
  assert.deepEqual(splitServiceName('frontend.shop', '', false), { name: 'frontend.shop', namespace: '' });
  assert.deepEqual(splitServiceName('.shop', '', true), { name: '.shop', namespace: '' });
  assert.deepEqual(splitServiceName('shop', 'shop', true), { name: 'shop', namespace: 'shop' });
});

test('the most exact alias wins, and parts it leaves out are kept', () => {
  const aliases = parseAliases('web=shop/frontend, east/old/web=west/new/site, legacy=orders');
  const web = { cluster: 'east', namespace: '', name: 'web' };
  assert.deepEqual(applyAlias(aliases, web), { cluster: 'east', namespace: 'shop', name: 'frontend' });
  assert.deepEqual(applyAlias(aliases, { ...web, namespace: 'old' }), {
    cluster: 'west',
    namespace: 'new',
    name: 'site',
  });
  assert.deepEqual(applyAlias(aliases, { ...web, name: 'legacy' }), { ...web, name: 'orders' });
  assert.deepEqual(applyAlias(aliases, { ...web, name: 'cart' }), { ...web, name: 'cart' });
  for (const bad of ['web', 'a=b=c', '=b', 'a=', 'a=1/2/3/4'])
    assert.throws(() => parseAliases(bad), { code: 'bad-request' });
});
