/** Runs the generator of fixtures/load.ts on core 1, and compares what it sent with what the map shows. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { FromLoad, LoadPlan, LoadProgress, LoadReport } from '../fixtures/load.ts';
import type { Count, Truth } from '../fixtures/truth.ts';
import { pinnedNode } from './pinned.ts';

export interface LoadWatch {
  /** Called when the bodies are ready, just before the first is sent. */
  readonly begin?: () => void;
  /** Called as often as the plan says; one call ends before the next begins. What it throws ends the load. */
  readonly progress?: (progress: LoadProgress) => void | Promise<void>;
}

/**
 * So many spans a second, 500 a body over 8 connections, for as long as told. A wave lasts about a second and a half, so that a
 * trace's spans come within that. in: host:port of the OTLP/HTTP door.
 */
export function steadyPlan(address: string, rate: number, maxMs: number): LoadPlan {
  return {
    target: { door: 'http', address, encoding: 'protobuf', gzip: false, connections: 8 },
    seed: 1,
    spansPerBody: 500,
    tracesPerWave: Math.min(5000, Math.max(500, Math.round(rate / 10))),
    waves: Number.MAX_SAFE_INTEGER,
    maxMs,
    spansPerSecond: rate,
  };
}

/** errors: Error when the generator ends without a report; those of `progress`. */
export async function load(plan: LoadPlan, { begin, progress }: LoadWatch = {}): Promise<LoadReport> {
  const script = join(import.meta.dirname, '..', 'fixtures', 'load.ts');
  const child = spawn(...pinnedNode(1, [script, JSON.stringify(plan)]), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = once(child, 'close');
  const done = Promise.withResolvers<LoadReport>();
  let watching = Promise.resolve();
  child.on('message', (message: FromLoad) => {
    switch (message.type) {
      case 'ready':
        begin?.();
        child.send('go');
        return;
      case 'progress':
        watching = watching.then(() => progress?.(message.progress));
        watching.catch(done.reject);
        return;
      case 'done':
        done.resolve(message.report);
    }
  });
  void ended.then(([code]) => done.reject(new Error(`the load ended with ${code}`)));
  try {
    const report = await done.promise;
    await watching;
    return report;
  } catch (error) {
    child.kill();
    throw error;
  } finally {
    await ended;
  }
}

/** out: what differs between the truth and what the edges grew by. */
export function wrongEdges(truth: Truth, before: Record<string, Count>, after: Record<string, Count>): string[] {
  const wrong: string[] = [];
  for (const edge of new Set([...Object.keys(truth.edges), ...Object.keys(after)])) {
    const grewBy = (name: keyof Count): number => (after[edge]?.[name] ?? 0) - (before[edge]?.[name] ?? 0);
    const { requests, failed } = truth.edges[edge] ?? { requests: 0, failed: 0 };
    if (grewBy('requests') === requests && grewBy('failed') === failed) continue;
    wrong.push(`${edge} has ${grewBy('requests')} calls, ${grewBy('failed')} failed, of ${requests}, ${failed}`);
  }
  return wrong;
}
