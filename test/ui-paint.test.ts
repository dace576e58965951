/** What makes a big map fluent, in numbers: addresses by template, changes a few a frame, edges as they are painted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { toHrefs } from '../ui/map/href-template.ts';
import { toPaint } from '../ui/map/paint/painter.ts';
import type { EdgeShape } from '../ui/map/shapes.ts';
import { withSome } from '../ui/map/with-some.ts';

test('an address by template leads to the same thing, whatever its id', () => {
  const hrefOf = (type: 'edge' | 'node', id: string) => `/?${new URLSearchParams({ a: 'b', select: `${type}:${id}` })}`;
  const hrefs = toHrefs(hrefOf);
  const selectOf = (href: string) => new URL(href, 'http://map').searchParams.get('select');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.constantFrom('edge', 'node'), (id, type) => {
      assert.equal(selectOf(hrefs(type, id)), `${type}:${id}`);
    }),
  );
  assert.equal(hrefs('node', 'c/shop/cart'), hrefOf('node', 'c/shop/cart'));
});

test('an address that writes ids in a way of its own is asked for each', () => {
  const hrefs = toHrefs((type, id) => `/${type}/${id.length}`);
  assert.equal(hrefs('edge', 'abc'), '/edge/3');
});

test('a long list changes a few a frame, and what has gone goes at once', () => {
  const [a, b, c, newB, d] = [{ id: 'a' }, { id: 'b' }, { id: 'c' }, { id: 'b' }, { id: 'd' }];
  const first = withSome([], [a, b, c], 2);
  assert.deepEqual([first.list, first.left], [[a, b], 1]);
  const second = withSome([a, b, c], [newB, d, c], 1);
  assert.equal(second.list[0], newB);
  assert.deepEqual([second.list.map(({ id }) => id), second.left], [['b', 'c'], 1]);
  const third = withSome(second.list, [newB, d, c], 1);
  assert.deepEqual([third.list, third.left], [[newB, d, c], 0]);
});

test('what is selected or found has a strong halo on the canvas too, what is lit a faint one', () => {
  const shape: EdgeShape = {
    id: 'e',
    href: '',
    selected: false,
    found: false,
    dim: false,
    tabindex: -1,
    tone: 'path',
    name: '',
    remark: '',
    d: 'M0,0L9,0',
    reach: '',
    head: '',
    width: '2.5px',
    strength: '40%',
    lit: false,
  };
  const { width, strength, halo } = toPaint(shape);
  assert.deepEqual([width, strength, halo], [2.5, 40, 'none']);
  assert.equal(toPaint({ ...shape, lit: true }).halo, 'faint');
  assert.equal(toPaint({ ...shape, lit: true, selected: true }).halo, 'strong');
});
