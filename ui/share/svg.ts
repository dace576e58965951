/**
 * The map as a file of its own: a copy of the drawing with every computed style as an attribute, the whole graph in its
 * frame whatever the page shows of it, without controls and hit areas, with a line that says what and when, and a legend.
 */
const svgNs = 'http://www.w3.org/2000/svg';

/** Inherited properties: written where they differ from the parent's. */
const inherited = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-opacity',
  'stroke-dasharray',
  'stroke-dashoffset',
  'stroke-linecap',
  'stroke-linejoin',
  'paint-order',
  'font-family',
  'font-size',
  'font-weight',
  'letter-spacing',
  'text-anchor',
  'dominant-baseline',
] as const;

export interface LegendItem {
  /** A CSS colour as computed. */
  readonly colour: string;
  readonly width: number;
  readonly text: string;
}

export interface Caption {
  readonly title: string;
  readonly subtitle: string;
  readonly legend: readonly LegendItem[];
  readonly colours: { readonly ground: string; readonly ink: string; readonly quiet: string };
  /** `@font-face` rules for where the page's fonts do not reach (a picture); '' = the reader's own fonts. */
  readonly fonts: string;
}

export interface Standalone {
  readonly text: string;
  readonly width: number;
  readonly height: number;
}

const sans = 'Inter, "Inter Variable", system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif';

/** in: the map's svg element, in the document. */
export function toStandaloneSvg(drawing: SVGSVGElement, caption: Caption): Standalone {
  const content = drawing.querySelector<SVGGElement>(':scope > g[transform]');
  const box = (content ?? drawing).getBBox();
  const copy = drawing.cloneNode(true) as SVGSVGElement;
  inline(drawing, copy);

  const scale = Math.max(1, box.width / 1_200);
  const margin = 24 * scale;
  const head = 52 * scale;
  const foot = caption.legend.length > 0 ? 36 * scale : 0;
  const width = Math.max(box.width + 2 * margin, 360 * scale);
  const height = box.height + 2 * margin + head + foot;

  const root = element('svg', { xmlns: svgNs, viewBox: `0 0 ${round(width)} ${round(height)}` });
  root.setAttribute('width', String(round(width)));
  root.setAttribute('height', String(round(height)));
  root.setAttribute('font-family', sans);
  const title = element('title', {});
  title.textContent = `${caption.title}. ${caption.subtitle}`;
  root.append(title);
  if (caption.fonts !== '') {
    const style = element('style', {});
    style.textContent = caption.fonts;
    root.append(style);
  }
  root.append(
    element('rect', { width: round(width), height: round(height), fill: caption.colours.ground }),
    line(caption.title, margin, 26 * scale, 15 * scale, caption.colours.ink, 600),
    line(caption.subtitle, margin, 44 * scale, 11 * scale, caption.colours.quiet, 400),
  );
  const body = element('g', {
    transform: `translate(${round((width - box.width) / 2 - box.x)} ${round(head + margin - box.y)})`,
  });
  const inner = copy.querySelector(':scope > g[transform]');
  inner?.removeAttribute('transform');
  for (const name of inherited) {
    const value = copy.getAttribute(name);
    if (value !== null) body.setAttribute(name, value);
  }
  body.append(...copy.childNodes);
  root.append(body, legend(caption, margin, height - 16 * scale, scale));
  const text = new XMLSerializer().serializeToString(root);
  return { text: `<?xml version="1.0" encoding="UTF-8"?>\n${legible(text)}\n`, width, height };
}

/** Copies computed style from the drawing to its copy, then drops what is not part of the picture. */
function inline(drawing: SVGSVGElement, copy: SVGSVGElement): void {
  const sources: Element[] = [drawing, ...drawing.querySelectorAll('*')];
  const copies: Element[] = [copy, ...copy.querySelectorAll('*')];
  const styles = new Map<Element, CSSStyleDeclaration>();
  const styleOf = (of: Element): CSSStyleDeclaration => {
    let style = styles.get(of);
    if (!style) styles.set(of, (style = getComputedStyle(of)));
    return style;
  };
  const unseen: Element[] = [];
  sources.forEach((source, i) => {
    const target = copies[i];
    if (!target) return;
    if (isControl(source)) unseen.push(target);
    if (source.tagName === 'title') return;
    const style = styleOf(source);
    const parent = source === drawing || !source.parentElement ? undefined : styleOf(source.parentElement);
    if (source !== drawing && isUnseen(source, style)) unseen.push(target);
    plain(target);
    for (const name of inherited) {
      const value = style.getPropertyValue(name);
      target.removeAttribute(name);
      if (value !== '' && value !== parent?.getPropertyValue(name)) target.setAttribute(name, portable(name, value));
    }
    if (source === drawing) return;
    if (style.opacity !== '1') target.setAttribute('opacity', style.opacity);
    const isView = source.parentNode === drawing && source.hasAttribute('transform');
    if (style.transform !== 'none' && !isView) target.setAttribute('transform', style.transform);
    fixWidth(source, target);
  });
  for (const gone of unseen) gone.remove();
  const comments = document.createTreeWalker(copy, NodeFilter.SHOW_COMMENT);
  const notes: Node[] = [];
  while (comments.nextNode()) notes.push(comments.currentNode);
  for (const note of notes) note.parentNode?.removeChild(note);
  for (const link of copy.querySelectorAll('a')) link.replaceWith(grouped(link));
}

