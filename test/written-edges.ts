/** Edges' rows that are written, and what a reader of frames must say of them; for tests. */
import assert from 'node:assert/strict';
import { cutFrame, type CriticalCut } from '#shared/critical-cut.ts';
import type { EdgeFrame } from '#shared/frame.ts';
import { toGraph } from '#shared/graph.ts';
import { floorTo } from '#shared/time.ts';
import type { Db } from '../collector/store/db.ts';
import type { FrameReader } from '../collector/store/edges-cache.ts';
import type { FrameQuery } from '../collector/store/edges-read.ts';
import { edgeFrame, edgeRow } from './edge-frame.ts';

export interface Written {
  /** Rows of four edges and a workload, one of them a health check. in: epoch seconds. */
  store(frame: number, tick: number, to?: string): Promise<void>;
  /** Drops the partition of a day of ticks. */
  dropDay(second: number): Promise<void>;
  /** Reads, and compares with what was written. */
  assertSame(wanted: FrameQuery, reader: FrameReader): Promise<void>;
}

export function writeEdges(db: Db): Written {
  let held: { readonly frame: EdgeFrame; readonly tick: number }[] = [];

  async function store(frame: number, tick: number, to = 'auth'): Promise<void> {
    const frames = [
      edgeFrame('web', to, {
        frame,
        clientMs: [frame % 97, 5],
        serverMs: [3],
        failed: 1,
        errors: { '503||app': 1, [`50${frame % 5}|UF|proxy`]: 1 },
        errorExemplars: { '503||app': String(frame * 7919) },
        exemplars: { '-1': '5', [String(500 + (frame % 50))]: String(2n ** 100n + BigInt(frame)) },
        principals: { 'a -> b': 1 },
        mtlsCalls: 1,
        criticalNs: { '3|web|GET /': 4, '9|web|POST /': 5 },
      }),
      edgeFrame('', 'web', {
        frame,
        rootNs: { '3|web|GET /': 10 },
        rootCount: { '3|web|GET /': 2 },
        criticalNs: { '3|web|GET /': 10 },
      }),
      edgeFrame('kubelet', to, { frame, calls: 1, probe: 1 }),
      edgeFrame('shop/web', `data/${to}`, {
        frame,
        calls: 2.5,
        seen: 1,
        targetVersion: `v${frame % 3}`,
        targetKind: 'database',
      }),
    ];
    held.push(...frames.map((one) => ({ frame: one, tick })));
    await db.insertRows(
      'edges',
      frames.map((one) => ({ ...edgeRow(one), tick })),
    );
  }
  const mapOf = (frames: readonly EdgeFrame[], probes: boolean) =>
    toGraph(frames, { fromMs: 0, toMs: 1000, generatedAtMs: 0, unsettled: 0, probes });

  /** The rows that a question is about, as they were written. */
  function written({ fromSecond, toSecond, source, target, cut }: FrameQuery): EdgeFrame[] {
    return held
      .map(({ frame }) => frame)
      .filter((one) => one.frame >= fromSecond && one.frame < toSecond)
      .filter((one) => source === undefined || (one.source === source && one.sourceKind !== 255))
      .filter((one) => target === undefined || (one.target === target && one.sourceKind !== 255))
      .map((one) => (cut ? cutFrame(one, cut as CriticalCut) : one));
  }

  async function assertSame(wanted: FrameQuery, reader: FrameReader): Promise<void> {
    const { stepSeconds, probes = false } = wanted;
    const frames = await reader.read(wanted);
    const rows = written(wanted);
    if (stepSeconds === undefined) {
      assert.deepEqual(mapOf(frames, probes), mapOf(rows, probes));
      return;
    }
    const steps = (all: readonly EdgeFrame[]) => Map.groupBy(all, ({ frame }) => floorTo(frame, stepSeconds));
    const [got, expected] = [steps(frames), steps(rows)];
    assert.deepEqual([...got.keys()].sort(), [...expected.keys()].sort());
    for (const [step, ofStep] of got) {
      assert.ok(ofStep.every(({ frame }) => frame === step));
      assert.deepEqual(mapOf(ofStep, probes), mapOf(expected.get(step) ?? [], probes));
    }
  }

  return {
    store,
    assertSame,
    async dropDay(second) {
      await db.exec(`ALTER TABLE edges DROP PARTITION ${dayOf(second)}`);
      held = held.filter(({ tick }) => dayOf(tick) !== dayOf(second));
    },
  };
}

/** Counts the reads of edges' rows. */
export function counting(db: Db): { readonly db: Db; reads(): number } {
  let reads = 0;
  const native: Db['native'] = (sql, params, kind) => {
    if (sql.includes('FROM edges AS')) reads += 1;
    return db.native(sql, params, kind);
  };
  return { db: { ...db, native }, reads: () => reads };
}

function dayOf(second: number): string {
  return new Date(second * 1000).toISOString().slice(0, 10).replaceAll('-', '');
}
