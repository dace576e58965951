/**
 * The columns of the layered layout. Calls against the stream are turned round (those that close a circle on the way from
 * the entries), then every workload stands one column behind the last of its callers, and columns too tall for the room
 * give to the next ones. A big mesh that would need more columns than fit the room gets that many: workloads that call one
 * another may then share one. Gansner et al., "A Technique for Drawing Directed Graphs", 1993, §2, with a simpler search.
 */

/** All calls between two workloads, along the stream. Ends are indexes of nodes. */
export interface Link {
  readonly from: number;
  readonly to: number;
  /** Indexes of its edges, those against the stream too. */
  readonly edges: readonly number[];
}

/** As many columns a mesh may always have, however few the room would like. */
const leastMostLayers = 16;

/**
 * Links without circles. in: ends of each edge as node indexes (none to itself); the order in which to look for the start
 * of the traffic, all nodes in it.
 */
export function toLinks(
  count: number,
  ends: readonly (readonly [source: number, target: number])[],
  starts: readonly number[],
): Link[] {
  const out = Array.from({ length: count }, (): number[] => []);
  for (const [source, target] of ends) out[source]?.push(target);
  const rank = Array.from({ length: count }, () => 0);
  for (const [i, node] of starts.entries()) rank[node] = i;
  for (const targets of out) targets.sort((a, b) => (rank[a] ?? 0) - (rank[b] ?? 0));
  const against = findAgainst(out, starts);
  const merged = new Map<number, { from: number; to: number; edges: number[] }>();
  for (const [edge, [source, target]] of ends.entries()) {
    const turned = against.has(source * count + target);
    const [from, to] = turned ? [target, source] : [source, target];
    const known = merged.get(from * count + to);
    if (known) known.edges.push(edge);
    else merged.set(from * count + to, { from, to, edges: [edge] });
  }
  return [...merged.values()];
}

/** Calls that lead back to a workload on the way here, as source * count + target. */
function findAgainst(out: readonly (readonly number[])[], starts: readonly number[]): Set<number> {
  const count = out.length;
  const state = new Uint8Array(count);
  const against = new Set<number>();
  for (const start of starts) {
    if (state[start] !== 0) continue;
    const way = [{ node: start, next: 0 }];
    state[start] = 1;
    for (let here = way.at(-1); here; here = way.at(-1)) {
      const target = out[here.node]?.[here.next++];
      if (target === undefined) {
        state[here.node] = 2;
        way.pop();
      } else if (state[target] === 1) {
        against.add(here.node * count + target);
      } else if (state[target] === 0) {
        state[target] = 1;
        way.push({ node: target, next: 0 });
      }
    }
  }
  return against;
}

/**
 * The column of each node, from 0, without empty ones. in: links without circles; nodes that must stay in the first column
 * if nothing calls them; how many cards a column takes. Callees stand behind their callers, or beside them where columns
 * are short.
 */
export function toLayers(
  count: number,
  links: readonly Link[],
  first: ReadonlySet<number>,
  mostRows: number,
): number[] {
  const most = Math.max(leastMostLayers, Math.ceil((1.3 * count) / mostRows));
  const before = Array.from({ length: count }, (): number[] => []);
  const behind = Array.from({ length: count }, (): number[] => []);
  for (const { from, to } of links) {
    before[to]?.push(from);
    behind[from]?.push(to);
  }
  const order = toTopological(before, behind);
  const layers = Array.from({ length: count }, () => 0);
  const at = (node: number) => layers[node] ?? 0;
  const lowest = (node: number) => Math.max(-1, ...(before[node] ?? []).map(at)) + 1;
  for (const node of order) layers[node] = lowest(node);
  for (let round = 0; round < 8; round++) {
    for (const node of round % 2 === 0 ? order.toReversed() : order) {
      const [ins, outs] = [before[node]?.length ?? 0, behind[node]?.length ?? 0];
      if (outs > ins && !(first.has(node) && ins === 0)) {
        layers[node] = Math.min(...(behind[node] ?? []).map(at)) - 1;
      } else if (ins > outs) {
        layers[node] = lowest(node);
      }
    }
  }
  const loose = order.filter((node) => before[node]?.length === 0 && behind[node]?.length === 0);
  const tied = order.filter((node) => !loose.includes(node));
  bound(tied, layers, lowest, mostRows);
  if (Math.max(...layers) - Math.min(...layers) >= most) squeeze(tied, behind, layers, Math.ceil(count / mostRows));
  spreadLoose(loose, layers, mostRows);
  const used = [...new Set(layers)].sort((a, b) => a - b);
  const index = new Map(used.map((layer, i) => [layer, i]));
  return layers.map((layer) => index.get(layer) ?? 0);
}

