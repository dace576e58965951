/** The profile page's maths without a browser: the flame's cells, walking it, the table's order, sentences. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Profile, ProfilePath, ProfileStep } from '#shared/api-profile.ts';
import { findPaths, layoutFlame, listPaths, stepFrom, toFlame, wayTo, type Cell } from '../ui/profile/flame.ts';
import { findSteps, isFew, isRare, nextOrder, parseOrder, sortSteps, stepId } from '../ui/profile/steps.ts';
import {
  cellText,
  chainText,
  nodeText,
  profileWords,
  roundShare,
  shareOf,
  splitStep,
  stepSentence,
} from '../ui/profile/words.ts';

function path(id: string, parentId: string | null, selfMs: number, part: Partial<ProfilePath> = {}): ProfilePath {
  return {
    id,
    parentId,
    service: `service-${id}`,
    namespace: 'shop',
    operation: `op ${id}`,
    kind: 'SERVER',
    selfMs,
    traces: 10,
    ...part,
  };
}

/*
 *   a (self 10) ................................ 100
 *   b (self 5) ....................... 60 | c (self 30) . 30
 *   d (self 40) ... 40 | e (self 15) . 15
 */
const rows = [path('a', null, 10), path('c', 'a', 30), path('b', 'a', 5), path('e', 'b', 15), path('d', 'b', 40)];
const tree = toFlame(rows, 100);
const cellsOf = (zoom?: string, least = 0.001, levels?: number): Cell[] =>
  layoutFlame(tree, {
    zoom: zoom === undefined ? undefined : tree.byId.get(zoom),
    least,
    ...(levels ? { levels } : {}),
  });
const told = (cells: readonly Cell[]) =>
  cells.map(({ key, level, left, width }) => `${key} ${level} ${left.toFixed(2)} ${width.toFixed(2)}`);

test('a cell is as wide as the time of its subtree, the greatest child first, its own time is what is left over', () => {
  const cells = cellsOf();
  assert.deepEqual(told(cells), ['a 0 0.00 1.00', 'b 1 0.00 0.60', 'c 1 0.60 0.30', 'd 2 0.00 0.40', 'e 2 0.40 0.15']);
  const own = Object.fromEntries(cells.map((cell) => [cell.key, Number((cell.own * cell.width).toFixed(3))]));
  assert.deepEqual(own, { a: 0.1, b: 0.05, c: 0.3, d: 0.4, e: 0.15 });
});

test('own times of all cells add up to the whole, at any zoom', () => {
  for (const zoom of [undefined, 'a', 'b', 'd']) {
    const sum = cellsOf(zoom, 0).reduce((total, { own, width }) => total + own * width, 0);
    assert.ok(Math.abs(sum - 1) < 1e-9, `${zoom}: ${sum}`);
  }
});

test('the call path zoomed into fills the width, and nothing above it is drawn', () => {
  assert.deepEqual(told(cellsOf('b')), ['b 0 0.00 1.00', 'd 1 0.00 0.67', 'e 1 0.67 0.25']);
});

test('cells that are too narrow are summed to one that says how many call paths it holds', () => {
  const many = [path('r', null, 0), ...Array.from({ length: 40 }, (_, i) => path(`n${i}`, 'r', i === 0 ? 61 : 1))];
  const below = path('deep', 'n7', 0.5);
  const cells = layoutFlame(toFlame([...many, below], 100.5), { zoom: undefined, least: 0.02 });
  assert.deepEqual(
    cells.map(({ key, more, totalMs }) => [key, more, totalMs]),
    [
      ['r', 0, 100.5],
      ['n0', 0, 61],
      ['more r', 40, 39.5],
    ],
  );
});

test('what is too narrow even together is not drawn, and rows end at their bound', () => {
  assert.deepEqual(
    cellsOf(undefined, 0.2).map(({ key }) => key),
    ['a', 'b', 'c', 'd'],
  );
  assert.deepEqual(
    cellsOf(undefined, 0.001, 2).map(({ key, more }) => [key, more]),
    [
      ['a', 0],
      ['b', 0],
      ['c', 0],
      ['more b', 2],
    ],
  );
});

