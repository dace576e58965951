/**
 * The same graph in Cytoscape.js, as a map of a mesh would be drawn with it: dagre from left to right, width by rate, colour
 * by failures, the p90 on each edge. Its numbers change every second in one batch.
 */
import type { Page } from 'playwright-core';
import type { Graph } from '#shared/api.ts';

export interface CytoscapeMap {
  readonly firstPictureMs: number;
  /** Gives every edge new numbers. */
  change(): Promise<void>;
}

interface Core {
  batch(run: () => void): void;
  edges(): { forEach(run: (edge: { data(values: object): void }, i: number) => void): void };
  one(event: string, run: () => void): void;
  layout(options: object): { run(): void };
}
type WithCytoscape = typeof globalThis & {
  cytoscape: ((options: object) => Core) & { use(extension: unknown): void };
  cytoscapeDagre: unknown;
  map: Core;
};

/** in: files of the library and its layout. */
export async function openCytoscape(
  page: Page,
  graph: Graph,
  files: { readonly library: string; readonly layout: string },
): Promise<CytoscapeMap> {
  await page.goto('about:blank');
  await page.evaluate(() => {
    const room = document.createElement('div');
    room.id = 'map';
    room.style.cssText = 'position:fixed;inset:0';
    document.body.append(room);
  });
  await page.addScriptTag({ path: files.library });
  await page.addScriptTag({ path: files.layout });
  const most = graph.edges.reduce((rate, edge) => Math.max(rate, edge.rate), 1e-9);
  const elements = [
    ...graph.nodes.map(({ id, name }) => ({ data: { id, name } })),
    ...graph.edges.map(({ id, source, target, rate, successRate, latencyMs }) => ({
      data: {
        id,
        source,
        target,
        width: 1.5 + 4.5 * Math.sqrt(rate / most),
        ok: successRate ?? 1,
        label: `${latencyMs.p90 ?? ''} ms`,
      },
    })),
  ];
  const firstPictureMs = await page.evaluate(async (all) => {
    const scope = globalThis as WithCytoscape;
    scope.cytoscape.use(scope.cytoscapeDagre);
    const start = performance.now();
    scope.map = scope.cytoscape({
      container: document.getElementById('map'),
      elements: all,
      style: [
        {
          selector: 'node',
          style: {
            label: 'data(name)',
            shape: 'round-rectangle',
            width: 172,
            height: 50,
            'text-valign': 'center',
            'background-color': '#fff',
            'border-width': 1,
            'font-size': 13,
          },
        },
        {
          selector: 'edge',
          style: {
            width: 'data(width)',
            label: 'data(label)',
            'curve-style': 'bezier',
            'target-arrow-shape': 'triangle',
            'line-color': '#808a9c',
            'font-size': 11,
          },
        },
        { selector: 'edge[ok < 0.99]', style: { 'line-color': '#c9252d', 'target-arrow-color': '#c9252d' } },
      ],
    });
    await new Promise<void>((done) => {
      scope.map.one('layoutstop', done);
      scope.map.layout({ name: 'dagre', rankDir: 'LR', nodeSep: 30, rankSep: 106, animate: false }).run();
    });
    await new Promise<void>((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())));
    return performance.now() - start;
  }, elements);
  return {
    firstPictureMs,
    change: () =>
      page.evaluate(() => {
        const { map } = globalThis as WithCytoscape;
        map.batch(() =>
          map.edges().forEach((edge, i) => {
            edge.data({
              width: 1.5 + ((i * 7 + performance.now()) % 45) / 10,
              label: `${(performance.now() + i) % 90} ms`,
            });
          }),
        );
      }),
  };
}
