/** What the read side needs beside its store, for tests and benchmarks: nothing comes in, and nothing is open unless said. */
import type { EdgeFrame } from '#shared/frame.ts';
import type { OpenEdges } from '../collector/derive/open-edges.ts';
import type { ServeDeps } from '../collector/serve/deps.ts';
import type { Db } from '../collector/store/db.ts';

export type Said = Partial<Omit<ServeDeps, 'config'>> & { readonly config?: Partial<ServeDeps['config']> };

/** What a derivation would say. */
export interface Open {
  frames: EdgeFrame[];
  unsettled: number;
  /** Set by who wants to know of each advance. */
  advanced?: () => void;
}

interface Around {
  /** What the traces that have not settled add, as the derivation would tell it. */
  readonly open?: Open;
  /** Takes errors that were no AppError; without it they are printed. */
  readonly bugs?: unknown[];
  /** What is not as usual. */
  readonly said?: Said;
}

export function servingDeps(db: Db, { open = { frames: [], unsettled: 0 }, bugs, said = {} }: Around = {}): ServeDeps {
  const provisional: OpenEdges = {
    get frames() {
      return open.frames.map((frame) => ({ ...frame, provisional: true }));
    },
    between: (from, to) => provisional.frames.filter(({ frame }) => frame >= from && frame < to),
  };
  return {
    db,
    follower: {
      consistent: async (read) => ({
        // Tests write past the derivation: never the same number.
        value: await read(provisional, Number.NaN),
        provisional,
        unsettled: open.unsettled,
      }),
      status: () => ({
        lagMs: 0,
        unsettledTraces: open.unsettled,
        settledTraces: 0,
        settleAfterMs: 10_000,
        overflow: 0,
      }),
      onAdvanced(listener) {
        open.advanced = listener;
      },
    },
    calls: {},
    version: '0.0.0',
    startedAtMs: Date.now(),
    flush: () => Promise.resolve(),
    state: () => 'ok',
    ingestStatus: () => ({
      spansAccepted: 0,
      spansRejected: 0,
      requestsRefused: 0,
      bytesBuffered: 0,
      byteBudget: 1,
      spansPerSecond: 0,
    }),
    limits: () => [{ name: 'edges', limit: 10_000, hit: 0 }],
    doors: () => ({ otlpHttp: '127.0.0.1:4318', otlpGrpc: '127.0.0.1:4317', listen: '127.0.0.1:4319' }),
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4; charset=utf-8', text: '# HELP up\nup 1\n' }),
    onBug: (error) => (bugs ? bugs.push(error) : console.error(error)),
    ...said,
    config: {
      listen: { host: '127.0.0.1', port: 0 },
      readToken: '',
      frameAncestors: ["'self'"],
      maxConnections: 256,
      maxNodes: 2000,
      maxEdges: 10_000,
      warnFailed: 0.001,
      badFailed: 0.01,
      badP99Ms: 500,
      ...said.config,
    },
  };
}
