/**
 * Requests to a small shop, drawn from a seed: web → api (v1 or v2) → db. What goes wrong is asked for; everything else is
 * chance. For tests of what tells two sets of traces apart.
 */
import { otlpJsonToProto } from '../collector/decode/otlp-json.ts';

export interface ShopTraffic {
  readonly seed: number;
  readonly traces: number;
  /** The requests start within this time, epoch ms, spread by chance. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Milliseconds that the SELECT of version v2 takes longer. */
  readonly slowerV2Ms?: number;
  /** How often v2 calls the database where v1 calls it once. */
  readonly callsV2?: number;
  /** Share of requests of tenant acme that api answers with 503. */
  readonly acmeFails?: number;
}

/** Numbers from 0 to 1 that follow from the seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const tenants = ['acme', 'bolt', 'core', 'dune', 'echo', 'flux', 'gild', 'hive', 'iris', 'jade'];
const text = (key: string, value: string): unknown => ({ key, value: { stringValue: value } });

/** OTLP bodies of some hundred traces each. */
export function shopTraffic({
  seed,
  traces,
  fromMs,
  toMs,
  slowerV2Ms = 0,
  callsV2 = 1,
  acmeFails = 0,
}: ShopTraffic): Uint8Array[] {
  const next = randomOf(seed);
  const longTailed = (ms: number): number => ms * (0.5 + next()) * (next() < 0.03 ? 3 + 20 * next() : 1);
  const hex = (digits: number): string =>
    Array.from({ length: digits }, () => Math.floor(next() * 16).toString(16)).join('');
  const bodies: Uint8Array[] = [];
  let resourceSpans: unknown[] = [];
  for (let i = 0; i < traces; i++) {
    const version = next() < 0.5 ? 'v1' : 'v2';
    const tenant = tenants[Math.floor(next() * tenants.length)] ?? '';
    const failed = tenant === 'acme' && next() < acmeFails;
    const startMs = fromMs + next() * (toMs - fromMs - 1000);
    const [traceId, root, call, api, select] = [hex(32), hex(16), hex(16), hex(16), hex(16)];
    const selectMs = longTailed(20) + (version === 'v2' ? slowerV2Ms : 0);
    const ownMs = longTailed(5);
    const cached = next() < 0.3;
    const times = version === 'v2' ? callsV2 : 1;
    const apiMs = ownMs + (cached || failed ? 0 : times * selectMs + 2);
    const webMs = longTailed(8);
    const add = (service: string, at: number, ms: number, span: object, more: readonly unknown[] = []): void => {
      const nano = (ms: number): string => String(BigInt(Math.round(ms * 1e6)));
      resourceSpans.push({
        resource: {
          attributes: [
            text('service.name', service),
            text('service.namespace', 'shop'),
            text('service.version', service === 'api' ? version : 'v1'),
          ],
        },
        scopeSpans: [
          {
            spans: [
              {
                traceId,
                startTimeUnixNano: nano(startMs + at),
                endTimeUnixNano: nano(startMs + at + ms),
                attributes: [text('request.id', hex(12)), ...more],
                ...span,
              },
            ],
          },
        ],
      });
    };
    const code = text('http.status_code', failed ? '503' : '200');
    add('web', 0, webMs + apiMs + 1, { spanId: root, name: 'GET /items', kind: 2 }, [text('tenant', tenant), code]);
    add('web', webMs / 2, apiMs + 1, { spanId: call, parentSpanId: root, name: 'api', kind: 3 }, [code]);
    add('api', webMs / 2 + 0.5, apiMs, { spanId: api, parentSpanId: call, name: 'list items', kind: 2 }, [code]);
    if (!cached && !failed) {
      for (let call = 0; call < times; call++) {
        const at = webMs / 2 + 0.5 + ownMs + call * selectMs;
        const id = call === 0 ? select : hex(16);
        add('api', at, selectMs, { spanId: id, parentSpanId: api, name: 'SELECT items', kind: 3 }, [
          text('db.system', 'postgresql'),
          text('peer.service', 'items-db'),
          text('shard', String(Math.floor(next() * 8))),
        ]);
      }
    }
    if (resourceSpans.length > 1000 || i === traces - 1) {
      bodies.push(otlpJsonToProto(JSON.stringify({ resourceSpans })));
      resourceSpans = [];
    }
  }
  return bodies;
}