function toTopological(before: readonly (readonly number[])[], behind: readonly (readonly number[])[]): number[] {
  const waiting = before.map(({ length }) => length);
  const order = before.flatMap(({ length }, node) => (length === 0 ? [node] : []));
  for (const node of order) {
    for (const next of behind[node] ?? []) {
      const left = (waiting[next] ?? 0) - 1;
      waiting[next] = left;
      if (left === 0) order.push(next);
    }
  }
  return order;
}

/** What a full column cannot take goes one further, and its callees with it. */
function bound(order: readonly number[], layers: number[], lowest: (node: number) => number, mostRows: number): void {
  const counts = new Map<number, number>();
  for (const node of order) counts.set(layers[node] ?? 0, (counts.get(layers[node] ?? 0) ?? 0) + 1);
  if (Math.max(0, ...counts.values()) <= mostRows) return;
  const taken = new Map<number, number>();
  const wanted = [...layers];
  const byWish = order
    .map((node, i) => ({ node, i }))
    .sort((a, b) => (wanted[a.node] ?? 0) - (wanted[b.node] ?? 0) || a.i - b.i);
  for (const { node } of byWish) {
    let layer = Math.max(lowest(node), wanted[node] ?? 0);
    while ((taken.get(layer) ?? 0) >= mostRows) layer++;
    layers[node] = layer;
    taken.set(layer, (taken.get(layer) ?? 0) + 1);
  }
}

/** Cuts the nodes, sorted along the stream, into so many columns of one height. */
function squeeze(
  order: readonly number[],
  behind: readonly (readonly number[])[],
  layers: number[],
  columns: number,
): void {
  const depth = new Map<number, number>();
  const height = new Map<number, number>();
  for (const node of order) {
    for (const next of behind[node] ?? []) depth.set(next, Math.max(depth.get(next) ?? 0, (depth.get(node) ?? 0) + 1));
  }
  for (const node of order.toReversed()) {
    height.set(node, Math.max(-1, ...(behind[node] ?? []).map((next) => height.get(next) ?? 0)) + 1);
  }
  const along = (node: number) => (depth.get(node) ?? 0) - (height.get(node) ?? 0);
  const rows = Math.ceil(order.length / columns);
  for (const [i, node] of order.toSorted((a, b) => along(a) - along(b)).entries()) layers[node] = Math.floor(i / rows);
}

/** Workloads without any call fill the shortest columns. */
function spreadLoose(loose: readonly number[], layers: number[], mostRows: number): void {
  if (loose.length === 0) return;
  const isLoose = new Set(loose);
  const counts: number[] = [];
  for (const [node, layer] of layers.entries()) if (!isLoose.has(node)) counts[layer] = (counts[layer] ?? 0) + 1;
  const columns = Math.max(counts.length, Math.ceil(loose.length / mostRows));
  for (const node of loose) {
    let best = 0;
    for (let layer = 1; layer < columns; layer++) if ((counts[layer] ?? 0) < (counts[best] ?? 0)) best = layer;
    layers[node] = best;
    counts[best] = (counts[best] ?? 0) + 1;
  }
}