/** What only says that something can be done here: a picture has nothing to press. */
function isControl(source: Element): boolean {
  return source.matches('[role=button] > title, [role=button] .sign');
}

const shapes = new Set(['rect', 'path', 'circle', 'ellipse', 'line', 'polyline', 'polygon', 'text']);
const clear = /^(none|transparent|rgba\(\d+, \d+, \d+, 0\))$/;

/** Hit areas, halos that are off, what is hidden. */
function isUnseen(source: Element, style: CSSStyleDeclaration): boolean {
  if (style.display === 'none' || style.opacity === '0') return true;
  if (!shapes.has(source.tagName)) return source.tagName === 'foreignObject';
  return style.visibility === 'hidden' || (clear.test(style.fill) && clear.test(style.stroke));
}

const dropped = /^(class|style|tabindex|role|draggable|target|rel|xmlns:.*|aria-.*|data-.*|on.*)$/;

function plain(target: Element): void {
  // a list of its own: removing shortens the element's
  const names = Array.from(target.attributes, ({ name }) => name);
  for (const name of names) if (dropped.test(name)) target.removeAttribute(name);
}

function portable(name: string, value: string): string {
  if (name === 'font-family') return value.includes('Mono') ? '"JetBrains Mono", ui-monospace, monospace' : sans;
  // `color(srgb 0.5 0.5 0.5 / 0.5)` is what mixed colours compute to; few readers of SVG know it
  const [, r, g, b, , alpha] = /^color\(srgb ([\d.]+) ([\d.]+) ([\d.]+)( \/ ([\d.]+))?\)$/.exec(value) ?? [];
  if (r === undefined) return value;
  const [red, green, blue] = [r, g, b].map((part) => Math.round(255 * Number(part)));
  return alpha === undefined ? `rgb(${red}, ${green}, ${blue})` : `rgba(${red}, ${green}, ${blue}, ${alpha})`;
}

/** Another font must not make a name run out of its card. */
function fixWidth(source: Element, target: Element): void {
  if (!(source instanceof SVGTextElement) || source.childElementCount > 0) return;
  const length = source.getComputedTextLength();
  if (length <= 0) return;
  target.setAttribute('textLength', String(round(length)));
  target.setAttribute('lengthAdjust', 'spacingAndGlyphs');
}

/** A link as a plain group: the file leads nowhere. */
function grouped(link: Element): Element {
  const group = element('g', {});
  for (const { name, value } of link.attributes) if (!/href/.test(name)) group.setAttribute(name, value);
  group.append(...link.childNodes);
  return group;
}

function legend({ legend: items, colours }: Caption, x: number, y: number, scale: number): SVGElement {
  const group = element('g', {});
  let at = x;
  for (const { colour, width, text } of items) {
    group.append(
      element('rect', {
        x: round(at),
        y: round(y - (4 + width / 2) * scale),
        width: 18 * scale,
        height: width * scale,
        rx: scale,
        fill: colour,
      }),
      line(text, at + 25 * scale, y, 11 * scale, colours.quiet, 400),
    );
    at += (25 + 6.2 * text.length + 18) * scale;
  }
  return group;
}

function line(text: string, x: number, y: number, size: number, fill: string, weight: number): SVGElement {
  const made = element('text', { x: round(x), y: round(y), fill, 'font-size': round(size), 'font-weight': weight });
  made.textContent = text;
  return made;
}

function element(name: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const made = document.createElementNS(svgNs, name);
  for (const [key, value] of Object.entries(attributes)) if (key !== 'xmlns') made.setAttribute(key, String(value));
  return made;
}

/** XML has no place for control characters, and names are strangers' text. */
function legible(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.toWellFormed().replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd');
}

const round = (value: number): number => Math.round(value * 10) / 10;
