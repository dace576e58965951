/** shared/time.ts and shared/format.ts: what people write becomes milliseconds, what they read is three digits and a unit. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as format from '#shared/format.ts';
import { durationText, floorTo, parseDuration, parseMoment, stepFor, toInterval } from '#shared/time.ts';

const nowMs = Date.UTC(2026, 10, 23, 12, 0, 0);

test('a duration is numbers with units', () => {
  assert.equal(parseDuration('500ms'), 500);
  assert.equal(parseDuration('5m'), 300_000);
  assert.equal(parseDuration('1h30m'), 5_400_000);
  assert.equal(parseDuration('1.5h'), 5_400_000);
  assert.equal(parseDuration('2w'), 1_209_600_000);
  for (const bad of ['', '5', 'm', '5 m', '5x', '-5m', '5m5', '1e3s', '५m']) {
    assert.throws(() => parseDuration(bad), { code: 'bad-request' }, bad);
  }
});

test('a duration written is read back the same', () => {
  fc.assert(
    fc.property(fc.nat(4e10), (durationMs) => {
      assert.equal(parseDuration(durationText(durationMs)), durationMs);
    }),
  );
});

test('a moment is epoch milliseconds, ISO 8601 with a zone, or relative to now', () => {
  assert.equal(parseMoment('0', nowMs), 0);
  assert.equal(parseMoment('1764000000000', nowMs), 1_764_000_000_000);
  assert.equal(parseMoment('2026-11-23T12:00:00Z', nowMs), nowMs);
  assert.equal(parseMoment('2026-11-23T13:00:00+01:00', nowMs), nowMs);
  assert.equal(parseMoment('now', nowMs), nowMs);
  assert.equal(parseMoment('now-15m', nowMs), nowMs - 900_000);
  for (const bad of [
    '',
    'yesterday',
    '2026-11-23',
    '2026-11-23T12:00:00',
    'now+5m',
    '-1',
    '1e9',
    '2026-13-99T00:00:00Z',
  ]) {
    assert.throws(() => parseMoment(bad, nowMs), { code: 'bad-request' }, bad);
  }
});

test('an interval is a window up to now, or from and to', () => {
  assert.deepEqual(toInterval({}, nowMs), { fromMs: nowMs - 300_000, toMs: nowMs, live: true });
  assert.deepEqual(toInterval({ window: '1h' }, nowMs), { fromMs: nowMs - 3_600_000, toMs: nowMs, live: true });
  assert.deepEqual(toInterval({ from: '0', to: '10' }, nowMs), { fromMs: 0, toMs: 10, live: false });
  assert.deepEqual(toInterval({ from: 'now-1m' }, nowMs), { fromMs: nowMs - 60_000, toMs: nowMs, live: true });
});

test('an interval that is empty, reversed, endless or said twice is refused', () => {
  for (const bad of [
    { from: '10', to: '10' },
    { from: '11', to: '10' },
    { to: '10' },
    { window: '500d' },
    { window: '0s' },
  ]) {
    assert.throws(() => toInterval(bad, nowMs), { code: 'bad-request' }, JSON.stringify(bad));
  }
  assert.throws(() => toInterval({ window: '5m', from: '0' }, nowMs), /either window, or from and to/);
});

test('a step is round and divides an interval into at most the points asked for', () => {
  assert.equal(stepFor(300_000), 10_000);
  assert.equal(stepFor(3_600_000), 60_000);
  assert.equal(stepFor(86_400_000), 1_800_000);
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 400 * 86_400_000 }),
      fc.integer({ min: 10, max: 300 }),
      (interval, points) => {
        const step = stepFor(interval, points);
        assert.ok(interval / step <= points && step % 10_000 === 0);
      },
    ),
  );
  assert.equal(floorTo(12_345, 10_000), 10_000);
});

test('numbers have three significant digits and thin spaces between thousands', () => {
  assert.equal(format.formatNumber(0), '0');
  assert.equal(format.formatNumber(0.012345), '0.0123');
  assert.equal(format.formatNumber(4.567), '4.57');
  assert.equal(format.formatNumber(99.96), '100');
  assert.equal(format.formatNumber(41), '41');
  assert.equal(format.formatNumber(1234567), '1\u202f230\u202f000');
  assert.equal(format.formatNumber(-2.5), '−2.5');
});

test('a unit always follows, and fits the number', () => {
  assert.equal(format.formatMs(16.44), '16.4 ms');
  assert.equal(format.formatMs(1234), '1.23 s');
  assert.equal(format.formatMs(999.7), '1 s');
  assert.equal(format.formatMs(0.87), '870 µs');
  assert.equal(format.formatMs(0), '0 ms');
  assert.equal(format.formatMs(90_000), '1.5 min');
  assert.equal(format.formatNs(54_000_000), '54 ms');
  assert.equal(format.formatRate(41.04), '41 rps');
  assert.equal(format.formatRate(0.2), '0.2 rps');
  assert.equal(format.formatBytes(1_234_000), '1.23 MB');
  assert.equal(format.formatBytesPerSecond(512), '512 B/s');
  assert.equal(format.formatCount(12_345), '12\u202f345');
  assert.equal(format.formatCount(1_234_567), '1.23\u202fM');
  assert.equal(format.formatCount(123_456), '123\u202fk');
  assert.equal(format.formatCount(80, true), '≈80');
});

test('a share near all or nothing is never rounded to all or nothing', () => {
  assert.equal(format.formatShare(1), '100 %');
  assert.equal(format.formatShare(0), '0 %');
  assert.equal(format.formatShare(0.992), '99.2 %');
  assert.equal(format.formatShare(0.99996), '99.996 %');
  assert.equal(format.formatShare(0.0001), '0.01 %');
  assert.equal(format.formatShare(1 - 1e-9), '> 99.9999 %');
  assert.equal(format.formatShare(1e-9), '< 0.0001 %');
});

test('nothing is shown as a dash', () => {
  for (const show of [format.formatMs, format.formatNs, format.formatRate, format.formatShare, format.formatBytes]) {
    assert.equal(show(null), '–');
    assert.equal(show(undefined), '–');
    assert.equal(show(Number.NaN), '–');
  }
  assert.equal(format.formatCount(null), '–');
});