test('a chain of 100 000 calls, in any order, is laid out without running out of stack', () => {
  const chain = Array.from({ length: 100_000 }, (_, i) => path(String(i), i === 0 ? null : String(i - 1), 1)).reverse();
  const deep = toFlame(chain, 100_000);
  assert.equal(deep.byId.get('0')?.totalMs, 100_000);
  assert.equal(deep.byId.get('99999')?.depth, 99_999);
  assert.equal(layoutFlame(deep, { zoom: undefined, least: 0.001 }).length, 65);
});

test('several entries stand side by side, a call path without its parent is an entry', () => {
  const cells = layoutFlame(toFlame([path('x', null, 25), path('y', 'lost', 75)], 100), { zoom: undefined, least: 0 });
  assert.deepEqual(told(cells), ['y 0 0.00 0.75', 'x 0 0.75 0.25']);
});

test('what the answer leaves out stays empty: shares are of the whole time', () => {
  const cells = layoutFlame(toFlame([path('x', null, 50)], 200), { zoom: undefined, least: 0 });
  assert.deepEqual(told(cells), ['x 0 0.00 0.25']);
  assert.deepEqual(layoutFlame(toFlame([], 0), { zoom: undefined, least: 0 }), []);
});

test('arrows walk: down to where most time is, up to what called, sideways along the row', () => {
  const cells = cellsOf();
  const at = (key: string): Cell => cells.find((cell) => cell.key === key) ?? assert.fail(key);
  const go = (key: string, direction: Parameters<typeof stepFrom>[2]) => stepFrom(cells, at(key), direction)?.key;
  assert.deepEqual(
    [
      go('a', 'down'),
      go('b', 'down'),
      go('e', 'up'),
      go('c', 'up'),
      go('b', 'right'),
      go('c', 'left'),
      go('e', 'first'),
    ],
    ['b', 'd', 'b', 'a', 'c', 'b', 'a'],
  );
  assert.deepEqual([go('a', 'up'), go('c', 'down'), go('d', 'left'), go('c', 'right')], Array(4).fill(undefined));
});

test('the way to a call path starts at its entry', () => {
  assert.deepEqual(
    wayTo(tree.byId.get('e')).map(({ id }) => id),
    ['a', 'b', 'e'],
  );
  assert.deepEqual(wayTo(undefined), []);
});

test('find looks in workload and operation, whatever the case, and says what the found ones own', () => {
  assert.deepEqual(findPaths(tree, ' SERVICE-D '), { ids: new Set(['d']), selfMs: 40 });
  assert.deepEqual(findPaths(tree, 'op'), { ids: new Set(['a', 'c', 'b', 'e', 'd']), selfMs: 100 });
  assert.equal(findPaths(tree, '  '), undefined);
});

test('the list opens what owns much, folds the rest, and opens the way to what was found', () => {
  const rare = toFlame([...rows.slice(1), path('a', null, 10), path('q', 'c', 0.5), path('z', 'q', 0.5)], 101);
  const listed = (turned: string[] = [], found?: string[], zoom?: string) =>
    listPaths(rare, {
      zoom: zoom === undefined ? undefined : rare.byId.get(zoom),
      turned: new Set(turned),
      found: found && new Set(found),
    }).map(({ node, depth, open }) => `${'.'.repeat(depth)}${node.id}${open && node.children.length > 0 ? '-' : ''}`);
  assert.deepEqual(listed(), ['a-', '.b-', '..d', '..e', '.c-', '..q']);
  assert.deepEqual(listed(['b', 'q']), ['a-', '.b', '.c-', '..q-', '...z']);
  assert.deepEqual(listed([], ['z']), ['a-', '.b-', '..d', '..e', '.c-', '..q-', '...z']);
  assert.deepEqual(listed([], undefined, 'q'), ['q-', '.z']);
});

