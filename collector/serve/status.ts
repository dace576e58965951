/** The answer of /api/status: what came in, how far the derivation is, what the store holds, which bounds were hit. */
import type { Status } from '#shared/api.ts';
import { readStoreStatus, type StoreStatus } from '../store/status-read.ts';
import type { ServeDeps } from './deps.ts';

const unknownStore: StoreStatus = { spans: 0, bytesOnDisk: 0, oldest: null, newest: null, newestCall: null };

/** A store that does not answer is told as `down`: this page is where one looks then. */
export async function readStatus(deps: ServeDeps): Promise<Status> {
  const { lagMs, unsettledTraces, settledTraces, settleAfterMs } = deps.follower.status();
  let state: Status['store']['state'] = deps.state() === 'starting' ? 'starting' : 'ready';
  const store = await readStoreStatus(deps.db).catch(() => {
    state = 'down';
    return unknownStore;
  });
  return {
    version: deps.version,
    startedAt: deps.startedAtMs,
    store: { url: withoutSecret(deps.db.url), state, ...store },
    ingest: await deps.ingestStatus(),
    derive: { lagMs, unsettledTraces, settledTraces, settleAfterMs },
    limits: await deps.limits(),
    doors: deps.doors(),
  };
}

/** A store's address may carry a password. */
function withoutSecret(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//');
}
