/**
 * The state of a view is its address: what is selected, the window, the label. Reading goes through getters here, writing
 * through links (`hrefWith`) or `change`. Defaults are left out of the address, so the short one is the plain view.
 */
import { goto } from '$app/navigation';
import { page } from '$app/state';
import { labelChoices, type LabelChoice } from './labels.ts';

/** Windows the page offers; any other that the server understands may stand in the address. */
export const windows = [
  { value: '1m', text: '1 min' },
  { value: '5m', text: '5 min' },
  { value: '15m', text: '15 min' },
  { value: '1h', text: '1 h' },
  { value: '6h', text: '6 h' },
  { value: '1d', text: '24 h' },
] as const;

const defaults: Readonly<Record<string, string>> = { window: '5m', label: 'p90', panel: 'open' };

export type Selection = { readonly type: 'edge' | 'node'; readonly id: string } | undefined;

/** Reads of the address; each is reactive. */
export const address = {
  get window(): string {
    const value = page.url.searchParams.get('window') ?? '';
    return /^(\d+(ms|s|m|h|d|w))+$/.test(value) ? value : '5m';
  },
  get label(): LabelChoice {
    const value = page.url.searchParams.get('label');
    return labelChoices.find((choice) => choice === value) ?? 'p90';
  },
  get select(): Selection {
    const value = page.url.searchParams.get('select') ?? '';
    const [, type, id] = /^(edge|node):(.+)$/s.exec(value) ?? [];
    return id === undefined ? undefined : { type: type === 'edge' ? 'edge' : 'node', id };
  },
  get panelOpen(): boolean {
    return page.url.searchParams.get('panel') !== 'closed';
  },
  get(name: string): string {
    return page.url.searchParams.get(name) ?? '';
  },
};

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

/** A link to the map with something selected, from any page. Keeps window and label. */
export function mapHref(select: NonNullable<Selection>): string {
  const kept = new URLSearchParams();
  for (const name of ['window', 'label', 'theme']) {
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
