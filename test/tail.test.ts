/** The live tail without a store: what a client that comes back is told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TracesSettled, TraceSummary } from '#shared/api.ts';
import { createTail } from '../collector/serve/tail.ts';

const line = { drop: assert.fail };

/** The second of the newest settlement, and the seconds of those that match. */
let present = 1_000;
let matching: number[] = [];
const tail = createTail<string>({
  newest: async () => present,
  async read(_query, after, until) {
    assert.ok(after <= until);
    const found = matching.filter((second) => second > after && second <= until);
    return { traces: found.map((second) => ({ traceId: String(second) }) as TraceSummary), total: found.length };
  },
  onBug: assert.fail,
});

/** What a client is told first. in: the id of the last event it has. */
async function come(id?: string): Promise<{ readonly id: string; readonly told: string[] }> {
  const reader = (await tail.follow('', id, line)).getReader();
  const text = new TextDecoder().decode((await reader.read()).value);
  await reader.cancel();
  const { traces } = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? '') as TracesSettled;
  return { id: /^id: (.*)$/m.exec(text)?.[1] ?? '', told: traces.map(({ traceId }) => traceId) };
}

test('who comes back gets what it missed, however long ago the last trace matched', async () => {
  matching = [900, 1_000];
  const { id, told } = await come();
  assert.deepEqual(told, [], 'who is new begins with the present');
  present = 1_301;
  assert.deepEqual((await come(id)).told, []);
  matching.push(1_302);
  present = 1_302;
  assert.deepEqual((await come(id)).told, ['1302']);
});

test('who was away for longer gets the last five minutes of it', async () => {
  matching = [1_100, 1_200, 1_201, 1_500];
  present = 1_500;
  assert.deepEqual((await come('1000')).told, ['1201', '1500']);
  assert.deepEqual((await come('1201')).told, ['1500']);
});

test('who has all of it, or says what cannot be, begins with the present', async () => {
  for (const id of ['1500', '1501', '9999999999', '', 'x', '-1']) assert.deepEqual((await come(id)).told, [], id);
  tail.close();
});
