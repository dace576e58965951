/**
 * Random traces for property tests: every kind of damage that senders do, in times small enough that spans touch, overlap
 * and coincide often.
 */
import fc from 'fast-check';
import type { kind, Span } from '#shared/span.ts';
import { span } from './span-builder.ts';

const kinds: readonly (keyof typeof kind)[] = ['internal', 'server', 'client', 'producer', 'consumer', 'unspecified'];

/** 1 to 24 spans, ids `s0`…; parents may be absent, the span itself or part of a cycle, durations negative, ids shared. */
export function anyTrace(options: { tidy?: boolean } = {}): fc.Arbitrary<Span[]> {
  const { tidy = false } = options;
  const size = 24;
  const one = fc.record({
    id: tidy
      ? fc.constant(-1)
      : fc.oneof({ weight: 12, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.nat(size) }),
    parent: fc.oneof({ weight: 8, arbitrary: fc.nat(size) }, { weight: 1, arbitrary: fc.constant(-1) }),
    up: fc.boolean(),
    at: fc.integer({ min: 0, max: 60 }),
    ms: fc.integer({ min: tidy ? 0 : -5, max: 50 }),
    kind: fc.nat(tidy ? 2 : kinds.length - 1),
    service: fc.nat(2),
  });
  return fc.array(one, { minLength: 1, maxLength: size }).map((drawn) =>
    drawn.map((given, i) => {
      const own = given.id < 0 ? i : given.id % drawn.length;
      // Mostly an earlier span, so that there is a tree at all; sometimes any, or one that is not there.
      const parent = given.up && i > 0 ? given.parent % i : given.parent;
      return span({
        id: name(own),
        name: name(own),
        parent: given.parent < 0 || (tidy && i === 0) ? '' : name(parent),
        at: given.at,
        ms: given.ms,
        kind: kinds[given.kind] ?? 'internal',
        service: 'abc'[given.service] ?? '',
      });
    }),
  );
}

/** Ids of one length, so that their order is that of the numbers. */
export function name(i: number): string {
  return `s${String(i).padStart(3, '0')}`;
}

/** A permutation that follows from the seed. */
export function shuffled<T>(items: readonly T[], seed: number): T[] {
  const result = [...items];
  let state = seed + 1;
  for (let i = result.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    const j = state % (i + 1);
    [result[i], result[j]] = [result[j] as T, result[i] as T];
  }
  return result;
}
