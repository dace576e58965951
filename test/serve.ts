/** The read side on a real store and a real socket, for tests. No span is ever open in it unless a test says so. */
import { after } from 'node:test';
import type { CallOptions } from '#shared/calls.ts';
import type { EdgeFrame } from '#shared/frame.ts';
import { createApi, type Api } from '../collector/serve/http.ts';
import { decodeOtlp } from '../collector/decode/otlp-proto.ts';
import { createDeriver } from '../collector/derive/deriver.ts';
import { createNormalised, normalise } from '../collector/normalise/normalise.ts';
import { createDb, migrate, type Db } from '../collector/store/db.ts';
import { createSpanBlock } from '../collector/store/span-block.ts';
import type { ToldSpans } from '../collector/store/spans-told.ts';
import { edgeRow } from './edge-frame.ts';
import { servingDeps, type Open, type Said } from './serving-deps.ts';

export interface Served {
  readonly api: Api;
  readonly db: Db;
  /** What the traces that have not settled add, as the derivation would tell it. */
  readonly open: Open;
  /** Errors that were no AppError. */
  readonly bugs: unknown[];
  get(path: string, init?: RequestInit): Promise<Response>;
  /** The answer's JSON. errors: when the status is not 200. */
  json(path: string): Promise<unknown>;
}

/** Starts it for the tests of a file. in: what is not as usual; `db` to share the store of another one. */
export async function startServing(said: Said = {}): Promise<Served> {
  const db = said.db ?? (await createDb('chdb::memory:'));
  if (said.db === undefined) await migrate(db);
  const open: Open = { frames: [], unsettled: 0 };
  const bugs: unknown[] = [];
  const api = await createApi(servingDeps(db, { open, bugs, said }));
  after(async () => {
    await api.close();
    if (said.db === undefined) await db.close();
  });
  const get = (path: string, init?: RequestInit): Promise<Response> => fetch(api.url + path, init);
  return {
    api,
    db,
    open,
    bugs,
    get,
    async json(path) {
      const response = await get(path);
      const body = await response.text();
      if (response.status !== 200) throw new Error(`${path}: ${response.status} ${body}`);
      return JSON.parse(body) as unknown;
    },
  };
}

let newestTick = 0;

/** Stores frames as one settled tick, newer than all before, as the derivation does. */
export async function storeFrames(db: Db, frames: readonly EdgeFrame[]): Promise<void> {
  const tick = Math.max(newestTick + 1, ...frames.map(({ frame }) => frame));
  newestTick = tick;
  await db.insertRows(
    'edges',
    frames.map((frame) => ({ ...edgeRow(frame), tick })),
  );
}

/** Stores the spans of OTLP bodies as one commit. out: what the derivation may be told of it. */
export async function storeBodies(db: Db, bodies: readonly Uint8Array[], tick: number, batch = 0): Promise<ToldSpans> {
  const block = createSpanBlock(true);
  const normalised = createNormalised();
  for (const body of bodies) {
    decodeOtlp(body, (span) => {
      normalise(span, normalised);
      block.append(span, normalised);
    });
  }
  await db.insertNative('spans', [block.seal({ tick, batch })]);
  return block.told!;
}

/** Settles every trace that was stored at or before the tick, as the derivation does. */
export async function settle(db: Db, tick: number, calls: CallOptions = {}): Promise<void> {
  const deriver = await createDeriver(db, { settleTicks: 1, lateTicks: 1000, maxEdges: 10_000, calls });
  // A slow machine does not get through in one slice.
  while ((await deriver.advance(tick + 2, tick)).tick < tick + 2);
  await deriver.close();
}

/** Recorded traffic, stored and settled. out: the interval it lies in, epoch ms, also as query parameters. */
export async function storeRecorded(
  db: Db,
  bodies: readonly Uint8Array[],
  tick: number,
): Promise<{ readonly fromMs: number; readonly toMs: number; readonly interval: string }> {
  await storeBodies(db, bodies, tick);
  await settle(db, tick);
  const [range] = await db.rows<{ least: string; greatest: string }>(
    'SELECT min(startNs) AS least, max(startNs) AS greatest FROM spans',
  );
  const fromMs = Math.floor(Number(range?.least) / 1e6);
  const toMs = Math.ceil(Number(range?.greatest) / 1e6) + 1;
  return { fromMs, toMs, interval: `from=${fromMs}&to=${toMs}` };
}
