/** The maths of the search page: the question in the address, the plot, points, cells. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TracePoint } from '#shared/api.ts';
import { parseTraceQuery, writeTraceQuery } from '#shared/trace-query.ts';
import { cellAt, cellsOf, coarser, heatExtent, rowsAsOne, strengthOf, walkCells } from '../ui/search/heat.ts';
import { fitting } from '../ui/search/known.ts';
import { placesOf } from '../ui/part/typed.ts';
import { serviceBefore } from '../ui/search/line.ts';
import {
  dragBox,
  durationExtent,
  durationTicks,
  narrowTo,
  roundDown,
  roundUp,
  timeTicks,
  toPlot,
} from '../ui/search/plot.ts';
import { nearestPoint, onlyRoot, pointPaths, walkOrders, walkTo } from '../ui/search/points.ts';
import { fieldMs, filterChanges, partsOf, questionIn, readFieldMs, searchHref, withParts } from '../ui/search/query.ts';
import { cellText, failedText, pointText } from '../ui/search/words.ts';

const at = (text: string) => questionIn(new URLSearchParams(text));
const filterOf = (text: string) => {
  const { parsed } = at(text);
  assert.ok(parsed.ok);
  return parsed.filter;
};

describe('the question in the address', () => {
  test('parameters of the map become the line that says the same', () => {
    assert.equal(
      at('service=product-api&operation=GET /cart&status=error').line,
      'service = product-api operation = "GET /cart" status = error',
    );
    assert.equal(at('service=api&version=v2').line, 'service = api version = v2');
    assert.equal(at('edge=0123456789ABCDEF&minMs=250').line, 'duration >= 250ms edge = 0123456789abcdef');
    assert.equal(at('attr=http.status_code=503&attr=a=b').line, 'http.status_code = 503 a = b');
  });

  test('what a parameter cannot mean is dropped, an order it does not know is the newest first', () => {
    assert.deepEqual(filterOf('minMs=fast&status=odd&edge=12&attr=nothing'), { attributes: [] });
    assert.equal(at('order=upwards').order, 'recent');
    assert.equal(at('order=slowest').order, 'slowest');
  });

  test('the line wins over parameters beside it, and takes their attributes in', () => {
    const filter = filterOf('q=service = a x = 1&service=b&status=failed&attr=y=2');
    assert.equal(filter.service, 'a');
    assert.equal(filter.status, 'failed');
    assert.deepEqual(
      filter.attributes.map(({ key }) => key),
      ['x', 'y'],
    );
  });

  test('a line stands as it was written, and one that cannot be read is told with its place', () => {
    assert.equal(at('q=duration > 1000ms and a = b').line, 'duration > 1000ms and a = b');
    const { parsed, line } = at('q=duration >= fast&service=a');
    assert.equal(line, 'duration >= fast');
    assert.ok(!parsed.ok && line.slice(parsed.at, parsed.end) === 'fast');
  });

  test('a change writes the line and takes every parameter beside it away', () => {
    const changes = filterChanges({ attributes: [], service: 'a' });
    assert.equal(changes['q'], 'service = a');
    for (const name of ['service', 'operation', 'version', 'minMs', 'maxMs', 'status', 'edge', 'attr']) {
      assert.ok(name in changes && changes[name] === undefined, name);
    }
  });

  test('an embed leads to the page of the same question, without what is of the embed alone', () => {
    const query = new URLSearchParams('q=service = a&window=1h&refresh=10s&theme=dark');
    assert.equal(searchHref(query, {}), '/search?q=service+%3D+a&window=1h');
    assert.equal(searchHref(query, { from: '1', to: '2', window: undefined, q: '' }), '/search?from=1&to=2');
    assert.equal(searchHref(new URLSearchParams(), {}), '/search');
  });

  test('each part can be taken away, and none of the others goes with it', () => {
    const line =
      'service = a operation = b root = "c|d" version = v1 duration >= 1ms duration <= 2s status = failed edge = 0123456789abcdef x = "" y exists';
    const read = parseTraceQuery(line);
    assert.ok(read.ok);
    const parts = partsOf(read.filter, () => 'a → b');
    assert.deepEqual(
      parts.map(({ text }) => text),
      [
        'workload a',
        'operation b',
        'started by c d',
        'version v1',
        'at least 1 ms',
        'at most 2 s',
        'failed',
        'over a → b',
        'x = ""',
        'y exists',
      ],
    );
    const whole = writeTraceQuery(read.filter).length;
    for (const { without } of parts) {
      assert.equal(partsOf(without).length, parts.length - 1);
      assert.ok(writeTraceQuery(without).length < whole);
    }
  });

  test('a part is set, changed and taken away; empty takes away', () => {
    assert.deepEqual(withParts({ attributes: [], service: 'a' }, { service: '', minMs: 5 }), {
      attributes: [],
      minMs: 5,
    });
    assert.deepEqual(withParts({ attributes: [], minMs: 5 }, { minMs: undefined }), { attributes: [] });
    assert.equal(withParts({ attributes: [] }, { minMs: 0 }).minMs, 0);
  });

  test('a duration is typed with or without its unit', () => {
    assert.equal(readFieldMs('100'), 100);
    assert.equal(readFieldMs(' 1.5 s '), 1_500);
    assert.equal(readFieldMs(''), undefined);
    assert.equal(fieldMs(100), '100 ms');
    assert.equal(fieldMs(undefined), '');
    for (const ms of [0.001, 123.4567, 1_500, 90_000, 1_234_567]) assert.equal(readFieldMs(fieldMs(ms)), ms);
    assert.ok(Number.isNaN(readFieldMs('fast')));
    assert.ok(Number.isNaN(readFieldMs('1s status = ok')));
  });

  test('the workload of a half-written line is known', () => {
    assert.equal(serviceBefore('service = "a b" operation = '), 'a b');
    assert.equal(serviceBefore('status = failed service ='), undefined);
    assert.deepEqual(placesOf('a b', { at: 2, end: 2 }), { before: 'a ', at: ' ', after: 'b' });
  });

  test('names that begin with what is typed come before those that hold it', () => {
    const names = ['payment', 'api', 'product-api', 'api'].map((text) => ({ text }));
    assert.deepEqual(
      fitting(names, 'API').map(({ text }) => text),
      ['api', 'product-api'],
    );
  });
});

const box = { left: 50, top: 10, right: 1_050, bottom: 210 };
const plot = toPlot({ from: 0, to: 1_000_000, minMs: 1, maxMs: 10_000 }, box);

describe('the plot', () => {
  test('time is linear, duration logarithmic, and both lead back', () => {
    assert.equal(plot.x(500_000), 550);
    assert.equal(plot.y(100), 110);
    assert.equal(plot.at(550), 500_000);
    assert.ok(Math.abs(plot.ms(110) - 100) < 1e-9);
    assert.equal(plot.y(0), 210, 'what lasts no time stands at the foot');
  });

  test('the axis holds every duration with air, and is never flat', () => {
    const some = durationExtent([5, 80, 2_000]);
    assert.ok(some.minMs < 5 && some.maxMs > 2_000);
    const one = durationExtent([100]);
    assert.ok(one.minMs < 70 && one.maxMs > 140);
    assert.deepEqual(durationExtent([]), { minMs: 1, maxMs: 1_000 });
    assert.ok(durationExtent([0]).minMs > 0);
  });

  test('ticks are round, within the plot and not too many', () => {
    assert.deepEqual(durationTicks(plot), [1, 10, 100, 1_000, 10_000]);
    const close = toPlot({ from: 0, to: 1, minMs: 9, maxMs: 60 }, box);
    assert.deepEqual(durationTicks(close), [10, 20, 50]);
    const wide = toPlot({ from: 0, to: 1, minMs: 0.001, maxMs: 1e7 }, box);
    assert.ok(durationTicks(wide).length <= 8);
    const narrow = toPlot({ from: 0, to: 300_000, minMs: 1, maxMs: 10 }, { left: 50, top: 0, right: 350, bottom: 100 });
    assert.ok(timeTicks(narrow).length >= 2 && timeTicks(narrow).length <= 3);
    const times = timeTicks(plot);
    assert.ok(times.length >= 3 && times.length <= 14);
    assert.ok(times.every((time) => time >= 0 && time <= 1_000_000));
  });

  test('a drag narrows both ways, outwards to round values', () => {
    const { time, durations } = narrowTo(plot, { x0: 550, y0: 160, x1: 150, y1: 57 });
    assert.deepEqual(time, { from: 100_000, to: 500_000 });
    assert.ok(durations);
    assert.ok(durations.minMs <= plot.ms(160) && durations.minMs > plot.ms(160) * 0.9);
    assert.ok(durations.maxMs >= plot.ms(57) && durations.maxMs < plot.ms(57) * 1.1);
  });

  test('a thin drag means one way only, one that is no drag neither, and none leaves the plot', () => {
    assert.deepEqual(Object.keys(narrowTo(plot, { x0: 100, y0: 50, x1: 300, y1: 54 })), ['time']);
    assert.deepEqual(Object.keys(narrowTo(plot, { x0: 100, y0: 50, x1: 103, y1: 150 })), ['durations']);
    assert.deepEqual(narrowTo(plot, { x0: 100, y0: 50, x1: 103, y1: 54 }), {});
    assert.deepEqual(narrowTo(plot, { x0: -500, y0: 50, x1: 5_000, y1: 50 }).time, { from: 0, to: 1_000_000 });
    assert.deepEqual(dragBox(plot, { x0: 100, y0: 50, x1: 300, y1: 54 }), {
      left: 100,
      right: 300,
      top: 10,
      bottom: 210,
    });
  });

  test('rounding never cuts off what it holds', () => {
    assert.equal(roundDown(123.4), 120);
    assert.equal(roundUp(123.4), 130);
    assert.equal(roundUp(120), 120);
    assert.equal(roundDown(0.00567), 0.0056);
    assert.equal(roundDown(0), 0);
  });
});

const point = (traceId: string, start: number, durationMs: number, failed = false): TracePoint => ({
  traceId,
  start,
  durationMs,
  failed,
  root: { service: 'frontend', operation: 'GET /' },
});
const points = [
  point('a', 100_000, 10),
  point('b', 500_000, 100, true),
  point('c', 300_000, 1_000),
  point('d', 900_000, 100),
];

describe('points', () => {
  test('what failed has another shape, not only another colour', () => {
    const { dots, crosses } = pointPaths(points, plot);
    assert.equal(dots.split('M').length - 1, 3);
    assert.equal(dots.split('h0').length - 1, 3);
    assert.equal(crosses.split('M').length - 1, 1);
    assert.match(crosses, /l6\.4 6\.4/);
  });

  test('the pointer means the nearest within reach', () => {
    assert.equal(nearestPoint(points, plot, plot.x(500_000) + 5, plot.y(100) - 5), 1);
    assert.equal(nearestPoint(points, plot, 700, 20), undefined);
  });

  test('keys walk in time and by duration, to what failed, and stay at the ends', () => {
    const orders = walkOrders(points);
    assert.equal(walkTo(points, orders, 0, 'ArrowRight'), 2);
    assert.equal(walkTo(points, orders, 2, 'ArrowLeft'), 0);
    assert.equal(walkTo(points, orders, 0, 'ArrowLeft'), 0);
    assert.equal(walkTo(points, orders, 0, 'ArrowUp'), 1);
    assert.equal(walkTo(points, orders, 2, 'ArrowUp'), 2);
    assert.equal(walkTo(points, orders, 0, 'PageUp'), 1);
    assert.equal(walkTo(points, orders, 3, 'PageDown'), 1);
    assert.equal(walkTo(points, orders, 3, 'PageUp'), 3);
    assert.equal(walkTo(points, orders, 2, 'Home'), 0);
    assert.equal(walkTo(points, orders, 2, 'End'), 3);
  });

  test('there is an entry to profile when all traces have the same', () => {
    assert.equal(onlyRoot(points), 'frontend|GET /');
    assert.equal(onlyRoot([...points, { root: { service: 'x', operation: 'y' } }]), undefined);
    assert.equal(onlyRoot([]), undefined);
  });

  test('a trace is said in one line', () => {
    const text = pointText(points[1]!, points[1]!.start);
    assert.match(text, /^frontend GET \/, 100 ms, .*, failed$/);
    assert.equal(failedText(0, 5), 'none failed');
    assert.equal(failedText(1, 4), '1 failed, 25 %');
    assert.equal(failedText(4, 4), 'all failed');
  });
});

describe('cells', () => {
  const heat = {
    stepMs: 100_000,
    boundsMs: [10, 100, 1_000],
    columns: [
      { at: 0, counts: [2, 0, 1], failed: [0, 0, 1] },
      { at: 100_000, counts: [0, 0, 0], failed: [0, 0, 0] },
      { at: 200_000, counts: [0, 7, 0], failed: [0, 2, 0] },
    ],
  };
  const cells = cellsOf(heat);

  test('a cell has its time, its durations and its share of failures', () => {
    assert.equal(cells.length, 3);
    assert.deepEqual(cells[2], {
      column: 2,
      row: 1,
      from: 200_000,
      to: 300_000,
      minMs: 10,
      maxMs: 100,
      count: 7,
      failed: 2,
    });
    assert.equal(cells[0]?.minMs, 1, 'the first row is as high as the others');
    assert.match(cellText(cells[2]!), /^7 traces of 10 ms to 100 ms, .* 2 failed, 28\.6 %$/);
  });

  test('the picture shows the rows that hold any, and the pointer means the cell it is in', () => {
    const extent = heatExtent(cells, 0, 300_000);
    assert.deepEqual(extent, { from: 0, to: 300_000, minMs: 1, maxMs: 1_000 });
    const shown = toPlot(extent, box);
    assert.equal(cellAt(cells, shown, shown.x(250_000), shown.y(50)), 2);
    assert.equal(cellAt(cells, shown, shown.x(150_000), shown.y(50)), undefined);
    assert.equal(cellAt(cells, shown, 2, shown.y(50)), undefined);
  });

  test('rows that would be too thin are taken together, and nothing is lost', () => {
    assert.equal(rowsAsOne(heat, 30), 1);
    assert.equal(rowsAsOne(heat, 15), 2);
    const two = coarser(heat, 2);
    assert.deepEqual(two.boundsMs, [100, 1_000]);
    assert.deepEqual(
      two.columns.map(({ counts }) => counts),
      [
        [2, 1],
        [0, 0],
        [7, 0],
      ],
    );
    assert.deepEqual(
      two.columns.map(({ failed }) => failed),
      [
        [0, 1],
        [0, 0],
        [2, 0],
      ],
    );
  });

  test('one trace beside a thousand is still seen', () => {
    assert.ok(strengthOf(1, 1_000) > 0.18);
    assert.equal(strengthOf(1_000, 1_000), 1);
  });

  test('keys walk from cell to cell', () => {
    assert.equal(walkCells(cells, 0, 'ArrowUp'), 1);
    assert.equal(walkCells(cells, 1, 'ArrowUp'), 1);
    assert.equal(walkCells(cells, 0, 'ArrowRight'), 2);
    assert.equal(walkCells(cells, 2, 'ArrowRight'), 2);
    assert.equal(walkCells(cells, 2, 'ArrowLeft'), 0, 'of two equally far the faster');
    assert.equal(walkCells(cells, 0, 'PageUp'), 1);
    assert.equal(walkCells(cells, 2, 'PageDown'), 1);
    assert.equal(walkCells(cells, 1, 'Home'), 0);
  });
});
