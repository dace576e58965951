/**
 * A trace of very many spans as a batch job makes one: a root, serial steps, each a call of another workload with parallel
 * queries below it, some of which fail and are tried again. Sent through a collector's OTLP door, many spans a body.
 */

interface Sent {
  readonly traceId: string;
  readonly spans: number;
}

interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly unknown[];
  readonly status?: { readonly code: number };
}

const services = ['batch', 'catalog', 'pricing', 'stock', 'ledger'];
const spansABody = 4_000;
const ms = 1_000_000n;

/** in: address of the OTLP/HTTP door; how many spans. errors: Error when the collector refuses a body. */
export async function sendBigTrace(door: string, count: number, traceId = 'b16'.padEnd(32, '0')): Promise<Sent> {
  const byService = new Map<string, OtlpSpan[]>(services.map((name) => [name, []]));
  const originNs = BigInt(Date.now() - 60_000) * ms;
  let made = 0;
  const add = (
    service: string,
    parent: string | undefined,
    name: string,
    kind: number,
    fromUs: number,
    us: number,
    code = 200,
  ): string => {
    const spanId = (++made).toString(16).padStart(16, '0');
    const startNs = originNs + BigInt(Math.round(fromUs * 1_000));
    byService.get(service)?.push({
      traceId,
      spanId,
      ...(parent === undefined ? {} : { parentSpanId: parent }),
      name,
      kind,
      startTimeUnixNano: String(startNs),
      endTimeUnixNano: String(startNs + BigInt(Math.round(us * 1_000))),
      attributes: [
        { key: 'http.response.status_code', value: { intValue: String(code) } },
        { key: 'batch.row', value: { intValue: String(made) } },
        { key: 'db.query.text', value: { stringValue: `SELECT * FROM part WHERE id = ${made}` } },
      ],
      ...(code >= 500 ? { status: { code: 2 } } : {}),
    });
    return spanId;
  };
  const stepUs = 400;
  const perStep = 50;
  const steps = Math.ceil(count / perStep);
  const root = add('batch', undefined, 'POST /rebuild', 2, 0, steps * stepUs);
  for (let step = 0; made < count; step++) {
    const at = step * stepUs;
    const callee = services[1 + (step % 4)] ?? 'catalog';
    const client = add('batch', root, `GET /${callee}`, 3, at + 10, stepUs - 20);
    const server = add(callee, client, `GET /${callee}`, 2, at + 30, stepUs - 60);
    for (let query = 0; query < 12 && made < count; query++) {
      const from = at + 40 + 7 * query;
      const failed = step % 97 === 0 && query === 5;
      const up = add(callee, server, 'query', 1, from, 200 - 3 * query, failed ? 503 : 200);
      for (let row = 0; row < 3 && made < count; row++) add(callee, up, `row ${row}`, 1, from + 5 + 50 * row, 40);
    }
  }
  for (const [service, spans] of byService) {
    for (let at = 0; at < spans.length; at += spansABody) {
      const body = {
        resourceSpans: [
          {
            resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
            scopeSpans: [{ scope: { name: 'bench' }, spans: spans.slice(at, at + spansABody) }],
          },
        ],
      };
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${door}/v1/traces`, { method: 'POST', headers, body: JSON.stringify(body) });
      if (!answer.ok) throw new Error(`cannot send spans: ${answer.status} ${await answer.text()}`);
    }
  }
  return { traceId, spans: made };
}
