/**
 * A trace made by hand that has what recorded ones seldom have together, ms:
 *
 *     shop    POST /order  |0--------------------------------100|
 *     shop      GET /stock   |5-----------------60|               client, twice: the first attempt fails
 *     stock       GET /stock   |8--20| 503
 *     stock       GET /stock              |25--------55|          retry 1
 *     stock         query                   |30----50|
 *     shop      GET /price                         |62------90|   client
 *     pricing     GET /price   |12----32|                         its clock runs 53 ms behind
 *     shop      audit        |6-10|                               off the path
 *     shop      send mail                                  |92-94|  producer
 *     mailer      mail                                            |110---130|  nobody waits
 */

export const handMadeId = 'a11ce'.padEnd(32, '0');

type Value = { readonly stringValue: string } | { readonly intValue: string } | { readonly kvlistValue: unknown };

interface Hand {
  readonly id: number;
  readonly up: number;
  readonly service: string;
  readonly name: string;
  /** OTLP: 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  readonly from: number;
  readonly to: number;
  readonly attributes?: Readonly<Record<string, Value>>;
  readonly failed?: boolean;
}

const text = (stringValue: string): Value => ({ stringValue });
const number = (value: number): Value => ({ intValue: String(value) });
const status = (code: number) => ({ 'http.request.method': text('GET'), 'http.response.status_code': number(code) });

const spans: readonly Hand[] = [
  { id: 1, up: 0, service: 'shop', name: 'POST /order', kind: 2, from: 0, to: 100, attributes: status(200) },
  {
    id: 2,
    up: 1,
    service: 'shop',
    name: 'GET /stock',
    kind: 3,
    from: 5,
    to: 60,
    attributes: {
      ...status(200),
      order: { kvlistValue: { values: [{ key: 'size', value: { stringValue: 'large' } }] } },
    },
  },
  {
    id: 3,
    up: 2,
    service: 'stock',
    name: 'GET /stock',
    kind: 2,
    from: 8,
    to: 20,
    attributes: status(503),
    failed: true,
  },
  {
    id: 4,
    up: 2,
    service: 'stock',
    name: 'GET /stock',
    kind: 2,
    from: 25,
    to: 55,
    attributes: { ...status(200), 'http.request.resend_count': number(1) },
  },
  {
    id: 5,
    up: 4,
    service: 'stock',
    name: 'query',
    kind: 1,
    from: 30,
    to: 50,
    attributes: { 'db.query.text': text('SELECT 1') },
  },
  { id: 6, up: 1, service: 'shop', name: 'GET /price', kind: 3, from: 62, to: 90, attributes: status(200) },
  { id: 7, up: 6, service: 'pricing', name: 'GET /price', kind: 2, from: 12, to: 32, attributes: status(200) },
  {
    id: 8,
    up: 1,
    service: 'shop',
    name: 'audit',
    kind: 1,
    from: 6,
    to: 10,
    attributes: { 'db.query.text': text('SELECT 2') },
  },
  {
    id: 9,
    up: 1,
    service: 'shop',
    name: 'send mail',
    kind: 4,
    from: 92,
    to: 94,
    attributes: { 'messaging.system': text('kafka') },
  },
  {
    id: 10,
    up: 9,
    service: 'mailer',
    name: 'mail',
    kind: 5,
    from: 110,
    to: 130,
    attributes: { 'messaging.system': text('kafka') },
  },
];

/** The body of an OTLP request with the trace, a minute old. */
export function handMade() {
  const originMs = Date.now() - 60_000;
  const at = (ms: number): string => String(BigInt(originMs + ms) * 1_000_000n);
  const idOf = (id: number): string => id.toString(16).padStart(16, '0');
  return {
    resourceSpans: [...new Set(spans.map(({ service }) => service))].map((service) => ({
      resource: {
        attributes: [
          { key: 'service.name', value: { stringValue: service } },
          { key: 'service.namespace', value: { stringValue: 'hand' } },
          { key: 'host.name', value: { stringValue: `host-${service}` } },
        ],
      },
      scopeSpans: [
        {
          scope: { name: 'hand', version: '1' },
          spans: spans
            .filter((span) => span.service === service)
            .map(({ id, up, name, kind, from, to, attributes = {}, failed = false }) => ({
              traceId: handMadeId,
              spanId: idOf(id),
              ...(up === 0 ? {} : { parentSpanId: idOf(up) }),
              name,
              kind,
              startTimeUnixNano: at(from),
              endTimeUnixNano: at(to),
              attributes: Object.entries(attributes).map(([key, value]) => ({ key, value })),
              ...(failed ? { status: { code: 2 } } : {}),
              ...(id === 2
                ? {
                    events: [{ name: 'cache miss', timeUnixNano: at(7), attributes: [] }],
                    links: [{ traceId: 'f'.repeat(32), spanId: 'f'.repeat(16), attributes: [] }],
                  }
                : {}),
            })),
        },
      ],
    })),
  };
}
