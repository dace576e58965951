/** The requests a workload answered, by operation, from its SERVER and CONSUMER spans. */
import { readFileSync } from 'node:fs';
import { gamma } from '#shared/sketch.ts';
import { mark } from '#shared/span.ts';
import { nanosecond, second } from './column-time.ts';
import type { Db } from './db.ts';

const sql = readFileSync(new URL('operations-read.sql', import.meta.url), 'utf8');

/** Names read at most, the most frequent ones. */
const maxNames = 500;
/** Senders' clocks may be this far ahead of ours, seconds. */
const clockSlack = 3600;

export interface OperationQuery {
  readonly fromMs: number;
  readonly toMs: number;
  /** Whose spans. Without a name: of all in the namespace; without a namespace too: of all in the cluster. */
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly version?: string;
  readonly fourXxIsFailure: boolean;
}

export interface OperationRow {
  readonly operation: string;
  /** 1: told by a sidecar. */
  readonly proxy: number;
  readonly calls: number;
  readonly failed: number;
  /** Calls without their weight. */
  readonly seen: number;
  /** Sketch of the durations in ns. */
  readonly durations: Readonly<Record<string, number>>;
}

export function readOperations(db: Db, wanted: OperationQuery): Promise<OperationRow[]> {
  const { fromMs, toMs, cluster, namespace, name, version } = wanted;
  return db.rows(sql, {
    fromTick: second(fromMs / 1000 - clockSlack),
    fromNs: nanosecond(Math.floor(fromMs)),
    toNs: nanosecond(Math.ceil(toMs)),
    proxyMark: mark.proxy,
    errorMark: mark.error,
    probeMark: mark.probe,
    fourXx: wanted.fourXxIsFailure ? 1 : 0,
    perLog: 1 / Math.log(gamma),
    anyName: name === '' ? 1 : 0,
    name,
    anyNamespace: name === '' && namespace === '' ? 1 : 0,
    namespace,
    cluster,
    anyVersion: version === undefined ? 1 : 0,
    version: version ?? '',
    limit: maxNames,
  });
}
