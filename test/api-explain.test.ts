/**
 * What each question to the API reads, by the store's own count of rows, on a day of traffic: about the rows it is about, and
 * never a table it is not about. A route that is not in the list below fails, and so does a bound on time that a query could
 * lose without being seen here.
 *
 * What is read in full, for a reason:
 * - `paths`, by what sums up steps: a row a call path, of which there are few, and steps are no key of it;
 * - `edges`, once, by the first timeline: when each version was first seen (versions-read.ts keeps it). Both ends of an edge are
 *   looked at apart, and a day from the first tick on lies in the parts of two days;
 * - a day of `edges`, by a map with what is quiet: that is what it shows;
 * - of `traces`, everything that began before the end of the question, once a question: whether a later settlement replaced it.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { edgeId } from '#shared/workload.ts';
import { createApp, type App } from '../collector/serve/app.ts';
import type { Db } from '../collector/store/db.ts';
import * as day from './api-explain-store.ts';
import { answerOf, beyond, request, type Asked, type Reads } from './api-explain-store.ts';
import { servingDeps } from './serving-deps.ts';
import { shopTraces } from './shop-traces.ts';

const { start, end, granule, rate, idOf } = day;

interface Question extends Asked {
  readonly route: string;
  readonly reads: Reads;
  /** Asked once more: what is kept is not read again. */
  readonly again?: Reads;
  /** What the answer has in it: a question about nothing reads nothing. */
  readonly gives: string;
  /** Losses of a query (api-explain-store.ts) that reads no more for it, and why. */
  readonly unseen?: Readonly<Partial<Record<keyof typeof day.losses, string>>>;
}

/** Rows of so many seconds, read by so many queries: each may begin and end amid granules, in both parts. */
const rows = (table: keyof typeof rate, seconds: number, queries = 1): number =>
  rate[table] * seconds + queries * 3 * granule;
const between = (from: number, to: number): string => `from=${from * 1000}&to=${to * 1000}`;

/** Five minutes, an hour and six of them, in the second half of the day, with more of it before and after. */
const noon = start + 20 * 3600;
const five = between(noon + 600, noon + 900);
const hour = between(noon, noon + 3600);
const six = between(noon - 6 * 3600 + 600, noon + 600);
/** What of six hours is no whole hour. */
const rest = 3000 + 600;
const wideHour = between(day.wide.second, day.wide.second + 3600);

/**
 * Queries about traces of some seconds before a moment: their rows, and the granules up to then with settlements that replace
 * others, which is every fourth of this store.
 */
const settled = (to: number, seconds: number, queries: number): number =>
  queries * (rows('traces', (to - start) / 4) + rows('traces', seconds) + granule);
const ofFive = (queries: number): number => settled(noon + 900, 300, queries);
const ofHour = (queries: number): number => settled(noon + 3600, 3600, queries);

const webToCart = edgeId('/shop/web', '/shop/cart');
const trace = `/api/traces/${idOf(20_000)}`;
/** The granule with spans of a trace, and three that the index takes for such by mistake; with its settlements, one. */
const anywhere = 4 * granule;
const oneTrace: Reads = { traces: granule, spans: anywhere };
const errors = `a=${encodeURIComponent('status = error')}`;
const step = `step=${encodeURIComponent('cart|POST cart')}&faster=50`;
const needle = `q=${encodeURIComponent('user.id = user-36400')}`;
const wideEntry = `entry=${encodeURIComponent(day.wide.entry)}`;
const nothing: Reads = {};
/** What the table holds at most, as the store knows it of its parts. */
const bounds: Reads = { edges: 2 };

