/** The recorded bodies, inflated, in the order they were sent, and other orders of the same spans. */
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { writeOtlp } from '../collector/decode/otlp-write.ts';
import { decodeElsewhere } from './otlp-arbitrary.ts';
import { shuffled } from './trace-arbitrary.ts';

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

/** Bodies with one span each. */
function split(body: Uint8Array): Uint8Array[] {
  const bodies: Uint8Array[] = [];
  for (const { resource, scopeSpans = [] } of decodeElsewhere(body).resourceSpans ?? []) {
    for (const { scope, spans = [] } of scopeSpans) {
      for (const span of spans) {
        const one = {
          resourceSpans: [{ ...(resource && { resource }), scopeSpans: [{ ...(scope && { scope }), spans: [span] }] }],
        };
        bodies.push(writeOtlp(one).slice());
      }
    }
  }
  return bodies;
}

/** The same spans, however they come. */
export const arrivals = {
  'as sent': (bodies) => bodies,
  'one span a body': (bodies) => bodies.flatMap(split),
  backwards: (bodies) => bodies.flatMap(split).toReversed(),
  shuffled: (bodies) => shuffled(bodies.flatMap(split), 7),
  doubled: (bodies) => shuffled([...bodies, ...bodies.flatMap(split)], 11),
} satisfies Readonly<Record<string, (bodies: Uint8Array[]) => Uint8Array[]>>;
