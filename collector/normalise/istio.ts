/**
 * The TLS identity of the other side of a hop. Istio's proxies put it into custom tags only
 * (`%DOWNSTREAM_PEER_URI_SAN%` on the callee, `%UPSTREAM_PEER_URI_SAN%` on the caller), under names the operator chooses,
 * so it is recognised by its value, a SPIFFE URI, and told from the own identity by words in the key.
 * Spec: https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md
 */
import { kind } from '#shared/span.ts';
import { type SpanCursor, typeCode, valueOf } from '../decode/cursor.ts';
import { keyLimit } from '../decode/keys.ts';
import { noteRead, perText } from './memo.ts';

/** Whose identity a tag holds: of the caller, of the callee, of the peer, of the sender itself. */
type Holder = 'source' | 'destination' | 'peer' | 'own';

const holderOf = perText<Holder>((key) => {
  if (/local/i.test(key)) return 'own';
  if (/source|src|downstream|client/i.test(key)) return 'source';
  if (/dest|dst|upstream|server/i.test(key)) return 'destination';
  return 'peer';
});

/** Vocabulary number of the other side's SPIFFE URI; 0 when the span names none. */
export function principal(span: SpanCursor): number {
  if (span.known) return 0;
  const { ats, lengths, keys, sources, types, body } = span;
  let found = 0;
  for (let i = 0; i < span.attributeCount; i++) {
    // 's' of spiffe:// rules out nearly every value at once.
    if (body[ats[i]!] !== 0x73 || sources[i] !== 0 || lengths[i]! <= prefix.length) continue;
    if (keys[i]! < keyLimit || types[i] !== typeCode.string || !startsWithPrefix(body, ats[i]!)) continue;
    noteRead(span, i);
    const holder = holderOf(keys[i]!);
    if (holder === otherSide(span.kind)) return valueOf(span, i);
    if (holder === 'peer') found = valueOf(span, i);
  }
  return found;
}

const prefix = Buffer.from('spiffe://');

function startsWithPrefix(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < prefix.length; i++) if (bytes[at + i] !== prefix[i]) return false;
  return true;
}

function otherSide(spanKind: number): Holder {
  return spanKind === kind.client || spanKind === kind.producer ? 'destination' : 'source';
}
