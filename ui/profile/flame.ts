/**
 * The flame graph of a profile: call paths to a tree, the tree to cells. An icicle from the entry down; a cell is as wide
 * as the time that its call path and all below it own on the critical paths. What of a cell no cell below covers is its own.
 * Pure; widths are shares of the drawing, 0 to 1.
 */

import type { ProfilePath } from '#shared/api-profile.ts';

export interface FlameNode extends ProfilePath {
  readonly parent: FlameNode | undefined;
  /** The one with most time first. */
  readonly children: readonly FlameNode[];
  /** Its own time and that of all below, ms. */
  readonly totalMs: number;
  /** Calls before it: 0 at an entry. */
  readonly depth: number;
  /** Call paths from here down, itself among them. */
  readonly size: number;
}

export interface FlameTree {
  readonly roots: readonly FlameNode[];
  readonly byId: ReadonlyMap<string, FlameNode>;
  /** End-to-end time of the cohort: what shares are of. Call paths that the answer leaves out own what the roots lack. */
  readonly totalMs: number;
}

type Growing = { -readonly [K in Exclude<keyof FlameNode, 'children' | 'parent'>]: FlameNode[K] } & {
  parent: Growing | undefined;
  children: Growing[];
};

/** Call paths with a parent that is not among them are roots. Never recursive: chains may be as deep as they like. */
export function toFlame(rows: readonly ProfilePath[], totalMs: number): FlameTree {
  const byId = new Map<string, Growing>();
  for (const row of rows) {
    byId.set(row.id, { ...row, parent: undefined, children: [], totalMs: row.selfMs, depth: 0, size: 1 });
  }
  const roots: Growing[] = [];
  for (const node of byId.values()) {
    const parent = node.parentId === null ? undefined : byId.get(node.parentId);
    node.parent = parent;
    (parent?.children ?? roots).push(node);
  }
  const order: Growing[] = [...roots];
  for (const node of order) {
    for (const child of node.children) {
      child.depth = node.depth + 1;
      order.push(child);
    }
  }
  for (const node of order.toReversed()) {
    node.children.sort(byTime);
    if (!node.parent) continue;
    node.parent.totalMs += node.totalMs;
    node.parent.size += node.size;
  }
  roots.sort(byTime);
  return { roots, byId, totalMs };
}