const step = (service: string, share: number, part: Partial<ProfileStep> = {}): ProfileStep => ({
  service,
  namespace: 'shop',
  operation: 'GET /',
  selfMs: share * 100,
  share,
  traces: 10,
  meanMs: share * 10,
  p50Ms: 1,
  p99Ms: 2,
  dragMs: null,
  slackMs: null,
  versions: [],
  ...part,
});
const steps = [
  step('b', 0.2, { dragMs: 1 }),
  step('c', 0.5),
  step('a', 0.2, { dragMs: 3 }),
  step('d', 0.1, { dragMs: 2 }),
];
const names = (sorted: readonly ProfileStep[]) => sorted.map(({ service }) => service).join('');

test('steps are in order of any column, either way; those without the figure are last', () => {
  assert.equal(names(sortSteps(steps, parseOrder(''))), 'cabd');
  assert.equal(names(sortSteps(steps, parseOrder('-share'))), 'dabc');
  assert.equal(names(sortSteps(steps, parseOrder('drag'))), 'adbc');
  assert.equal(names(sortSteps(steps, parseOrder('-drag'))), 'bdac');
  assert.equal(names(sortSteps(steps, parseOrder('name'))), 'abcd');
  assert.equal(names(sortSteps(steps, parseOrder('-name'))), 'dcba');
  assert.deepEqual(parseOrder('nonsense'), { by: 'share', rising: false });
});

test('a column that is chosen again turns round, and back', () => {
  assert.equal(nextOrder(parseOrder(''), 'share'), '-share');
  assert.equal(nextOrder(parseOrder('-share'), 'share'), '');
  assert.equal(nextOrder(parseOrder(''), 'p99'), 'p99');
  assert.equal(nextOrder(parseOrder('p99'), 'p99'), '-p99');
  assert.equal(nextOrder(parseOrder('-name'), 'name'), 'name');
});

test('the find text narrows the table as well', () => {
  assert.equal(names(findSteps(steps, 'B')), 'b');
  assert.equal(findSteps(steps, ' ').length, 4);
});

test('a percentile that few traces stand behind is known as such', () => {
  assert.deepEqual([isFew(4, 'p50'), isFew(5, 'p50'), isFew(99, 'p99'), isFew(100, 'p99')], [true, false, true, false]);
});

test('drag is greyed where the trees read can hardly hold the step', () => {
  const trees = { read: 500, of: 10_000 };
  assert.deepEqual([isRare(99, trees), isRare(100, trees), isRare(0, trees)], [true, false, false]);
});

test('a step and its id: an operation may hold a bar itself', () => {
  assert.deepEqual(splitStep('envoy|router outbound|9080||cart'), {
    service: 'envoy',
    operation: 'router outbound|9080||cart',
  });
  assert.deepEqual(splitStep('frontend'), { service: 'frontend', operation: '' });
  assert.equal(stepId(step('x', 1)), 'x|GET /');
});

