/** What strangers write: names of any characters through every list and path of the API, and times no mesh has. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type * as api from '#shared/api.ts';
import { parseList, toListText } from '#shared/list.ts';
import { nodeId } from '#shared/workload.ts';
import { edgeFrame } from './edge-frame.ts';
import { startServing, storeFrames } from './serve.ts';

const frame = 1_764_000_000;
const nowMs = (frame + 60) * 1000;
const served = await startServing({ now: () => nowMs });
const names = [
  '<img src=x onerror=alert(1)>',
  'a"b',
  "it's; --",
  'a/b',
  'a,b',
  'b',
  '50%',
  '%2C',
  '%252F',
  'ü☃💥',
  'two\nlines',
  '__proto__',
  'a..b',
  'long'.repeat(50),
];
await storeFrames(
  served.db,
  names.map((name) => ({
    ...edgeFrame('web', name, { frame, calls: 5, errors: { '503||app': 1 } }),
    target: name,
    targetNamespace: name,
    targetCluster: name,
  })),
);
const get = async <T>(path: string, query: Readonly<Record<string, string>> = {}): Promise<T> =>
  (await served.json(`${path}?${new URLSearchParams({ window: '5m', ...query })}`)) as T;
const targets = ({ edges }: api.Graph): string[] => edges.map(({ target }) => target);

test('a list of names says the same names again, whatever is in them', () => {
  assert.deepEqual(parseList(toListText(names)), names);
  assert.equal(toListText(['/shop/', 'east//']), '/shop/,east//', 'ordinary names stand as they are');
  assert.deepEqual(parseList('/a%2Fb/,'), ['/a%2Fb/'], 'an id with a slash in a name, as ids write it');
  assert.deepEqual([parseList(''), parseList(undefined), parseList(',,')], [[], [], []]);
});

test('any name can be asked for: as a panel, a focus, a namespace, a cluster, a collapsed box', async () => {
  const all = await get<api.Graph>('/api/graph');
  assert.equal(all.edges.length, names.length);
  for (const name of names) {
    const id = nodeId(name, name, name);
    const path = `/api/nodes/${encodeURIComponent(id)}`;
    assert.equal((await get<api.NodeDetail>(path)).node.calls, 5, name);
    assert.deepEqual((await get<api.Operations>(`${path}/operations`)).operations, []);
    assert.deepEqual(targets(await get('/api/graph', { service: id })), [id]);
    assert.deepEqual(targets(await get('/api/graph', { namespace: toListText([name]) })), [id]);
    assert.deepEqual(targets(await get('/api/graph', { cluster: toListText([name]) })), [id]);
    const box = nodeId(name, name, '');
    const folded = await get<api.Graph>('/api/graph', { collapse: toListText([box]) });
    assert.ok(targets(folded).includes(box) && !targets(folded).includes(id), name);
    const edge = folded.edges.find(({ target }) => target === box);
    const collapse = { collapse: toListText([box]) };
    assert.equal((await get<api.EdgeDetail>(`/api/edges/${edge?.id}`, collapse)).edge.calls, 5);
  }
  const both = await get<api.Graph>('/api/graph', { namespace: toListText(['a,b', '50%']) });
  assert.deepEqual(targets(both).sort(), [nodeId('a,b', 'a,b', 'a,b'), nodeId('50%', '50%', '50%')].sort());
});

test('a time that no mesh has is answered or refused, never a bug', async () => {
  const spans = [
    'window=400d',
    'window=0.001ms',
    'from=0&to=1',
    'from=0&to=34560000000',
    'from=4294960000000&to=4294990000000',
    'from=999990000000000&to=999999999999999',
  ];
  const paths = spans.flatMap((span) => [
    ...['graph', 'timeline', 'frames', 'entries', 'traces', 'nodes/%2F%2Fweb', 'nodes/%2F%2Fweb/operations'].map(
      (route) => `/api/${route}?${span}`,
    ),
    `/api/compare?a=${new URLSearchParams(span).get('from') ?? 'now-1h'}..now&b=now-5m..now`,
  ]);
  // Twice, with something new in between: what is kept of whole hours is asked about too.
  for (const round of [1, 2]) {
    for (const path of paths) {
      const { status } = await served.get(path);
      assert.ok([200, 400, 404].includes(status), `${status} ${path}`);
    }
    await storeFrames(served.db, [edgeFrame('web', 'later', { frame: frame + round * 10, calls: 1 })]);
  }
  for (const refused of [
    'window=401d',
    'window=0s',
    'window=-5m',
    'from=5&to=1',
    'from=now&to=now',
    'from=-1',
    'to=5',
  ]) {
    assert.equal((await served.get(`/api/timeline?${refused}`)).status, 400, refused);
  }
});

test('more steps than a chart has are refused, and a step of part of ten seconds', async () => {
  for (const route of ['timeline', 'frames', 'nodes/%2F%2Fweb']) {
    for (const query of ['window=30d&step=10s', 'window=5m&step=11s', 'window=5m&step=0s', 'window=5m&step=-10s']) {
      const { status } = await served.get(`/api/${route}?${query}`);
      assert.equal(status, 400, `${route} ${query}`);
    }
  }
});

test('no question was a bug', () => {
  assert.deepEqual(served.bugs, []);
});
