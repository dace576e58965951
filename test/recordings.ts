/** The recorded bodies, inflated, in the order they were sent. */
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export const recordings = ['healthy', 'faults', 'example', 'sampled', 'mtls'] as const;

export function recordedBodies(recording: (typeof recordings)[number]): Uint8Array[] {
  const folder = new URL(`../fixtures/recordings/${recording}/`, import.meta.url);
  return readdirSync(folder)
    .filter((name) => name.endsWith('.pb'))
    .map((name) => {
      const sent = readFileSync(new URL(name, folder));
      return sent[0] === 0x1f && sent[1] === 0x8b ? gunzipSync(sent) : sent;
    });
}