const chain = [
  path('g', null, 1, { service: 'gateway', operation: 'cart:9080/*' }),
  path('f', 'g', 8, { service: 'frontend', operation: 'GET /cart' }),
  path('fc', 'f', 4, { service: 'frontend', operation: 'product-api.shop.svc.cluster.local:9080/*', kind: 'CLIENT' }),
  path('p', 'fc', 26, { service: 'product-api', operation: 'GET /products' }),
  path('s', 'p', 61, { service: 'inventory-db', operation: 'SELECT' }),
];
/** The same time by workload and operation. */
function stepsOf(paths: readonly ProfilePath[], totalMs: number): ProfileStep[] {
  const sums = new Map<string, ProfileStep>();
  for (const { service, operation, selfMs } of paths) {
    const selfMsOfAll = selfMs + (sums.get(`${service}|${operation}`)?.selfMs ?? 0);
    const share = selfMsOfAll / totalMs;
    sums.set(`${service}|${operation}`, step(service, share, { operation, selfMs: selfMsOfAll }));
  }
  return [...sums.values()];
}
const profile = (part: Partial<Profile> = {}): Profile => ({
  from: 0,
  to: 1,
  entry: 'gateway|GET /cart',
  version: '',
  band: 'all',
  fromMs: 1,
  traces: 2114,
  weight: 1,
  totalMs: 100,
  durationMs: { p50: 41, p90: 180, p99: 512, n: 2114 },
  paths: chain,
  steps: stepsOf(part.paths ?? chain, part.totalMs ?? 100),
  rest: { paths: 0, pathsMs: 0, steps: 0, stepsMs: 0 },
  versions: [],
  trees: { read: 0, of: 0 },
  ...part,
});
const wordsOf = (part: Partial<Profile> = {}) => {
  const said = profile(part);
  const { of, reason } = profileWords(said, toFlame(said.paths, said.totalMs));
  return `${of} ${reason}`.replaceAll('\u202f', ' ');
};

test('a profile opens with what it is of and the call path that owns most', () => {
  assert.equal(
    wordsOf(),
    'GET /cart: 2 114 traces, p50 41 ms, p99 512 ms. ' +
      '61 % of the end-to-end time is gateway → frontend → product-api → inventory-db SELECT.',
  );
});

test('a profile of traces that match a line says so', () => {
  const said = profile({ version: 'v2' });
  const { of } = profileWords(said, toFlame(said.paths, said.totalMs), 'status = failed');
  assert.match(of, /^GET \/cart, version v2 where status = failed: 2/);
});

test('the sentence of a band says how many of all traces it is of, and from which duration', () => {
  assert.match(
    wordsOf({ band: 'p99', traces: 22, fromMs: 512, version: 'v2' }),
    /^GET \/cart, version v2: 2 114 traces, p50 41 ms, p99 512 ms\. Looked at here, the slowest 1 %: 22 traces of 512 ms and longer\. 61 %/,
  );
  assert.match(wordsOf({ band: 'p90', traces: 1, fromMs: 180 }), /between p90 and p99: 1 trace of 180 ms and longer\./);
});

test('a client span that others stand below owns the way there; one without waits', () => {
  const before = chain.map((row) => (row.id === 'fc' ? { ...row, selfMs: 90 } : row));
  assert.match(
    wordsOf({ paths: before, totalMs: 200 }),
    /45 % of the end-to-end time is gateway → frontend product-api\.shop:9080\/\* \(network, proxies and queues on the way there\)\.$/,
  );
});

test('a step that several call paths share is named with all it owns, and the path that has most of it', () => {
  const twice = [
    ...chain,
    path('f2', 'g', 20, { service: 'cart' }),
    path('s2', 'f2', 40, { service: 'inventory-db', operation: 'SELECT' }),
  ];
  assert.match(
    wordsOf({ paths: twice, totalMs: 160 }),
    /63 % of the end-to-end time is inventory-db SELECT, by 2 call paths: the largest, 38 %, by gateway → frontend → product-api → inventory-db\.$/,
  );
});

test('sampled traces are marked, no traces and no time are said', () => {
  assert.match(wordsOf({ weight: 8 }), /: ≈2 114 traces/);
  const none = { paths: [], totalMs: 0, durationMs: { p50: null, p90: null, p99: null, n: 0 }, traces: 0 };
  assert.equal(wordsOf(none), 'GET /cart: 0 traces, p50 –, p99 –. No trace is among them.');
  assert.match(wordsOf({ paths: [], totalMs: 0 }), /None of them took any time\.$/);
  assert.match(wordsOf({ entry: '' }), /^All entries: /);
});

test('a long way keeps its entry and its end', () => {
  const long = toFlame(
    Array.from({ length: 8 }, (_, i) => path(String(i), i === 0 ? null : String(i - 1), 1, { operation: 'x' })),
    8,
  );
  const last = long.byId.get('7') ?? assert.fail();
  assert.equal(chainText(last), 'service-0 → … → service-5 → service-6 → service-7 x');
});

