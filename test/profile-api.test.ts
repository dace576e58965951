/** The profile and what-if as the API gives them, on small traces whose numbers can be worked out by hand. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { nearestRanks } from '#shared/nearest-rank.ts';
import type { Profile, ProfileStep, WhatIf } from '#shared/api.ts';
import { otlpJsonToProto } from '../collector/decode/otlp-json.ts';
import { settle, startServing, storeBodies } from './serve.ts';

const served = await startServing();
const { db } = served;
const tick = 1_800_000_000;
const hourMs = 3_600_000;
const originMs = 1_790_000_000_000;

interface Drawn {
  readonly id: string;
  readonly parent?: string;
  readonly from: number;
  readonly to: number;
  readonly service?: string;
  readonly version?: string;
  readonly kind?: number;
}

/** Every group of traces has an hour of its own. */
const during = (hour: number): string => `from=${originMs + hour * hourMs}&to=${originMs + (hour + 1) * hourMs}`;
let nextTrace = 1;

/** OTLP of a trace given by short ids and milliseconds. */
function bodyOf(spans: readonly Drawn[], hour: number, more: object = {}, number = nextTrace++): Uint8Array {
  const spanId = (id: string): string => Buffer.from(id.padStart(8, '_')).toString('hex');
  const time = (ms: number): string => String(BigInt(originMs + hour * hourMs) * 1_000_000n + BigInt(ms * 1e6));
  const resourceSpans = spans.map(({ id, parent, from, to, service = 'web', version = '', kind = 1 }) => ({
    resource: {
      attributes: Object.entries({ 'service.name': service, 'service.version': version }).map(([key, value]) => ({
        key,
        value: { stringValue: value },
      })),
    },
    scopeSpans: [
      {
        spans: [
          {
            traceId: `a${number.toString(16).padStart(31, '0')}`,
            spanId: spanId(id),
            ...(parent === undefined ? {} : { parentSpanId: spanId(parent) }),
            name: id,
            kind,
            startTimeUnixNano: time(from),
            endTimeUnixNano: time(to),
            ...more,
          },
        ],
      },
    ],
  }));
  return otlpJsonToProto(JSON.stringify({ resourceSpans }));
}

/**
 *     r      |--------------------|  0 – 100 ms, web
 *     slow     |------------|        10 – 70, cart: gates
 *     beside   |-------|             10 – 50, ads: 20 ms of slack
 */
const shop = (stretch = 1, version = ''): Drawn[] => [
  { id: 'r', from: 0, to: 40 + 60 * stretch, kind: 2 },
  { id: 'slow', parent: 'r', from: 10, to: 10 + 60 * stretch, service: 'cart', version },
  { id: 'beside', parent: 'r', from: 10, to: 50, service: 'ads' },
];

before(async () => {
  const hours: Uint8Array[][] = [
    [bodyOf(shop(), 0)],
    // Versions of cart: the new one takes twice as long.
    [...Array.from({ length: 3 }, () => bodyOf(shop(1, 'v1'), 1)), bodyOf(shop(2, 'v2'), 1)],
    // More than are read.
    Array.from({ length: 600 }, () => bodyOf(shop(), 2)),
    // One of them stands for four.
    [bodyOf(shop(), 3), bodyOf(shop(2), 3, { traceState: 'ot=th:c' })],
    [bodyOf([{ id: 'first', from: 0, to: 10 }], 4, {}, 999_999)],
    [
      bodyOf(shop(), 5),
      bodyOf([{ id: 'health', from: 0, to: 500, kind: 2 }], 5, {
        attributes: [{ key: 'user_agent', value: { stringValue: 'kube-probe/1.30' } }],
      }),
    ],
  ];
  await storeBodies(db, hours.flat(), tick);
  await settle(db, tick);
  const late = [{ id: 'late', parent: 'first', from: 2, to: 8, service: 'cart' }];
  await storeBodies(db, [bodyOf(late, 4, {}, 999_999)], tick + 20);
  await settle(db, tick + 20);
});

const profileOf = async (hour: number, query = ''): Promise<Profile> =>
  (await served.json(`/api/critical-path?${during(hour)}${query}`)) as Profile;
