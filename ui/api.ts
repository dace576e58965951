/**
 * The page's reads of the native API (contract: shared/api.ts). Every failure is an ApiError with a code, so a page can
 * tell "no such trace" from "the collector is away". Types only: the page does not carry the schemas.
 */
import type { CompareSets } from '#shared/api-compare-sets.ts';
import type {
  AttributeKeys,
  AttributeValues,
  Comparison,
  EdgeDetail,
  Entries,
  ErrorBody,
  FramesWire,
  Graph,
  NodeDetail,
  Operations,
  Profile,
  Status,
  Timeline,
  Trace,
  TraceList,
  TracePoints,
  WhatIf,
} from '#shared/api.ts';

/** Why a read failed: a code of shared/error.ts, or `offline` when the collector did not answer at all. */
export class ApiError extends Error {
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ApiError';
    this.code = code;
  }
}

type Query = Readonly<Record<string, string | number | null | undefined>>;

/** Path and query of a request; absent and empty values are left out. */
export function pathWith(path: string, query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') params.set(name, String(value));
  }
  const text = params.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** errors: ApiError; an AbortError when the signal fires. */
function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  return readJson<T>(pathWith(path, query), signal);
}

/** What a request has when it is no plain reading. */
type Init = Omit<RequestInit, 'headers' | 'signal'> & { readonly headers?: Readonly<Record<string, string>> };

/** The JSON of a path and query. errors: ApiError; an AbortError when the signal fires. */
export async function readJson<T>(path: string, signal?: AbortSignal, init: Init = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      ...init,
      headers: { accept: 'application/json', ...init.headers },
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError('offline', 'The collector does not answer.', { cause: error });
  }
  if (!response.ok) throw await toError(response);
  try {
    return (await response.json()) as T;
  } catch (error) {
    throw new ApiError('internal', `The answer of ${path} is not JSON.`, { cause: error });
  }
}

async function toError(response: Response): Promise<ApiError> {
  try {
    const { error } = (await response.json()) as ErrorBody;
    return new ApiError(error.code, error.message);
  } catch {
    const code = response.status === 404 ? 'not-found' : 'internal';
    return new ApiError(code, `The collector answered ${response.status} ${response.statusText}.`);
  }
}

export const api = {
  graph: (query: Query, signal?: AbortSignal) => get<Graph>('/api/graph', query, signal),
  frames: (query: Query, signal?: AbortSignal) => get<FramesWire>('/api/frames', query, signal),
  timeline: (query: Query, signal?: AbortSignal) => get<Timeline>('/api/timeline', query, signal),
  entries: (query: Query, signal?: AbortSignal) => get<Entries>('/api/entries', query, signal),
  compare: (query: Query, signal?: AbortSignal) => get<Comparison>('/api/compare', query, signal),
  compareSets: (query: Query, signal?: AbortSignal) => get<CompareSets>('/api/compare/sets', query, signal),
  edge: (id: string, query: Query, signal?: AbortSignal) =>
    get<EdgeDetail>(`/api/edges/${encodeURIComponent(id)}`, query, signal),
  node: (id: string, query: Query, signal?: AbortSignal) =>
    get<NodeDetail>(`/api/nodes/${encodeURIComponent(id)}`, query, signal),
  operations: (nodeId: string, query: Query, signal?: AbortSignal) =>
    get<Operations>(`/api/nodes/${encodeURIComponent(nodeId)}/operations`, query, signal),
  traces: (query: Query, signal?: AbortSignal) => get<TraceList>('/api/traces', query, signal),
  tracePoints: (query: Query, signal?: AbortSignal) => get<TracePoints>('/api/traces/points', query, signal),
  attributes: (query: Query, signal?: AbortSignal) => get<AttributeKeys>('/api/attributes', query, signal),
  attributeValues: (query: Query, signal?: AbortSignal) =>
    get<AttributeValues>('/api/attributes/values', query, signal),
  trace: (id: string, signal?: AbortSignal) => get<Trace>(`/api/traces/${encodeURIComponent(id)}`, {}, signal),
  profile: (query: Query, signal?: AbortSignal) => get<Profile>('/api/critical-path', query, signal),
  whatIf: (query: Query, signal?: AbortSignal) => get<WhatIf>('/api/what-if', query, signal),
  status: (signal?: AbortSignal) => get<Status>('/api/status', {}, signal),
};
