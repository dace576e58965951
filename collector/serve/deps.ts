/** What the API is made of: main.ts joins these, tests bring their own store. */
import type { Status } from '#shared/api.ts';
import type { CallOptions } from '#shared/calls.ts';
import type { Follower } from '../derive/follower.ts';
import type { Db } from '../store/db.ts';

/** The settings the API reads (config.ts has them all). */
export interface ServeConfig {
  readonly listen: { readonly host: string; readonly port: number };
  /** '' = none is asked for. */
  readonly readToken: string;
  /** Sources of the CSP directive. */
  readonly frameAncestors: readonly string[];
  readonly maxConnections: number;
  readonly maxNodes: number;
  readonly maxEdges: number;
  /** What colours and words go by: shares of failed calls from 0 to 1, and a p99. */
  readonly warnFailed: number;
  readonly badFailed: number;
  readonly badP99Ms: number;
}

export interface ServeDeps {
  readonly db: Db;
  readonly follower: Pick<Follower, 'consistent' | 'status' | 'onAdvanced'> & Partial<Pick<Follower, 'told'>>;
  readonly config: ServeConfig;
  /** The rules calls are made with, the same as the derivation's. */
  readonly calls: CallOptions;
  readonly version: string;
  readonly startedAtMs: number;
  /** Resolves when every span acknowledged so far can be read from the store, or when the store does not take it in time. */
  flush(): Promise<void>;
  /** Whether spans are taken and answers given. */
  state(): 'ok' | 'starting' | 'stopping';
  ingestStatus(): Status['ingest'] | Promise<Status['ingest']>;
  limits(): Status['limits'] | Promise<Status['limits']>;
  doors(): Status['doors'];
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
  /** Directory of the built page. Absent: there is none, and `/` says so. */
  readonly uiDirectory?: string;
  /** Called after each request. */
  observe?(route: string, status: number, seconds: number): void;
  /** Runs each request, for whoever watches it from around: own traces. */
  around?(method: string, path: string, run: () => Promise<void>): Promise<void>;
  /** A bug: logged once with its stack. */
  onBug(error: unknown): void;
  /** The clock; tests set it. */
  now?(): number;
}
