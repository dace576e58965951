/**
 * Reads of the trace page: a trace, one span of it with all it says, and a file of traces that is opened without being
 * stored. A trace of very many spans comes as columns and is light: its spans have no attributes until they are asked for.
 */
import type { LightTrace, Trace, TraceSpan } from '#shared/api.ts';
import { unpackTrace } from '#shared/light-trace.ts';
import { readJson } from '../api.ts';

/** in: 32 hex digits. errors: ApiError, `not-found` when no span of it is held; an AbortError when the signal fires. */
export async function loadTrace(id: string, signal?: AbortSignal): Promise<Trace> {
  const answer = await readJson<Trace | LightTrace>(`/api/traces/${encodeURIComponent(id)}?format=columns`, signal);
  return isPacked(answer) ? unpackTrace(answer) : answer;
}

/** One span with attributes, events, links and resource. errors: as loadTrace. */
export function loadSpan(traceId: string, spanId: string, signal?: AbortSignal): Promise<TraceSpan> {
  return readJson(`/api/traces/${encodeURIComponent(traceId)}/spans/${encodeURIComponent(spanId)}`, signal);
}

/**
 * The traces of a file of OTLP, Jaeger or Zipkin, the first to start first; the server stores nothing of it.
 * errors: ApiError, `bad-request` with what is wrong and where, `too-large`; an AbortError when the signal fires.
 */
export function openFile(file: Blob, signal?: AbortSignal): Promise<Trace[]> {
  // One type whatever the file is called: what it holds decides.
  return readJson('/api/traces/open', signal, {
    method: 'POST',
    body: file,
    headers: { 'content-type': 'application/octet-stream' },
  });
}

/** Only a light trace carries its texts apart. */
function isPacked(answer: Trace | LightTrace): answer is LightTrace {
  return 'texts' in answer;
}
