/**
 * One row of the store's `edges` table as the program sees it: ten seconds of one edge, or (sourceKind = noSource) of one
 * workload itself. derive/frames.ts makes them, store/edges-*.ts write and sum them, graph.ts turns sums into the map.
 * Rows of one edge add up: numbers and maps by sum, exemplars by greatest.
 */
import { noBuckets, type Buckets } from './sketch.ts';

/** Length of a frame. */
export const frameSeconds = 10;

/** `sourceKind` of a workload's own row. */
export const noSource = 255;

/** Weights by text. */
export type TextWeights = Readonly<Record<string, number>>;

/** A trace for buckets of a sketch, as a piece of two arrays: an id is four words, the highest first. */
export interface Exemplars {
  readonly buckets: Int16Array | Int32Array;
  readonly traceIds: Uint32Array;
  /** Of the buckets. */
  readonly from: number;
  readonly to: number;
}

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
  readonly clientNs: Buckets;
  readonly serverNs: Buckets;
  readonly networkNs: Buckets;
  /** 'code|flag|origin' to weight. */
  readonly errors: TextWeights;
  /** 'source principal -> target principal' to weight. */
  readonly principals: TextWeights;
  /** By client sketch bucket, in any number of pieces: of a bucket that several have the greatest counts. */
  readonly exemplars: readonly Exemplars[];
  /** 'code|flag|origin' to trace id, 32 hex digits. */
  readonly errorExemplars: Readonly<Record<string, string>>;
  /** 'band|root service|root operation' to ns on the critical path; band = durationBand of the trace. */
  readonly criticalNs: TextWeights;
  /** Workload rows: the same key to traces that start here, and to their total root duration. */
  readonly rootCount: TextWeights;
  readonly rootNs: TextWeights;
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
  clientNs: noBuckets,
  serverNs: noBuckets,
  networkNs: noBuckets,
  errors: {},
  principals: {},
  exemplars: [],
  errorExemplars: {},
  criticalNs: {},
  rootCount: {},
  rootNs: {},
};
