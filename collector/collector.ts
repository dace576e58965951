/** The parts of a running collector, put together in the order they need each other and stopped in reverse. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import type { Status } from '#shared/api.ts';
import type { Address, StoreAddress } from './setting.ts';
import { formatAddress, type Config } from './config.ts';
import { createFollower } from './derive/follower.ts';
import { createPipeline } from './pipeline.ts';
import { forReaders, readTls } from './receive/guard.ts';
import { createByteBudget } from './receive/limits.ts';
import { createOtlpGrpc } from './receive/otlp-grpc.ts';
import { createOtlpHttp } from './receive/otlp-http.ts';
import { doorMeter, metrics, readCounter, renderMetrics, startOwnTraces, traced, watch } from './self.ts';
import { createApi, type Api } from './serve/http.ts';
import { createDb, migrate } from './store/db.ts';
import { readNewestTicks, writeStart } from './store/progress.ts';
import { applyRetention } from './store/retention.ts';
import { keepSums } from './store/sums-keeper.ts';

export interface Collector {
  /** Where it listens, host:port; `off` for a door that is not open. */
  readonly doors: Status['doors'];
  readonly storeUrl: string;
  /** Refuses new spans, commits what was taken, and stops. */
  close(): Promise<void>;
}

export interface CollectorOptions {
  readonly config: Config;
  readonly version: string;
  readonly log: Logger;
  /** The collector cannot go on in this process. What it acknowledged is in the store. */
  readonly onEnd: (error: Error) => void;
}

const retentionEveryMs = 10 * 60_000;
/** A part falls due each ten minutes, and a look for it reads two columns of a day. */
const sumsEveryMs = 5 * 60_000;
/** Between two sums of edges: a store without any is caught up with at a fraction of a core. */
const sumsRestMs = 500;

