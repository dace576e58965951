/**
 * The state of a view is its address. Reading goes through getters here, writing through links (`hrefWith`) or `change`.
 * Defaults are left out of the address, so the short one is the plain view. What cannot be read counts as the default.
 */
import { goto } from '$app/navigation';
import { page } from '$app/state';
import { bands, type Band } from '#shared/critical-cut.ts';
import { groupings, type GroupBy } from '#shared/graph-ends.ts';
import { directions, type Direction } from '#shared/graph-filter.ts';
import { parseList, toListText } from '#shared/list.ts';
import { labelChoices, type LabelChoice } from './labels.ts';

/** Windows the page offers; any other that the server understands may stand in the address. */
export const windows = [
  { value: '1m', text: '1 min' },
  { value: '5m', text: '5 min' },
  { value: '15m', text: '15 min' },
  { value: '1h', text: '1 h' },
  { value: '6h', text: '6 h' },
  { value: '1d', text: '24 h' },
  { value: '7d', text: '7 days' },
] as const;

export const layouts = ['layered', 'radial', 'force'] as const;
export type Layout = (typeof layouts)[number];
export const layers = ['health', 'critical'] as const;
export type Layer = (typeof layers)[number];
export const boxings = ['none', 'namespace', 'cluster'] as const;
/** What the map draws boxes round. */
export type Boxing = (typeof boxings)[number];

const defaults: Readonly<Record<string, string>> = {
  window: '5m',
  label: 'p90',
  panel: 'open',
  layout: 'layered',
  layer: 'health',
  boxes: 'none',
  band: 'all',
  group: 'service',
  direction: 'both',
  hops: '1',
};

export type Selection = { readonly type: 'edge' | 'node'; readonly id: string } | undefined;

const read = (name: string): string => page.url.searchParams.get(name) ?? '';
const oneOf = <T extends string>(name: string, choices: readonly T[], fallback: T): T =>
  choices.find((choice) => choice === read(name)) ?? fallback;
const listOf = (name: string): string[] => parseList(read(name));

/** Reads of the address; each is reactive. */
export const address = {
  /** Length of the live window, as the API writes it: `5m`. */
  get window(): string {
    const value = read('window');
    return /^(\d+(ms|s|m|h|d|w))+$/.test(value) ? value : '5m';
  },
  /** The same in words: `5 min`. */
  get windowText(): string {
    const { window } = address;
    return windows.find(({ value }) => value === window)?.text ?? window;
  },
  /** A past interval, epoch ms; undefined = live. */
  get interval(): { readonly from: number; readonly to: number } | undefined {
    const [from, to] = [Number(read('from')), Number(read('to'))];
    return read('from') !== '' && to > from && from > 0 ? { from, to } : undefined;
  },
  get label(): LabelChoice {
    return oneOf('label', labelChoices, 'p90');
  },
  get layout(): Layout {
    return oneOf('layout', layouts, 'layered');
  },
  get layer(): Layer {
    return oneOf('layer', layers, 'health');
  },
  /** Entry operation of the critical-path layer, `service|operation`; '' = all. */
  get entry(): string {
    return read('entry');
  },
  get band(): Band {
    return oneOf('band', bands, 'all');
  },
  get boxes(): Boxing {
    return oneOf('boxes', boxings, 'none');
  },
  /** Boxes drawn as one node, by id (`cluster/namespace/` or `cluster//`). */
  get collapsed(): string[] {
    return listOf('collapsed');
  },
  get group(): GroupBy {
    return oneOf('group', groupings, 'service');
  },
  get clusters(): string[] {
    return listOf('cluster');
  },
  get namespaces(): string[] {
    return listOf('namespace');
  },
  /** Workload in focus: node id, name or name.namespace; '' = none. */
  get focus(): string {
    return read('focus');
  },
  get hops(): number {
    const hops = Number(read('hops') || '1');
    return Number.isInteger(hops) && hops >= 0 && hops <= 20 ? hops : 1;
  },
  get direction(): Direction {
    return oneOf('direction', directions, 'both');
  },
  get find(): string {
    return read('find');
  },
  get hide(): string {
    return read('hide');
  },
  /** Health checks count too. */
  get probes(): boolean {
    return read('probes') === 'on';
  },
  /** Workloads and edges without calls in the window stay visible. */
  get idle(): boolean {
    return read('idle') === 'on';
  },
  /** Traffic dots. */
  get dots(): boolean {
    return read('dots') === 'on';
  },
  /** For a wall: no bar, no rail, no panel unless something is selected. */
  get kiosk(): boolean {
    return page.url.searchParams.has('kiosk') && read('kiosk') !== 'off';
  },
  get select(): Selection {
    const [, type, id] = /^(edge|node):(.+)$/s.exec(read('select')) ?? [];
    return id === undefined ? undefined : { type: type === 'edge' ? 'edge' : 'node', id };
  },
  get panelOpen(): boolean {
    return read('panel') !== 'closed';
  },
  get: read,
};

/** What the map asks the API for, time apart: parameters of /api/graph and of every read that must agree with it. */
export function graphParams(): Record<string, string> {
  const params: Record<string, string> = {};
  const set = (name: string, value: string, fallback = ''): void => {
    if (value !== fallback) params[name] = value;
  };
  set('groupBy', address.group, 'service');
  set('collapse', toListText(address.collapsed));
  set('cluster', toListText(address.clusters));
  set('namespace', toListText(address.namespaces));
  set('service', address.focus);
  if (address.focus !== '') {
    set('hops', String(address.hops), '1');
    set('direction', address.direction, 'both');
  }
  set('probes', String(address.probes), 'false');
  set('idle', String(address.idle), 'false');
  if (address.layer === 'critical' || address.label === 'critical') {
    set('entry', address.entry);
    set('band', address.band, 'all');
  }
  return params;
}

/** What reads about one edge or workload, or about changes, take of graphParams: what makes a node a node. */
export function detailParams(): Record<string, string> {
  const taken = ['groupBy', 'collapse', 'probes', 'entry', 'band'];
  return Object.fromEntries(Object.entries(graphParams()).filter(([name]) => taken.includes(name)));
}

/** The time the map shows, as parameters of the API. */
export function timeParams(): Record<string, string> {
  const { interval } = address;
  return interval ? { from: String(interval.from), to: String(interval.to) } : { window: address.window };
}

type Changes = Readonly<Record<string, string | undefined>>;

/** This address with some parameters changed; undefined, '' and defaults remove one. */
export function hrefWith(changes: Changes, url: URL = page.url): string {
  const params = new URLSearchParams(url.searchParams);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === '' || value === defaults[name]) params.delete(name);
    else params.set(name, value);
  }
  const text = params.toString();
  return text === '' ? url.pathname : `${url.pathname}?${text}`;
}

/** A link to the map with something selected, from any page. Keeps time, label and theme. */
export function mapHref(select: NonNullable<Selection>): string {
  const kept = new URLSearchParams();
  for (const name of ['window', 'from', 'to', 'label', 'theme', 'contrast']) {
    const value = page.url.searchParams.get(name);
    if (value !== null) kept.set(name, value);
  }
  kept.set('select', `${select.type}:${select.id}`);
  return `/?${kept}`;
}

/** Changes the view in place: no scroll, no lost focus. replace: no new entry in the history. */
export function change(changes: Changes, { replace = false } = {}): void {
  void goto(hrefWith(changes), { keepFocus: true, noScroll: true, replaceState: replace });
}
