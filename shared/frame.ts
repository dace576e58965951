/**
 * One row of the store's `edges` table as the program sees it: ten seconds of one edge, or (sourceKind = noSource) of one
 * workload itself. derive/frames.ts makes them, store/edges.ts writes and sums them, graph.ts turns sums into the map.
 * Rows of one edge add up: numbers and maps by sum, exemplars by greatest.
 */

/** Length of a frame. */
export const frameSeconds = 10;

/** `sourceKind` of a workload's own row. */
export const noSource = 255;

/** A sketch on the wire and in the store: bucket index (shared/sketch.ts) to weight. */
export type BucketMap = Readonly<Record<string, number>>;

export interface EdgeFrame {
  /** Start of the ten seconds, epoch seconds, by the start of the call. */
  readonly frame: number;
  readonly sourceCluster: string;
  readonly sourceNamespace: string;
  readonly source: string;
  readonly sourceVersion: string;
  /** Index into workloadKinds, or noSource. */
  readonly sourceKind: number;
  readonly targetCluster: string;
  readonly targetNamespace: string;
  readonly target: string;
  readonly targetVersion: string;
  /** Index into workloadKinds. */
  readonly targetKind: number;
  readonly protocol: string;
  /** 1: a health check. */
  readonly probe: number;
  /** Weighted counts. */
  readonly calls: number;
  readonly failed: number;
  readonly clientErrors: number;
  readonly attempts: number;
  /** Calls without their weight. */
  readonly seen: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly mtlsCalls: number;
  readonly clientNs: BucketMap;
  readonly serverNs: BucketMap;
  readonly networkNs: BucketMap;
  /** 'code|flag|origin' to weight. */
  readonly errors: BucketMap;
  /** 'source principal -> target principal' to weight. */
  readonly principals: BucketMap;
  /** Client sketch bucket to trace id (UInt128 as decimal string, as the store gives it). */
  readonly exemplars: Readonly<Record<string, string>>;
  /** 'code|flag|origin' to trace id, likewise. */
  readonly errorExemplars: Readonly<Record<string, string>>;
  /** 'band|root service|root operation' to ns on the critical path; band = durationBand of the trace. */
  readonly criticalNs: BucketMap;
  /** Workload rows: the same key to traces that start here, and to their total root duration. */
  readonly rootCount: BucketMap;
  readonly rootNs: BucketMap;
  /** Of traces that have not settled; never in the store. */
  readonly provisional?: boolean;
}

/** The numbers of a frame that add up. */
export const frameCounts = [
  'calls',
  'failed',
  'clientErrors',
  'attempts',
  'seen',
  'requestBytes',
  'responseBytes',
  'mtlsCalls',
] as const satisfies readonly (keyof EdgeFrame)[];

/** A frame that says nothing. */
export const emptyFrame: EdgeFrame = {
  frame: 0,
  sourceCluster: '',
  sourceNamespace: '',
  source: '',
  sourceVersion: '',
  sourceKind: 0,
  targetCluster: '',
  targetNamespace: '',
  target: '',
  targetVersion: '',
  targetKind: 0,
  protocol: '',
  probe: 0,
  calls: 0,
  failed: 0,
  clientErrors: 0,
  attempts: 0,
  seen: 0,
  requestBytes: 0,
  responseBytes: 0,
  mtlsCalls: 0,
  clientNs: {},
  serverNs: {},
  networkNs: {},
  errors: {},
  principals: {},
  exemplars: {},
  errorExemplars: {},
  criticalNs: {},
  rootCount: {},
  rootNs: {},
};
