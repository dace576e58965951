/** The search's question as it stands in the address, and its parts in words. Pure. */

export interface Filters {
  readonly service: string;
  readonly operation: string;
  readonly minMs: string;
  readonly status: string;
  readonly order: string;
  readonly edge: string;
}

/** Filters of an address. in: reads one parameter, '' when absent. What cannot be meant is dropped. */
export function filtersIn(get: (name: string) => string): Filters {
  const minMs = get('minMs');
  const status = get('status');
  return {
    service: get('service'),
    operation: get('operation'),
    minMs: /^\d+(\.\d+)?$/.test(minMs) ? minMs : '',
    status: status === 'error' || status === 'ok' ? status : '',
    order: get('order') === 'slowest' ? 'slowest' : '',
    edge: get('edge'),
  };
}

/** The filters that narrow the list, in words: what to loosen when nothing matches. */
export function askedFor({
  service,
  operation,
  minMs,
  status,
  edge,
}: Filters): { readonly name: string; readonly text: string }[] {
  return [
    { name: 'service', text: service === '' ? '' : `workload ${service}` },
    { name: 'operation', text: operation === '' ? '' : `operation ${operation}` },
    { name: 'minMs', text: minMs === '' ? '' : `at least ${minMs} ms` },
    { name: 'status', text: status === '' ? '' : status === 'error' ? 'failed' : 'succeeded' },
    { name: 'edge', text: edge === '' ? '' : 'this edge' },
  ].filter(({ text }) => text !== '');
}
