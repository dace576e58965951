/**
 * Links that leave the page: to this view, live or pinned to a moment, and the HTML of its embed. Pure, from an address
 * as text, so that they can be checked without a browser.
 */

/** Parameters that are of the frame only, not of what an embed shows. */
const ofFrame = ['panel', 'kiosk', 'theme', 'contrast', 'dots'];

export interface Moment {
  readonly from: number;
  readonly to: number;
}

/** The view's own address. moment: pinned to that time; undefined: as it stands. */
export function viewLink(href: string, moment: Moment | undefined): string {
  const url = new URL(href);
  if (moment) pin(url, moment);
  return String(url);
}

export interface EmbedChoice {
  /** The map, or the edge of this id alone. */
  readonly edge: string | undefined;
  readonly moment: Moment | undefined;
  /** system is left out. */
  readonly theme: 'system' | 'light' | 'dark';
  readonly contrast: 'normal' | 'high';
  /** '' = live; `10s`, `1m`; `off` = once. */
  readonly refresh: string;
}

/** The embed of the view at this address. */
export function embedLink(href: string, choice: EmbedChoice): string {
  const from = new URL(href);
  const url = new URL(choice.edge === undefined ? '/embed/map' : '/embed/edge', from);
  for (const [name, value] of from.searchParams) if (!ofFrame.includes(name)) url.searchParams.set(name, value);
  if (choice.edge !== undefined) {
    url.searchParams.delete('select');
    url.searchParams.set('edge', choice.edge);
  }
  if (choice.moment) pin(url, choice.moment);
  else if (choice.refresh !== '') url.searchParams.set('refresh', choice.refresh);
  if (choice.theme !== 'system') url.searchParams.set('theme', choice.theme);
  if (choice.contrast === 'high') url.searchParams.set('contrast', 'high');
  return String(url);
}

function pin(url: URL, { from, to }: Moment): void {
  url.searchParams.delete('window');
  url.searchParams.set('from', String(Math.round(from)));
  url.searchParams.set('to', String(Math.round(to)));
}

export interface FrameSize {
  /** CSS length or number of px, as the attributes of an iframe take them. */
  readonly width: string;
  readonly height: string;
}

/** The HTML to paste into another page. */
export function frameHtml(src: string, title: string, { width, height }: FrameSize): string {
  const attribute = (text: string) =>
    text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<iframe src="${attribute(src)}" title="${attribute(title)}" width="${attribute(width)}" height="${attribute(height)}" style="border: 0" loading="lazy"></iframe>`;
}

/** Who may frame this page, by its own policy. out: sources; [] = nobody, or nothing was said. */
export function frameSources(policy: string): string[] {
  const directive = policy
    .split(';')
    .map((part) => part.trim().split(/\s+/))
    .find(([name]) => name?.toLowerCase() === 'frame-ancestors');
  return directive?.slice(1).filter((source) => source !== "'none'") ?? [];
}

/** Name of a file that is taken away: `throughline-2026-11-23-1604.svg`. at: `2026-11-23 16:04:05` of the picture. */
export function fileName(what: string, at: string, ending: string): string {
  const time = at
    .replaceAll(':', '')
    .replaceAll(/[^\w]+/g, '-')
    .slice(0, 15);
  const plain = what.replaceAll(/[^\w.-]+/g, '-').replaceAll(/^-+|-+$/g, '') || 'map';
  return `${plain}-${time}.${ending}`;
}
