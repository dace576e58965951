/**
 * What can be taken away of the map as it is shown: picture, numbers, graph text. Each returns a file; `save` hands it to
 * the browser. What is hidden on the map is not in them.
 */
import type { Graph } from '#shared/api.ts';
import { toDot } from '#shared/dot.ts';
import { formatMs, formatRate, formatShare } from '#shared/format.ts';
import { address } from '../address.svelte.ts';
import { current } from '../current.svelte.ts';
import { applyFilters } from '../filter/filter.ts';
import { edgeHealth, nodeHealth, type Health } from '../map/health.ts';
import { pillTexts } from '../map/words.ts';
import { dateTimeText, zoneText } from '../part/clock.ts';
import { fileName } from './links.ts';
import { fontRules, toPng } from './picture.ts';
import { toStandaloneSvg, type Caption, type Standalone } from './svg.ts';

export const kinds = ['svg', 'png', 'json', 'dot'] as const;
export type Kind = (typeof kinds)[number];

export const kindNames: Readonly<Record<Kind, string>> = {
  svg: 'SVG drawing',
  png: 'PNG picture',
  json: 'JSON numbers',
  dot: 'DOT for Graphviz',
};

const types: Readonly<Record<Kind, string>> = {
  svg: 'image/svg+xml',
  png: 'image/png',
  json: 'application/json',
  dot: 'text/vnd.graphviz',
};

/** The file of a kind. errors: Error in words when there is no map on the page, or the browser cannot draw it. */
export async function take(kind: Kind): Promise<File> {
  const graph = shown();
  const name = fileName('throughline', dateTimeText(graph.to), kind);
  return new File([await contentOf(kind, graph)], name, { type: types[kind] });
}

function contentOf(kind: Kind, graph: Graph): Promise<Blob | string> | string {
  switch (kind) {
    case 'svg':
      return standalone(graph, '').then(({ text }) => text);
    case 'png':
      return fontRules()
        .then((fonts) => standalone(graph, fonts))
        .then(toPng);
    case 'json':
      return `${JSON.stringify(graph, undefined, 2)}\n`;
    case 'dot':
      return dotText(graph);
  }
}

/** Hands a file to the browser's downloads. */
export function save(file: File): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Puts the picture on the clipboard, for a chat. errors: what the browser says when it refuses. */
export async function copyPicture(): Promise<void> {
  const file = take('png');
  await navigator.clipboard.write([new ClipboardItem({ 'image/png': file })]);
}

function shown(): Graph {
  if (!current.graph) throw new Error('There is no map on this page.');
  return applyFilters(current.graph, address.find, address.hide).graph;
}

async function standalone(graph: Graph, fonts: string): Promise<Standalone> {
  if (!current.drawing) throw new Error('There is no map on this page.');
  const { svg, whole } = current.drawing;
  return whole(() => toStandaloneSvg(svg, captionOf(graph, svg, fonts)));
}

/** `last 5 min to 2026-11-23 16:04:05 UTC`, or from when to when. */
export function timeText(graph: Pick<Graph, 'from' | 'to'>): string {
  const zone = zoneText(graph.to);
  if (address.interval) return `${dateTimeText(graph.from)} to ${dateTimeText(graph.to)} ${zone}`;
  const window = address.windowText;
  return `last ${window} to ${dateTimeText(graph.to)} ${zone}`;
}

function captionOf(graph: Graph, drawing: Element, fonts: string): Caption {
  const colour = colours(drawing);
  const { warnFailed, badFailed, badP99Ms } = graph.thresholds;
  const scope = [...address.clusters, ...address.namespaces].join(', ');
  return {
    title: scope === '' ? 'Service map' : `Service map: ${scope}`,
    subtitle: [
      timeText(graph),
      `${graph.nodes.length} workloads, ${graph.edges.length} edges`,
      address.label === 'none' ? undefined : `label: ${address.label}`,
      address.hide === '' ? undefined : `hidden: ${address.hide}`,
    ]
      .filter(Boolean)
      .join(' · '),
    legend:
      address.layer === 'critical'
        ? [{ colour: colour('--path'), width: 4, text: 'on the critical path' }]
        : [
            { colour: colour('--quiet'), width: 2.5, text: 'healthy' },
            { colour: colour('--warn'), width: 2.5, text: `≥ ${formatShare(warnFailed)} failed` },
            {
              colour: colour('--bad'),
              width: 4,
              text: `≥ ${formatShare(badFailed)} failed or p99 > ${formatMs(badP99Ms)}`,
            },
          ],
    colours: { ground: colour('--ground'), ink: colour('--ink'), quiet: colour('--ink-2') },
    fonts,
  };
}

/** Reads tokens as the colours they are now, for this element. */
function colours(of: Element): (token: string) => string {
  const probe = document.createElement('span');
  return (token) => {
    probe.style.color = `var(${token})`;
    (of.parentElement ?? document.body).append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };
}

const healthColours: Readonly<Record<Health, string>> = {
  idle: '#c3c9d4',
  ok: '#808a9c',
  warn: '#b86e00',
  bad: '#c9252d',
};

function dotText(graph: Graph): string {
  return toDot(graph, {
    title: `Service map, ${timeText(graph)}`,
    boxes: address.boxes,
    nodeColour: (node) => healthColours[nodeHealth(node, graph.thresholds)],
    edgeColour: (edge) => healthColours[edgeHealth(edge, graph.thresholds)],
    nodeLabel: (node) => [
      node.name,
      node.calls > 0 ? `${formatRate(node.rate)}, ${formatShare(node.successRate)}` : '',
    ],
    edgeLabel: (edge) => {
      const [first] = pillTexts(edge, address.label, graph.thresholds);
      return [formatRate(edge.rate), ...(first === undefined ? [] : [first])];
    },
  });
}
