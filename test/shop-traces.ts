/**
 * A small service in two versions whose times are known to the millisecond, as an OTLP request in JSON: twelve requests of
 * each version, 10 ms of its own around the database, which takes 20 ms with v1 and 5 ms with v2.
 */

/** Its entry, as the API names it. */
export const shop = 'shop|GET /cart';
const dbMs = { v1: 20, v2: 5 } as const;

/** The request. The first trace begins a minute before now. */
export function shopTraces(nowMs: number): object {
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const resourceSpans = (['v1', 'v2'] as const).map((version, i) => ({
    resource: { attributes: [text('service.name', 'shop'), text('service.version', version)] },
    scopeSpans: [
      {
        spans: Array.from({ length: 12 }, (_, n) => {
          const traceId = `${i + 1}${n.toString(16)}`.padStart(32, 'a');
          const startMs = nowMs - 60_000 + n * 1_000;
          const span = (
            spanId: string,
            name: string,
            kind: number,
            fromMs: number,
            toMs: number,
            more: object = {},
          ) => ({
            traceId,
            spanId,
            name,
            kind,
            startTimeUnixNano: `${startMs + fromMs}000000`,
            endTimeUnixNano: `${startMs + toMs}000000`,
            ...more,
          });
          return [
            span('00000000000000a1', 'GET /cart', 2, 0, 10 + dbMs[version]),
            span('00000000000000b2', 'SELECT items', 3, 5, 5 + dbMs[version], {
              parentSpanId: '00000000000000a1',
              attributes: [text('db.system', 'postgresql')],
            }),
          ];
        }).flat(),
      },
    ],
  }));
  return { resourceSpans };
}
