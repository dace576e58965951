/**
 * A mesh of many workloads for the benchmark of the map: a seeded graph in eight tiers, and its calls as traces of three
 * spans (the caller's work, its CLIENT span, the callee's SERVER span), sent to a collector's OTLP door.
 */
import { writeOtlp } from '../collector/decode/otlp-write.ts';
import { attributes, toRequest, type GeneratedSpan, type Sender } from '../fixtures/mesh/otlp.ts';
import { createRandom, type Random } from '../fixtures/mesh/random.ts';
import { createPoster, formatRefused } from '../fixtures/post.ts';

interface Call {
  readonly from: Sender;
  readonly to: Sender;
  /** How often it is made, against the others. */
  readonly weight: number;
  readonly failing: boolean;
  readonly medianMs: number;
}

export interface Traffic {
  /** Sends one call over every edge. */
  all(): Promise<void>;
  /** Sends that many calls over edges by their weight. */
  some(count: number): Promise<void>;
  close(): void;
}

const tiers = 8;
const namespaces = 12;
const tracesPerBody = 100;

/** errors: of the methods: Error when the door refuses a body. */
export function createTraffic(to: string, options: { readonly workloads: number; readonly edges: number }): Traffic {
  const random = createRandom(7);
  const calls = createCalls(random, options.workloads, options.edges);
  const poster = createPoster(to, { connections: 2 });
  const send = async (chosen: readonly Call[]) => {
    for (let at = 0; at < chosen.length; at += tracesPerBody) {
      const spans = chosen.slice(at, at + tracesPerBody).flatMap((call) => toSpans(random, call, Date.now()));
      await poster.post(writeOtlp(toRequest(spans)), {});
    }
    const { refused } = poster.counts();
    if (refused.size > 0) throw new Error(`cannot send the mesh: ${formatRefused(refused)}`);
  };
  const wheel = calls.flatMap((call) => Array.from({ length: call.weight }, () => call));
  return {
    all: () => send(calls),
    some: (count) => send(Array.from({ length: count }, () => wheel[random.below(wheel.length)] as Call)),
    close: () => poster.close(),
  };
}

function createCalls(random: Random, workloads: number, edges: number): Call[] {
  const senders = Array.from({ length: workloads }, (_, i) => createSender(`service-${i}`, `team-${i % namespaces}`));
  const startOf = (tier: number) => Math.ceil((Math.min(tier, tiers) / tiers) * workloads);
  const taken = new Set<string>();
  const calls: Call[] = [];
  // each workload that is not in the first tier has a caller; the rest is by chance, to the next tier or the one after
  for (let i = startOf(1); i < workloads; i++) add(random.below(startOf(Math.floor((i / workloads) * tiers))), i);
  for (let tries = 0; calls.length < edges && tries < 100 * edges; tries++) {
    const from = random.below(startOf(tiers - 1));
    const tier = Math.floor((from / workloads) * tiers);
    const [least, most] = [startOf(tier + 1), startOf(tier + 3)];
    add(from, least + random.below(most - least));
  }
  return calls;

  function add(from: number, to: number): void {
    const [source, target] = [senders[from], senders[to]];
    if (!source || !target || taken.has(`${from} ${to}`)) return;
    taken.add(`${from} ${to}`);
    calls.push({
      from: source,
      to: target,
      weight: 1 + Math.floor(20 * random.next() ** 4),
      failing: random.chance(0.03),
      medianMs: random.around(12, 0.8),
    });
  }
}

function createSender(name: string, namespace: string): Sender {
  const resource = { 'service.name': name, 'service.version': 'v1', 'k8s.namespace.name': namespace };
  return { id: name, resource: attributes(resource), scope: { name: 'bench', version: '1' } };
}

function toSpans(random: Random, { from, to, failing, medianMs }: Call, nowMs: number): GeneratedSpan[] {
  const traceId = random.hex(16);
  const [work, client, server] = [random.hex(8), random.hex(8), random.hex(8)];
  const durationMs = random.around(medianMs, 0.4);
  const failed = failing && random.chance(0.2);
  const end = nowMs - random.below(900);
  const ns = (ms: number) => String(BigInt(Math.round(ms * 1_000)) * 1_000n);
  const span = (
    sender: Sender,
    spanId: string,
    parentSpanId: string,
    kind: number,
    marginMs: number,
  ): GeneratedSpan => ({
    sender,
    endMs: end,
    span: {
      traceId,
      spanId,
      ...(parentSpanId === '' ? {} : { parentSpanId }),
      name: kind === 1 ? 'work' : 'GET /',
      kind,
      startTimeUnixNano: ns(end - durationMs - marginMs),
      endTimeUnixNano: ns(end + marginMs),
      attributes:
        kind === 1 ? [] : attributes({ 'http.request.method': 'GET', 'http.response.status_code': failed ? 503 : 200 }),
      status: failed && kind !== 1 ? { code: 2 } : {},
    },
  });
  return [span(from, work, '', 1, 2), span(from, client, work, 3, 1), span(to, server, client, 2, 0)];
}