/** Most time first; equal ones by name, so that the picture is the same every time. */
function byTime(a: FlameNode, b: FlameNode): number {
  return (
    b.totalMs - a.totalMs || compare(a.service, b.service) || compare(a.operation, b.operation) || compare(a.id, b.id)
  );
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** One rectangle. */
export interface Cell {
  readonly key: string;
  /** The call path; for a rest the one whose children are summed, undefined for summed entries. */
  readonly node: FlameNode | undefined;
  /** Call paths that are too narrow to be drawn, summed; 0 for a call path itself. */
  readonly more: number;
  readonly totalMs: number;
  /** Row, 0 at the top. */
  readonly level: number;
  readonly left: number;
  readonly width: number;
  /** Part of the cell's width at its right end that is its own time. */
  readonly own: number;
}

interface Wish {
  /** The call path that fills the width; undefined: everything. */
  readonly zoom: FlameNode | undefined;
  /** Narrowest cell that is drawn, as a share of the width. */
  readonly least: number;
  /** Most rows. */
  readonly levels?: number;
}

/** Cells row by row, each row from left to right. */
export function layoutFlame(tree: FlameTree, { zoom, least, levels = 64 }: Wish): Cell[] {
  const top = zoom ? [zoom] : tree.roots;
  const whole = zoom ? zoom.totalMs : tree.totalMs;
  if (whole <= 0) return [];
  const cells: Cell[] = [];
  let row: { node: FlameNode | undefined; children: readonly FlameNode[]; left: number }[] = [
    { node: undefined, children: top, left: 0 },
  ];
  for (let level = 0; row.length > 0; level++) {
    const next: typeof row = [];
    for (const { node: parent, children, left } of row) {
      let at = left;
      let rest: FlameNode[] = [];
      for (const [i, node] of children.entries()) {
        const width = node.totalMs / whole;
        if (width < least || level >= levels) {
          rest = children.slice(i);
          break;
        }
        const own = node.totalMs > 0 ? node.selfMs / node.totalMs : 0;
        cells.push({ key: node.id, node, more: 0, totalMs: node.totalMs, level, left: at, width, own });
        if (node.children.length > 0) next.push({ node, children: node.children, left: at });
        at += width;
      }
      const totalMs = rest.reduce((sum, node) => sum + node.totalMs, 0);
      if (rest.length === 0 || totalMs / whole < least) continue;
      const more = rest.reduce((sum, { size }) => sum + size, 0);
      const key = `more ${parent?.id ?? ''}`;
      cells.push({ key, node: parent, more, totalMs, level, left: at, width: totalMs / whole, own: 0 });
    }
    row = next;
  }
  return cells;
}

/** The way from the entry to a call path, itself last. */
export function wayTo(node: FlameNode | undefined): FlameNode[] {
  const way: FlameNode[] = [];
  for (let at = node; at; at = at.parent) way.push(at);
  return way.reverse();
}

export type Direction = 'up' | 'down' | 'left' | 'right' | 'first';

/** Where an arrow key leads from a cell: to what called it, what it spends most time in, its neighbours in the row. */
export function stepFrom(cells: readonly Cell[], from: Cell, direction: Direction): Cell | undefined {
  if (direction === 'first') return cells[0];
  if (direction === 'left' || direction === 'right') {
    const row = cells.filter(({ level }) => level === from.level);
    return row[row.indexOf(from) + (direction === 'left' ? -1 : 1)];
  }
  const near = cells.filter(({ level }) => level === from.level + (direction === 'up' ? -1 : 1));
  const inside = (outer: Cell, inner: Cell): boolean =>
    inner.left >= outer.left - 1e-9 && inner.left + inner.width <= outer.left + outer.width + 1e-9;
  return near.find((cell) => (direction === 'up' ? inside(cell, from) : inside(from, cell)));
}

/** Call paths whose workload or operation holds the text, and the time they own themselves. undefined: nothing typed. */
export function findPaths(tree: FlameTree, text: string): { ids: ReadonlySet<string>; selfMs: number } | undefined {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return undefined;
  const ids = new Set<string>();
  let selfMs = 0;
  for (const node of tree.byId.values()) {
    if (!`${node.service} ${node.operation}`.toLowerCase().includes(wanted)) continue;
    ids.add(node.id);
    selfMs += node.selfMs;
  }
  return { ids, selfMs };
}

/** A row of the list of call paths. */
export interface PathLine {
  readonly node: FlameNode;
  /** Indent: 0 for what is zoomed into. */
  readonly depth: number;
  readonly open: boolean;
}

/** Share of the time from which a call path is open by itself. */
const openShare = 0.02;

/**
 * Call paths as a list, those below folded ones left out. Open are those that own much with all below, or hold one that was
 * found; turned: those that were switched by hand.
 */
export function listPaths(
  tree: FlameTree,
  wish: { zoom: FlameNode | undefined; turned: ReadonlySet<string>; found: ReadonlySet<string> | undefined },
): PathLine[] {
  const above = new Set<FlameNode>();
  for (const id of wish.found ?? []) {
    for (let at = tree.byId.get(id)?.parent; at && !above.has(at); at = at.parent) above.add(at);
  }
  const lines: PathLine[] = [];
  const base = wish.zoom?.depth ?? 0;
  const stack: FlameNode[] = wish.zoom ? [wish.zoom] : tree.roots.toReversed();
  for (let node = stack.pop(); node; node = stack.pop()) {
    const usual = above.has(node) || node === wish.zoom || node.totalMs >= openShare * tree.totalMs;
    const open = usual !== wish.turned.has(node.id);
    lines.push({ node, depth: node.depth - base, open });
    if (open) stack.push(...node.children.toReversed());
  }
  return lines;
}