/** Opens the store and the doors. errors: AppError when either cannot be opened. */
export async function createCollector({ config, version, log, onEnd }: CollectorOptions): Promise<Collector> {
  const startedAtMs = Date.now();
  const stopTraces = await startOwnTraces(config.ownTraces, version);
  const db = await createDb(storeText(config.store));
  await migrate(db);
  const newest = await readNewestTicks(db);
  // Ticks go on where any table left off, also when the clock stands behind it.
  const lastTick = Math.max(newest.spans, newest.traces, newest.edges, newest.progress);
  const firstTick = Math.max(lastTick + 1, Math.floor(startedAtMs / 1000));
  if (lastTick > 0) await writeStart(db, firstTick, lastTick);
  const pipeline = await createPipeline(db, config, firstTick - 1, (cause) =>
    log.error(cause, 'the store refused a commit of spans'),
  );
  const calls = { fourXxIsFailure: config.fourXxIsFailure };
  const settleTicks = Math.max(1, Math.ceil(config.settleAfterMs / 1000));
  const follower = createFollower({
    store: db.url,
    options: { settleTicks, lateTicks: Math.ceil(config.lateWindowMs / 1000), maxEdges: config.maxEdges, calls },
    sealedTick: pipeline.sealedTick,
    newestTick: pipeline.newestTick,
    tellUntil: pipeline.tellUntil,
    onFailure: (error) => log.error(error, 'derivation failed; it goes on from the store'),
    onEnd,
  });
  const onBug = (error: unknown): void => log.error(error, 'unexpected error');
  const budget = createByteBudget(config.ingestBudgetBytes);
  const tls = readTls(config);
  const common = {
    receive: pipeline.receive,
    budget,
    maxBodyBytes: config.maxBodyBytes,
    maxConnections: config.maxConnections,
    token: config.ingestToken,
    tls,
    meter: doorMeter,
    onBug,
  };
  let state: 'ok' | 'stopping' = 'ok';
  const otlpHttp =
    config.otlpHttp && (await createOtlpHttp({ ...common, address: config.otlpHttp, corsOrigins: config.corsOrigins }));
  const otlpGrpc = config.otlpGrpc && (await createOtlpGrpc({ ...common, address: config.otlpGrpc }));
  const shown = (address: Address | undefined): string => (address ? formatAddress(address) : 'off');
  const doors = (): Status['doors'] => ({
    otlpHttp: shown(otlpHttp?.address),
    otlpGrpc: shown(otlpGrpc?.address),
    listen: listening?.address ?? shown(config.listen),
  });
  let listening: Api | undefined;
  const rate = createRate(() => readCounter(metrics.spansAccepted));
  const uiDirectory = fileURLToPath(new URL('../ui/build', import.meta.url));
  listening =
    config.listen &&
    (await createApi(
      {
        db,
        follower,
        config: { ...config, listen: config.listen },
        calls,
        version,
        startedAtMs,
        flush: pipeline.flush,
        state: () => state,
        ingestStatus: async () => ({
          spansAccepted: await readCounter(metrics.spansAccepted),
          spansRejected: await readCounter(metrics.spansRejected),
          requestsRefused: await readCounter(metrics.refusedRequests),
          bytesBuffered: budget.usedBytes,
          byteBudget: budget.totalBytes,
          spansPerSecond: rate.perSecond(),
        }),
        limits: async () => [
          { name: 'edges', limit: config.maxEdges, hit: follower.status().overflow },
          {
            name: 'byte budget',
            limit: budget.totalBytes,
            hit: await readCounter(metrics.refusedRequests, { code: 'unavailable' }),
          },
          {
            name: 'body size',
            limit: config.maxBodyBytes,
            hit: await readCounter(metrics.refusedRequests, { code: 'too-large' }),
          },
          { name: 'attributes', limit: 256, hit: await readCounter(metrics.attributesCut) },
        ],
        doors,
        metrics: renderMetrics,
        ...(existsSync(uiDirectory) && { uiDirectory }),
        around: (method, path, run) =>
          traced(`${method} request`, { 'http.request.method': method, 'url.path': path }, run),
        observe: (route, status, seconds) => metrics.apiSeconds.observe({ route, status: String(status) }, seconds),
        onBug,
      },
      forReaders(tls, config.readToken),
    ));
  watch({
    bufferedBytes: () => budget.usedBytes,
    budgetBytes: () => budget.totalBytes,
    deriveLagSeconds: () => follower.status().lagMs / 1000,
    unsettledTraces: () => follower.status().unsettledTraces,
    liveClients: () => listening?.liveClients ?? 0,
  });

  const retention = {
    spansMs: config.retentionSpansMs,
    edgesMs: config.retentionEdgesMs,
    diskBudgetBytes: config.diskBudgetBytes,
  };
  const keep = async (): Promise<void> => {
    try {
      for (const dropped of await applyRetention(db, retention, Date.now()))
        log.info(dropped, 'dropped a day of the store');
    } catch (error) {
      log.error(error, 'cannot apply the retention');
    }
  };
  void keep();
  const keeping = setInterval(() => void keep(), retentionEveryMs);
  let summing: Promise<unknown> | undefined;
  const sumsTimer = setInterval(() => {
    summing ??= keepSums(db, sumsRestMs, () => state === 'ok')
      .catch((error: unknown) => log.error(error, 'cannot keep sums of the map'))
      .finally(() => {
        summing = undefined;
      });
  }, sumsEveryMs);

  return {
    doors: doors(),
    storeUrl: db.url,
    async close() {
      state = 'stopping';
      clearInterval(keeping);
      clearInterval(sumsTimer);
      rate.close();
      await Promise.all([otlpHttp?.close(), otlpGrpc?.close()]);
      await pipeline.close();
      await listening?.close();
      await follower.close();
      await summing;
      await db.close();
      await stopTraces();
    },
  };
}

function storeText(store: StoreAddress): string {
  if (store.kind === 'server') return store.url;
  return store.kind === 'memory' ? 'chdb::memory:' : `chdb:${store.directory}`;
}

/** How fast a counter grows, over the last ten seconds. */
function createRate(read: () => Promise<number>): { perSecond(): number; close(): void } {
  const samples: number[] = [];
  const timer = setInterval(() => {
    void read().then((value) => {
      samples.push(value);
      if (samples.length > 11) samples.shift();
    });
  }, 1000);
  timer.unref();
  return {
    perSecond: () => (samples.length < 2 ? 0 : ((samples.at(-1) ?? 0) - (samples[0] ?? 0)) / (samples.length - 1)),
    close: () => clearInterval(timer),
  };
}