const questions: readonly Question[] = [
  { route: 'GET /api/graph', path: `/api/graph?${five}`, reads: { edges: rows('edges', 300) }, gives: webToCart },
  {
    route: 'GET /api/graph',
    path: `/api/graph?${six}`,
    // Whether something was written since its hours were kept; what of it is no whole ten minutes is none here.
    reads: { edges: rows('edges', 6 * 3600), edgeSums: 60 },
    again: bounds,
    gives: webToCart,
  },
  {
    route: 'GET /api/graph',
    path: `/api/graph?${five}&band=slow&entry=${encodeURIComponent('web|GET /cart')}`,
    reads: { edges: rows('edges', 600, 2) },
    gives: webToCart,
  },
  {
    route: 'GET /api/graph',
    path: '/api/graph?window=5m&idle=true',
    reads: { edges: rows('edges', 24 * 3600 + 300, 2) },
    again: bounds,
    unseen: { end: 'nothing is newer' },
    gives: webToCart,
  },
  {
    route: 'GET /api/graph/live',
    path: `/api/graph/live?${five}`,
    reads: { edges: rows('edges', 300) },
    gives: 'event: graph',
  },
  {
    route: 'GET /api/edges/{id}',
    path: `/api/edges/${webToCart}?${five}`,
    reads: { edges: rows('edges', 600, 2) },
    gives: '"source":"/shop/web"',
  },
  {
    route: 'GET /api/nodes/{id}',
    path: `/api/nodes/%2Fshop%2Fcart?${five}`,
    reads: { edges: rows('edges', 600, 2) },
    gives: '"name":"cart"',
  },
  {
    route: 'GET /api/nodes/{id}/operations',
    path: `/api/nodes/%2Fshop%2Fcart/operations?${five}`,
    reads: { spans: rows('spans', 300) },
    gives: 'POST cart',
  },
  {
    route: 'GET /api/nodes/{id}/operations',
    path: `/api/nodes/%2Fshop%2Fcart/operations?${six}`,
    reads: { spans: rows('spans', 3600) },
    gives: 'POST cart',
  },
  {
    route: 'GET /api/frames',
    path: `/api/frames?${five}`,
    reads: { edges: rows('edges', 600, 2) },
    gives: '"cart"',
  },
  {
    route: 'GET /api/timeline',
    path: `/api/timeline?${six}`,
    reads: { edges: rows('edges', 6 * 3600, 4) + 2 * rows('edges', end - start + (end - day.midnight)) },
    again: { edges: rows('edges', rest, 3) },
    unseen: { start: 'all is read', end: 'all is read' },
    gives: '"calls":',
  },
  {
    route: 'GET /api/entries',
    path: `/api/entries?${six}`,
    reads: { edges: rows('edges', 6 * 3600, 4) },
    again: { edges: rows('edges', rest, 3) },
    gives: 'web|GET /cart',
  },
  {
    route: 'GET /api/compare',
    path: `/api/compare?a=${noon * 1000}..${(noon + 300) * 1000}&b=${(noon + 300) * 1000}..${(noon + 600) * 1000}`,
    reads: { edges: rows('edges', 600, 2) },
    gives: webToCart,
  },
  {
    // the edges are those of the time and of an hour after it, for senders' clocks
    route: 'GET /api/compare/sets',
    path: `/api/compare/sets?${errors}&${five}`,
    reads: {
      traces: ofFive(4) + rows('traces', 300),
      'paths+traces': day.pathRows + ofFive(2) + rows('traces', 300),
      edges: rows('edges', 310 + 3600),
      paths: day.pathRows,
      // for calls and for attributes; three traces of the five minutes have errors
      spans: 3 * 2 * granule + rows('spans', 2 * 300, 3),
    },
    gives: 'POST cart',
  },
  {
    route: 'GET /api/traces',
    path: `/api/traces?${hour}`,
    reads: { traces: ofHour(2), paths: 2 * granule },
    gives: idOf((noon + 3600 - start) / 2 - 1),
  },
  {
    route: 'GET /api/traces',
    path: `/api/traces?${hour}&order=slowest`,
    reads: { traces: ofHour(2) + rows('traces', 3600), paths: 2 * granule },
    gives: '"traceId"',
  },
  {
    route: 'GET /api/traces',
    path: `/api/traces?${hour}&${needle}`,
    reads: {
      traces: ofHour(2),
      // resources, and shapes
      spans: 2 * rows('spans', 3600),
      'spans+traces': settled(noon + 3600, 0, 1),
      paths: 2 * granule,
    },
    gives: idOf(36_400),
  },
  {
    route: 'GET /api/traces/points',
    path: `/api/traces/points?${hour}`,
    reads: { traces: ofHour(2) },
    gives: '"total":1800',
  },
  {
    // the first look after a start, for which the newest settlement is known; what follows is below
    route: 'GET /api/traces/live',
    path: '/api/traces/live',
    headers: { 'last-event-id': String(end - 62) },
    reads: { traces: rows('traces', 60, 12), paths: granule },
    unseen: { end: 'nothing is newer' },
    gives: idOf((end - start) / 2 - 20),
  },
  {
    route: 'GET /api/attributes',
    path: `/api/attributes?${hour}`,
    reads: { spans: rows('spans', 60 + 480 + 3 * 3600, 5) },
    gives: '"key":"user.id","spans":7200',
  },
  {
    route: 'GET /api/attributes/values',
    path: `/api/attributes/values?${hour}&key=http.method`,
    reads: { spans: rows('spans', 60 + 480 + 3 * 3600, 5) },
    gives: '"value":"GET","spans":7200',
  },
  { route: 'GET /api/traces/{id}', path: trace, reads: oneTrace, gives: 'SELECT items' },
  ...['native', 'columns', 'otlp', 'jaeger', 'zipkin'].map((format) => ({
    route: 'GET /api/traces/{id}',
    path: `${trace}?format=${format}&full=true`,
    reads: oneTrace,
    gives: 'user-20000',
  })),
  {
    route: 'GET /api/traces/{id}',
    path: `/api/traces/${day.large.id}?format=columns`,
    reads: { traces: granule, spans: 3 * (day.large.spans + 2 * granule) },
    again: { traces: granule, spans: 2 * (day.large.spans + 2 * granule) + granule },
    unseen: { start: 'granules hold nothing else', index: 'granules hold nothing else' },
    gives: '"large"',
  },
  {
    route: 'GET /api/traces/{id}/spans/{spanId}',
    path: `${trace}/spans/${day.rootSpanOf(20_000)}`,
    reads: { traces: granule, spans: anywhere + 2 * granule },
    gives: 'user-20000',
  },
  {
    route: 'POST /api/traces/open',
    path: '/api/traces/open',
    method: 'POST',
    body: JSON.stringify(shopTraces(end * 1000)),
    reads: nothing,
    gives: 'SELECT items',
  },
  {
    route: 'GET /api/critical-path',
    path: `/api/critical-path?${five}`,
    reads: {
      traces: ofFive(4),
      'paths+traces': ofFive(1) + 2 * day.pathRows,
      paths: 4 * granule,
      spans: rows('spans', 300),
    },
    gives: '"operation":"POST cart"',
  },
  {
    route: 'GET /api/critical-path',
    path: `/api/critical-path?${hour}&trees=false&q=${encodeURIComponent('duration > 1ms')}`,
    reads: { traces: ofHour(7), 'paths+traces': ofHour(2) + 2 * day.pathRows, paths: 4 * granule },
    gives: '"operation":"POST cart"',
  },
  {
    route: 'GET /api/critical-path',
    path: `/api/critical-path?${wideHour}&${wideEntry}`,
    reads: {
      traces: settled(day.wide.second + 3600, 3600, 4),
      'paths+traces': settled(day.wide.second + 3600, 3600, 1) + 2 * day.pathRows,
      paths: 4 * granule,
      spans: rows('spans', day.wide.traces * 30 + day.wide.lasts),
    },
    gives: '"service":"batch"',
  },
  {
    route: 'GET /api/what-if',
    path: `/api/what-if?${five}&${step}`,
    reads: { traces: ofFive(2), spans: rows('spans', 300) },
    again: bounds,
    gives: '"read":150',
  },
  { route: 'GET /api/status', path: '/api/status', reads: { 'edges+spans': 3 * granule }, gives: '"spans":' },
  { route: 'GET /healthz', path: '/healthz', reads: nothing, gives: 'ok' },
  { route: 'GET /readyz', path: '/readyz', reads: nothing, gives: 'ok' },
  { route: 'GET /metrics', path: '/metrics', reads: nothing, gives: 'up 1' },
  { route: 'GET /api/openapi.json', path: '/api/openapi.json', reads: nothing, gives: '/api/graph' },
];