const whatIf = async (hour: number, query: string): Promise<WhatIf> =>
  (await served.json(`/api/what-if?${during(hour)}&${query}`)) as WhatIf;
const stepOf = ({ steps }: Profile, service: string): ProfileStep => {
  const step = steps.find((one) => one.service === service);
  assert.ok(step, service);
  return step;
};

test('a step says its share, what it saves at most and how much longer it may take', async () => {
  const profile = await profileOf(0);
  assert.deepEqual(
    profile.steps.map(({ service, share, selfMs, dragMs, slackMs, traces }) => ({
      service,
      share,
      selfMs,
      dragMs,
      slackMs,
      traces,
    })),
    [
      { service: 'cart', share: 0.6, selfMs: 60, dragMs: 20, slackMs: 0, traces: 1 },
      { service: 'web', share: 0.4, selfMs: 40, dragMs: 40, slackMs: 0, traces: 1 },
      { service: 'ads', share: 0, selfMs: 0, dragMs: 0, slackMs: 20, traces: 0 },
    ],
  );
  assert.deepEqual(profile.trees, { read: 1, of: 1 });
  assert.deepEqual(
    profile.paths.map(({ service, parentId, selfMs }) => [service, parentId === null, selfMs]),
    [
      ['web', true, 40],
      ['cart', false, 60],
    ],
  );
});

test('without trees the exact part is the same, and what needs them is null', async () => {
  const [whole, quick] = await Promise.all([profileOf(1), profileOf(1, '&trees=false')]);
  assert.deepEqual(quick.paths, whole.paths);
  assert.deepEqual(quick.trees, { read: 0, of: 4 });
  assert.deepEqual(
    quick.steps,
    whole.steps
      .filter(({ traces }) => traces > 0)
      .map((step) => ({ ...step, dragMs: null, slackMs: null, versions: [] })),
  );
});

test('faster by percent: the step shrinks until what ran beside it gates', async () => {
  const savings = await Promise.all(
    [10, 25, 50, 100].map(async (percent) => {
      const { before: recorded, after, factor } = await whatIf(0, `step=cart%7Cslow&faster=${percent}`);
      assert.equal(recorded.p50, 100);
      assert.equal(factor, 1 - percent / 100);
      return after.p50;
    }),
  );
  assert.deepEqual(savings, [94, 85, 80, 80]);
});

test('as fast as another version: spans of the others take as long as its own do on average', async () => {
  const answer = await whatIf(1, 'step=cart%7Cslow&as=v1');
  assert.deepEqual(answer.as, { version: 'v1', of: 'step', spans: 3, meanSelfMs: 60, othersMeanSelfMs: 120 });
  assert.deepEqual([answer.factor, answer.changedSpans, answer.before.p99, answer.after.p99], [0.5, 1, 160, 100]);
  assert.equal(answer.meanSavedMs, 15);
  assert.match(answer.method, /^Replayed from the spans of all 4 traces: cart slow of other versions/);
  const slower = await whatIf(1, 'step=cart%7Cslow&as=v2');
  assert.deepEqual([slower.factor, slower.after.p50, slower.meanSavedMs], [2, 160, -45]);
  const none = await whatIf(1, 'step=cart%7Cslow&as=v9');
  assert.deepEqual([none.changedSpans, none.as?.spans, none.after], [0, 0, none.before]);
  assert.match(none.method, /^Nothing was changed: .* no cart slow of version v9 was seen\.$/);
});

test('a bounded number of trees is read, always the same, and the answer says of how many', async () => {
  const profile = await profileOf(2);
  assert.deepEqual(profile.trees, { read: 500, of: 600 });
  assert.equal(profile.traces, 600);
  assert.equal(stepOf(profile, 'cart').selfMs, 36_000);
  assert.equal(stepOf(profile, 'cart').dragMs, 20);
  const { trees, before: recorded, method } = await whatIf(2, 'step=cart%7Cslow&faster=50');
  assert.deepEqual([trees, recorded.n], [{ read: 500, of: 600 }, 500]);
  assert.match(method, /500 of 600 traces, chosen by a hash of their ids/);
});

