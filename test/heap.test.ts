/** collector/heap.ts, in a process with the collector's flags: what has grown old is collected long before the engine would. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

const { collectorFlags } = (await import(new URL('../scripts/setup.js', import.meta.url).href)) as {
  collectorFlags: readonly string[];
};
const heap = new URL('../collector/heap.ts', import.meta.url).href;

/** Lets 60 MB of objects and 60 of buffers grow old, forgets them, and says what is held a moment later, MB. */
function heldAfterwards(options: object, flags: readonly string[] = collectorFlags): { heap: number; buffers: number } {
  const program = `
    import { setTimeout as pause } from 'node:timers/promises';
    import { keepHeapSmall } from '${heap}';
    keepHeapSmall(${JSON.stringify(options)});
    let held = [];
    for (let i = 0; i < 60; i++) held.push({ words: Array.from({ length: 125_000 }, (_, at) => at + 0.5), bytes: new Uint8Array(1e6) });
    held = [];
    await pause(600);
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    console.log(JSON.stringify({ heap: heapUsed / 1e6, buffers: arrayBuffers / 1e6 }));`;
  const args = [...flags, '--input-type=module', '--eval', program];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as { heap: number; buffers: number };
}

test('old objects and the buffers they refer to are collected when they have grown', () => {
  const { heap, buffers } = heldAfterwards({ firstMs: 200, everyMs: 200 });
  assert.ok(heap < 20 && buffers < 5, `${heap} and ${buffers} MB`);
});

test('they are left alone while they have not, and without the flag', () => {
  const others = collectorFlags.filter((flag) => flag !== '--expose-gc');
  assert.ok(heldAfterwards({ firstMs: 200, everyMs: 200, grownBytes: 1e9 }).heap > 40);
  assert.ok(heldAfterwards({ firstMs: 200, everyMs: 200 }, others).heap > 40);
});