let store: Db;
before(async () => {
  store = await day.createDayStore();
});
after(() => store.close());

let nowMs = end * 1000;
const serve = (db: Db): App => createApp(servingDeps(db, { said: { now: () => nowMs } }));

async function check(what: string, looks: readonly day.Look[], bounds: Reads): Promise<void> {
  const wrong = beyond(looks, bounds);
  if (wrong.length === 0) return;
  const plans = await Promise.all(
    looks.map(
      async (look) => `${look.rows} rows of ${look.tables}\n${look.query}\n${await day.explained(store, look)}`,
    ),
  );
  assert.fail(`${what} reads ${wrong.join('; ')}\n\n${plans.join('\n\n')}`);
}

test('every route is asked', () => {
  const { app, close } = serve(store);
  const routes = app.routes
    .filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
    .filter((route) => route !== 'GET /*');
  close();
  assert.deepEqual([...new Set(questions.map(({ route }) => route))].sort(), [...new Set(routes)].sort());
});

const asked = new Map<Question, readonly day.Look[]>();

for (const question of questions) {
  test(`${question.path} reads what it is about`, async () => {
    const { db, looks } = day.watched(store);
    const served = serve(db);
    try {
      const text = await answerOf(served, question);
      assert.ok(text.includes(question.gives), `${question.path} gives ${text.slice(0, 2000)}`);
      const first = looks.splice(0);
      asked.set(question, first);
      await check(question.path, first, question.reads);
      if (question.again === undefined) return;
      await answerOf(served, question);
      await check(`${question.path}, again,`, looks, question.again);
    } finally {
      served.close();
    }
  });
}