test('a sampled trace counts as often as it stands for', async () => {
  const profile = await profileOf(3);
  assert.deepEqual([profile.traces, profile.weight, profile.totalMs], [2, 2.5, 100 + 4 * 160]);
  assert.deepEqual(profile.durationMs, { p50: 160, p90: 160, p99: 160, n: 2 });
  const cart = stepOf(profile, 'cart');
  assert.equal(cart.selfMs, 60 + 4 * 120);
  assert.equal(cart.share, 540 / 740);
  assert.equal(cart.meanMs, 540 / 5);
  assert.equal(cart.dragMs, (20 + 4 * 80) / 5);
  const { meanSavedMs, after } = await whatIf(3, 'step=cart%7Cslow&faster=50');
  assert.deepEqual([meanSavedMs, after.p50], [(20 + 4 * 60) / 5, 100]);
});

test('a trace that settled again counts once, as it is now', async () => {
  const profile = await profileOf(4);
  assert.deepEqual([profile.traces, profile.totalMs], [1, 10]);
  assert.deepEqual(
    profile.steps.map(({ service, selfMs }) => [service, selfMs]),
    [
      ['cart', 6],
      ['web', 4],
    ],
  );
});

test('health checks count only when asked for', async () => {
  assert.deepEqual([(await profileOf(5)).traces, (await profileOf(5, '&probes=true')).traces], [1, 2]);
});

test('a query line keeps the traces it names', async () => {
  const profile = await profileOf(1, `&q=${encodeURIComponent('duration > 120ms')}`);
  assert.deepEqual([profile.traces, profile.totalMs, profile.trees], [1, 160, { read: 1, of: 1 }]);
});

test('an entry nobody asked for has no traces, and nothing to replay', async () => {
  const profile = await profileOf(0, '&entry=nobody%7Cnothing&band=p99');
  assert.deepEqual([profile.traces, profile.totalMs, profile.paths, profile.steps], [0, 0, [], []]);
  assert.deepEqual(profile.durationMs, { p50: null, p90: null, p99: null, n: 0 });
  const answer = await whatIf(0, 'entry=nobody%7Cnothing&step=cart%7Cslow&faster=10');
  assert.deepEqual([answer.trees, answer.after.p50], [{ read: 0, of: 0 }, null]);
  assert.match(answer.method, /^Nothing was computed/);
});

test('a step nobody has changes nothing, and the answer says so', async () => {
  const answer = await whatIf(0, 'step=cart%7Cnothing&faster=10');
  assert.deepEqual([answer.changedSpans, answer.after], [0, answer.before]);
  assert.match(answer.method, /^Nothing was changed: .* there is no cart nothing/);
});

test('what cannot be read is refused by name', async () => {
  for (const [path, says] of [
    [`/api/what-if?${during(0)}&step=a%7Cb`, /either faster \(percent\) or as/],
    [`/api/what-if?${during(0)}&step=a%7Cb&faster=10&as=v1`, /either faster/],
    [`/api/what-if?${during(0)}&step=a%7Cb&faster=0`, /faster/],
    [`/api/what-if?${during(0)}&step=a%7Cb&faster=101`, /faster/],
    [`/api/what-if?${during(0)}&faster=10`, /step/],
    [`/api/critical-path?${during(0)}&band=p50`, /band/],
    [`/api/critical-path?${during(0)}&q=duration%20%3E`, /cannot read query/],
    [`/api/critical-path?${during(0)}&colour=red`, /colour/],
  ] as const) {
    const response = await served.get(path);
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    assert.deepEqual([path, response.status, error.code], [path, 400, 'bad-request']);
    assert.match(error.message, says);
  }
});

test('nearest rank: the least value that so much of the weight does not exceed', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
  const ones = hundred.map(() => 1);
  assert.deepEqual(nearestRanks(hundred, ones, [0, 0.5, 0.9, 0.99, 1]), [1, 50, 90, 99, 100]);
  assert.deepEqual(nearestRanks([7], [1], [0.5, 0.99]), [7, 7]);
  assert.deepEqual(nearestRanks([1, 2, 3], [1, 1, 10 / 3], [0.3, 0.5]), [2, 3]);
  assert.deepEqual(nearestRanks([], [], [0.5]), [undefined]);
});

test('no question was a bug', () => {
  assert.deepEqual(served.bugs, []);
});
