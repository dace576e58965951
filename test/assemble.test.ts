/** collector/derive/assemble.ts: a settled trace has the rows that came for it, whatever was squeezed out in between. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spanIdHex } from '#shared/span.ts';
import { createAssembler, type Assembler } from '../collector/derive/assemble.ts';
import { createSpanRows, type FollowedRows } from '../collector/derive/span-rows.ts';
import { createTraceSlots } from '../collector/derive/trace-slots.ts';
import { createRandom } from '../fixtures/mesh/random.ts';

/** Upper half of all start times: in the year 2026, and no round number. */
const high = 412_345_679;

/** Rows of traces by number; a span's id, name and duration are its number. */
function rowsOf(
  { strings, classes }: Assembler,
  spans: readonly { readonly trace: number; readonly span: number }[],
  text: string,
): FollowedRows {
  const sorted = spans.toSorted((a, b) => a.trace - b.trace);
  const count = sorted.length;
  const rows = createSpanRows(count);
  rows.name.fill(strings.intern(text));
  sorted.forEach(({ trace, span }, row) => {
    rows.traceId.set([1, 2, trace >>> 16, trace], row * 4);
    rows.spanId[row * 2 + 1] = span;
    rows.startWords.set([span, high], row * 2);
    rows.durationNs[row] = span;
    rows.httpCode[row] = span;
    rows.marks[row] = span;
    rows.weight[row] = span / 3;
    if (span % 1000 === 0) rows.links.set(row, [{ traceId: '', spanId: String(span) }]);
  });
  return { ...rows, count, rowClass: classes.of(rows, rows.texts, count) };
}

test('every trace settles once, with all of its rows, after rows were squeezed out and room was given back', () => {
  const random = createRandom(5);
  const settleTicks = 3;
  const assembler = createAssembler(settleTicks);
  const expected = new Map<number, number[]>();
  let nextTrace = 1;
  let nextSpan = 1;
  let open: { trace: number; until: number }[] = [];
  let settledSpans = 0;
  let most = 0;
  for (let tick = 1; tick < 60; tick++) {
    const batch: { trace: number; span: number }[] = [];
    // A burst in the middle, so that what was held shrinks again.
    for (let i = 0; i < (tick < 40 ? (tick > 20 && tick < 24 ? 12_000 : 3000) : 0); i++) {
      open.push({ trace: nextTrace++, until: tick + (random.below(50) === 0 ? 12 : random.below(3)) });
    }
    for (const { trace } of open) {
      for (let n = 1 + random.below(6); n > 0; n--) {
        batch.push({ trace, span: nextSpan });
        const spans = expected.get(trace);
        if (spans) spans.push(nextSpan++);
        else expected.set(trace, [nextSpan++]);
      }
    }
    open = open.filter(({ until }) => until > tick);
    if (batch.length > 0) assembler.add(rowsOf(assembler, batch, `text ${tick % 7}`), tick);
    most = Math.max(most, assembler.openTraces);
    for (const settled of assembler.takeSettled(tick)) {
      const trace = Number.parseInt(assembler.traceId(settled).slice(16), 16);
      const rows = assembler.load(settled);
      const { columns } = assembler;
      const spans = Array.from(rows, (row) => columns.durationNs[row] as number).sort((a, b) => a - b);
      assert.deepEqual(spans, expected.get(trace % 2 ** 32), `trace ${trace}`);
      expected.delete(trace % 2 ** 32);
      settledSpans += spans.length;
      const first = spans[0] as number;
      const { second, restNs } = assembler.origin;
      assert.equal(BigInt(second) * 1_000_000_000n + BigInt(restNs), columns.originNs);
      assert.equal(columns.originNs, (BigInt(high) << 32n) + BigInt(first));
      assert.ok(restNs < 1e9);
      for (const row of rows) {
        const span = columns.durationNs[row] as number;
        assert.equal(spanIdHex(columns.spanId, row), span.toString(16).padStart(16, '0'));
        assert.equal(columns.startNs[row], span - first);
        assert.equal(columns.marks[row], span % 256);
        assert.equal(columns.httpCode[row], (span << 16) >> 16);
        assert.equal(columns.weight[row], span / 3);
        assert.match(columns.strings[columns.name[row] as number] ?? '', /^text /);
        assert.equal(columns.links.get(row)?.[0]?.spanId, span % 1000 === 0 ? String(span) : undefined);
      }
    }
    assembler.sweep();
  }
  assert.equal(expected.size, 0);
  assert.equal(assembler.openTraces, 0);
  assert.equal(settledSpans, nextSpan - 1);
  assert.ok(most > 20_000 && settledSpans > 500_000, `${most} traces, ${settledSpans} spans`);
});

test('open traces are found by id, also after others that stood in their way were removed', () => {
  const random = createRandom(3);
  const slots = createTraceSlots(() => {});
  const known = new Map<number, number>();
  const column = new Uint32Array(4);
  for (let i = 0; i < 60_000; i++) {
    // Few low words: many share a place in the table.
    const id = random.below(4000);
    column.set([0, 0, id >> 3, id & 7]);
    const held = known.get(id);
    assert.equal(slots.find(column, 0), held ?? -1);
    if (held === undefined) known.set(id, slots.take(column, 0));
    else if (random.below(2) === 0) {
      slots.remove(held);
      slots.free(held);
      known.delete(id);
    }
    assert.equal(slots.size, known.size);
  }
  assert.ok(slots.end <= 4000);
});
