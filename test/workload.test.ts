import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hash64, hex64, toBigInt } from '#shared/hash.ts';
import { edgeId, nodeId, parseNodeId } from '#shared/workload.ts';

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
