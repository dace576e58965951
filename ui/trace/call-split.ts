/**
 * One call as a picture: what the caller waited, what of it the callee worked, and the rest: network and proxies. Bars as
 * shares of the caller's time. Pure.
 *
 *     client   |---------------------------|
 *     server        |---------------|
 *     network  |---|                 |-----|
 */
import type { TraceCall } from '#shared/api.ts';
import type { Bar } from './bars.ts';
import type { Stretch } from './rows.ts';

export interface CallPart {
  readonly name: 'client' | 'server' | 'network and proxies';
  readonly ns: number;
  readonly bars: readonly Bar[];
}

export interface CallSplit {
  readonly parts: readonly CallPart[];
  /** Both ends are told of, but their clocks do not tell when the callee began: it is drawn in the middle. */
  readonly centred: boolean;
}

/** in: the call, and when its two ends ran, as far as their spans are here. */
export function splitCall(call: TraceCall, client: Stretch | undefined, server: Stretch | undefined): CallSplit {
  const { clientNs, serverNs, networkNs } = call;
  const parts: CallPart[] = [];
  const whole: Bar = { left: 0, width: 1 };
  if (clientNs !== null) parts.push({ name: 'client', ns: clientNs, bars: [whole] });
  if (serverNs === null) return { parts, centred: false };
  if (clientNs === null || clientNs <= 0) {
    return { parts: [...parts, { name: 'server', ns: serverNs, bars: [whole] }], centred: false };
  }
  const width = Math.min(1, serverNs / clientNs);
  const begun = client && server ? (server.startNs - client.startNs) / clientNs : -1;
  const known = begun >= 0 && begun + width <= 1.0001;
  const left = known ? Math.min(begun, 1 - width) : (1 - width) / 2;
  parts.push({ name: 'server', ns: serverNs, bars: [{ left, width }] });
  if (networkNs !== null) {
    const after = { left: left + width, width: 1 - left - width };
    parts.push({
      name: 'network and proxies',
      ns: networkNs,
      bars: [{ left: 0, width: left }, after].filter((bar) => bar.width > 0.0005),
    });
  }
  return { parts, centred: !known && width < 1 };
}