test('a bound that a query loses is seen', async () => {
  const tried = new Set<string>();
  const unseen: string[] = [];
  const expected = new Set<string>();
  for (const [question, looks] of asked) {
    for (const loss of Object.keys(question.unseen ?? {})) expected.add(`${loss}: ${question.path}`);
    for (const look of looks) {
      for (const [loss, lose] of Object.entries(day.losses)) {
        const query = lose(look.query);
        if (query === look.query || tried.has(query)) continue;
        tried.add(query);
        const { db, looks: again } = day.watched(store);
        await db.native(query, look.params);
        const lost = looks.map((other) => (other === look ? (again[0] as day.Look) : other));
        if (beyond(lost, question.reads).length === 0) unseen.push(`${loss}: ${question.path}`);
      }
    }
  }
  assert.ok(tried.size >= 60, `${tried.size} tried`);
  assert.deepEqual([...new Set(unseen)].sort(), [...expected].sort());
});

test('what is followed costs what came since', async () => {
  const { db, looks, between: whenQuiet } = day.watched(store);
  const served = serve(db);
  const ask = async (path: string, reads: Reads): Promise<void> => {
    looks.length = 0;
    await (await request(served, { path })).text();
    await check(path, looks, reads);
  };
  const followed = await request(served, { path: '/api/traces/live' });
  const events = (followed.body as ReadableStream<Uint8Array>).getReader();
  try {
    await events.read();
    for (const path of ['graph', 'timeline', 'entries'])
      await (await request(served, { path: `/api/${path}?${six}` })).text();
    for (const second of [end + 30, end + 32]) {
      await whenQuiet(async () => {
        looks.length = 0;
        await day.settleLate(store, second, noon - 1800);
      });
      const { value } = await events.read();
      assert.ok(new TextDecoder().decode(value).includes(idOf('late')));
    }
    // the first look of all is at the whole table, not the second
    assert.ok(looks.length > 0);
    await check('the tail', looks, { traces: 2 * granule, paths: granule });
    await events.cancel();
    // the rows that came and the hour they belong to
    nowMs += 60_000;
    const came = 2 * day.lateEdges;
    const late = came + rows('edges', 3600);
    // asked about, counted, and read
    await ask(`/api/graph?${six}`, { edges: late + 2 * rows('edges', 3600), edgeSums: 10 });
    await ask(`/api/graph?${six}`, { edges: granule });
    await ask(`/api/timeline?${six}`, { edges: rows('edges', rest, 3) + late + 2 * came });
    await ask(`/api/entries?${six}`, { edges: rows('edges', rest, 3) + late });
  } finally {
    served.close();
  }
});