test('a cell names its workload only where it is another one than above', () => {
  const flame = toFlame(chain, 100);
  const textOf = (id: string, first = false) => cellText(flame.byId.get(id) ?? assert.fail(id), first);
  assert.deepEqual(textOf('f'), { service: 'frontend', operation: 'GET /cart' });
  assert.deepEqual(textOf('fc'), { service: '', operation: '→ product-api.shop:9080/*' });
  assert.deepEqual(textOf('fc', true), { service: 'frontend', operation: '→ product-api.shop:9080/*' });
  assert.equal(
    nodeText(flame.byId.get('p') ?? assert.fail(), 100),
    'product-api GET /products: 87 % of the time, 26 % its own; 10 traces',
  );
});

test('shares: a hair beside the whole is the whole, a sentence rounds to percents but never to none or all', () => {
  assert.equal(shareOf(99.99999999999, 100), 1);
  assert.equal(shareOf(1, 0), 0);
  assert.deepEqual([0.6149, 1, 0.9949, 0.004, 0].map(roundShare), ['61 %', '100 %', '99.5 %', '0.4 %', '0 %']);
});

test('a step says what it owns, in how many traces, or that it only ran beside', () => {
  const plain = (text: string) => text.replaceAll('\u202f', ' ');
  const of = { traces: 2114, weight: 1 };
  assert.equal(
    plain(stepSentence(step('x', 0.42, { traces: 2000, meanMs: 12 }), of)),
    'Owns 42 % of the end-to-end time, 12 ms per trace: on the critical path of 2 000 of 2 114 traces.',
  );
  assert.match(plain(stepSentence(step('x', 0.42, { traces: 2114 }), of)), /of all 2 114 traces\.$/);
  assert.match(stepSentence(step('x', 0, { traces: 0 }), of), /on no critical path/);
});

test('the text of a cell is legible on the colour of every workload, in both themes and in high contrast', () => {
  const read = (file: string): string => readFileSync(new URL(`../ui/${file}`, import.meta.url), 'utf8');
  const tokens = read('tokens.css');
  const pairOf = (name: string, css: string): [string, string] => {
    const [, light = '', dark = ''] = new RegExp(`--${name}: light-dark\\((#\\w+), (#\\w+)\\)`).exec(css) ?? [];
    return light === '' ? assert.fail(name) : [light, dark];
  };
  const high = tokens.slice(tokens.indexOf("[data-contrast='high']"));
  const parts = Array.from(
    read('profile/Flame.svelte').matchAll(/var\(--hue\) (\d+)%, var\(--surface\)/g),
    ([, part]) => Number(part),
  );
  assert.ok(parts.length >= 2, 'the cells are mixed of hue and surface');
  for (const css of [tokens, high]) {
    for (const theme of [0, 1] as const) {
      const [ink, surface] = [pairOf('ink', css)[theme], pairOf('surface', css)[theme]];
      for (let hue = 0; hue < 16; hue++) {
        for (const part of parts) {
          const ratio = contrast(channels(ink), mix(pairOf(`hue-${hue}`, tokens)[theme], surface, part / 100));
          assert.ok(ratio >= 4.5, `hue ${hue} at ${part} %, theme ${theme}: ${ratio.toFixed(2)}`);
        }
      }
    }
  }
});

const channels = (hex: string): number[] => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255);

function mix(front: string, back: string, part: number): number[] {
  const behind = channels(back);
  return channels(front).map((channel, i) => channel * part + (behind[i] ?? 0) * (1 - part));
}

/** WCAG 2.2 contrast of two colours by their channels, 0 to 1. */
function contrast(a: readonly number[], b: readonly number[]): number {
  const luminance = (colour: readonly number[]): number => {
    const [red = 0, green = 0, blue = 0] = colour.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}
