/**
 * Everything that is drawn of a graph in a picture, at the zoom it is drawn for: which edges and cards in which order, which
 * labels, where. Recomputed only where something it is made of has changed.
 */
import type { Graph } from '#shared/api.ts';
import type { LabelChoice } from '../labels.ts';
import { createRuler } from '../part/ellipsis.ts';
import type { Picture } from './arrange.ts';
import { expandName } from './frames.ts';
import { byTrouble, edgeHealth, healths } from './health.ts';
import { toHrefs, type HrefOf } from './href-template.ts';
import { overlaps, placeLabels, type Box } from './place.ts';
import type { Pins } from './pins.ts';
import {
  detailAt,
  dotBox,
  isDark,
  litBy,
  passes,
  seenBox,
  strongBy,
  textBoost,
  toDotNames,
  toPills,
  toWishes,
  type Rulers,
} from './scene.ts';
import {
  keepSame,
  toCardShape,
  toEdgeShape,
  toPillShape,
  type CardShape,
  type EdgeShape,
  type EdgeStyle,
  type Layer,
  type Marks,
  type PillShape,
} from './shapes.ts';
import type { Room, Transform } from './room.ts';

interface SceneryInput {
  readonly graph: () => Graph;
  readonly picture: () => Picture;
  readonly label: () => LabelChoice;
  /** What cards and edges are drawn for, and what labels are placed for. */
  readonly transform: () => Transform;
  readonly labelled: () => Transform;
  readonly room: () => Room;
  readonly heavy: () => boolean;
  readonly layer: () => Layer;
  readonly selectedId: () => string | undefined;
  readonly hovered: () => string | undefined;
  readonly found: () => ReadonlySet<string> | undefined;
  /** Where the tab key enters the map. */
  readonly entry: () => string | undefined;
  readonly hrefOf: HrefOf;
  readonly pins: () => Pins;
  readonly collapsed: () => readonly string[];
}

const fonts = {
  name: '600 13px "Inter Variable"',
  sub: '400 11px "Inter Variable"',
  pill: '600 11px "Inter Variable"',
};

/** Below this scale the icons of dots are specks. */
const leastForIcons = 0.32;

/** in: getters; call inside a component. */
export function createScenery(input: SceneryInput) {
  let fontTurn = $state(0);
  $effect(() => {
    void Promise.all([fonts.name, fonts.sub].map((font) => document.fonts.load(font))).then(() => fontTurn++);
  });
  const rulers = $derived.by<Rulers>(() => {
    void fontTurn;
    return { name: createRuler(fonts.name), sub: createRuler(fonts.sub), pill: createRuler(fonts.pill) };
  });

  const scale = $derived(input.transform().k);
  const boost = $derived(textBoost(scale));
  const detail = $derived(detailAt(scale));
  const limits = $derived(input.graph().thresholds);
  const nodes = $derived(input.graph().nodes.filter(({ id }) => input.picture().nodes.has(id)));
  // the worst are drawn last, on top; among equals the order rests, or every new number would move elements about
  const edges = $derived.by(() => {
    const ranked = input
      .graph()
      .edges.filter(({ id }) => input.picture().edges.has(id))
      .map((edge) => ({ edge, rank: healths.indexOf(edgeHealth(edge, limits)) }));
    return ranked.sort((a, b) => a.rank - b.rank || (a.edge.id < b.edge.id ? -1 : 1)).map(({ edge }) => edge);
  });
  const worstFirst = $derived([...input.graph().edges].sort(byTrouble(limits)));
  const outRates = $derived.by(() => {
    const rates = new Map<string, number>();
    for (const { source, rate } of input.graph().edges) rates.set(source, (rates.get(source) ?? 0) + rate);
    return rates;
  });
  const darkNodes = $derived.by(() => {
    const inbound = Map.groupBy(input.graph().edges, ({ target }) => target);
    return new Set(
      input
        .graph()
        .nodes.filter((node) => isDark(node, inbound.get(node.id) ?? []))
        .map(({ id }) => id),
    );
  });
  // of a heavy map only what can be seen is drawn whole and labelled; the rest is when the map has come to rest there
  const nearOf = (transform: Transform) => {
    if (!input.heavy()) return () => true;
    const box = seenBox(transform, input.room());
    const { nodes: cards, edges: lines } = input.picture();
    const near = new Set([
      ...[...cards].filter(([, card]) => overlaps(card, box)).map(([id]) => id),
      ...[...lines].filter(([, line]) => passes(line, box)).map(([id]) => id),
    ]);
    return (id: string) => near.has(id);
  };
  const isNear = $derived(nearOf(input.transform()));
  const isLabelled = $derived(input.labelled() === input.transform() ? isNear : nearOf(input.labelled()));
  const labelScale = $derived(input.labelled().k);
  const labelBoost = $derived(textBoost(labelScale));
  const labelDetail = $derived(detailAt(labelScale));
  const labelled = $derived(edges.filter(({ id }) => isLabelled(id)));
  // from afar only what is wrong speaks
  const pills = $derived(
    toPills(labelled, labelDetail === 'dot' ? 'none' : input.label(), labelBoost, rulers.pill, limits),
  );
  const dotNames = $derived(
    labelDetail === 'dot'
      ? toDotNames(
          nodes.filter(({ id }) => isLabelled(id)),
          input.picture(),
          0.9 / labelBoost,
          rulers.sub,
          limits,
        )
      : undefined,
  );
  const places = $derived(
    placeLabels(toWishes(pills, labelled, input.picture()), [
      ...boxLabels(input.picture(), labelBoost),
      ...nodes.flatMap(({ id }) => {
        const box = input.picture().nodes.get(id);
        const name = dotNames?.get(id);
        return !box ? [] : labelDetail === 'card' ? [box] : name ? [dotBox(box), name.box] : [dotBox(box)];
      }),
    ]),
  );
  const labelBoxes = $derived(
    new Map(
      pills.flatMap(({ id, sizes }) => {
        const place = places.get(id);
        const size = place && sizes[place.size];
        return size ? [[id, { ...size, x: place.x - size.width / 2, y: place.y - size.height / 2 }] as const] : [];
      }),
    ),
  );
  const maxRate = $derived(input.graph().edges.reduce((most, { rate }) => Math.max(most, rate), 0));
  const nameOf = $derived(new Map(input.graph().nodes.map(({ id, name }) => [id, name])));
  const thicker = $derived(Math.round(Math.min(2.6, Math.max(1, 0.75 / scale)) * 10) / 10);

  const around = $derived.by(() => {
    const hovered = input.hovered();
    return hovered === undefined ? undefined : litBy(hovered, input.graph().edges);
  });
  // of a heavy map the few around light up, instead of thousands that step back
  const lit = $derived(input.heavy() ? around : around && new Set([input.hovered() ?? '']));
  const strong = $derived.by(() => {
    const found = input.found();
    return (input.heavy() ? undefined : around) ?? (found && strongBy(found, input.graph().edges));
  });
  /** Addresses change with the page's own, not with every new number. */
  const hrefs = $derived(toHrefs(input.hrefOf));
  const marks = $derived<Marks>({
    selectedId: input.selectedId(),
    lit,
    found: input.found(),
    strong,
    entry: input.entry(),
    hrefOf: hrefs,
  });
  const style = $derived<EdgeStyle>({
    thresholds: limits,
    layer: input.layer(),
    maxRate,
    crowd: input.heavy(),
    thicker,
    detail,
    nameOf,
  });

  let lastEdges: ReadonlyMap<string, EdgeShape> = new Map();
  const edgeShapes = $derived.by(() => {
    const boxes = input.picture().nodes;
    const now = edges.flatMap((edge) => {
      const line = input.picture().edges.get(edge.id);
      const ends = {
        from: boxes.get(edge.source),
        to: boxes.get(edge.target),
        label: input.heavy() ? undefined : labelBoxes.get(edge.id),
        near: isNear(edge.id),
        before: lastEdges.get(edge.id),
      };
      return line ? [toEdgeShape(edge, line, ends, style, marks)] : [];
    });
    lastEdges = keepSame(lastEdges, now);
    return [...lastEdges.values()];
  });
  let lastCards: ReadonlyMap<string, CardShape> = new Map();
  const cardShapes = $derived.by(() => {
    const now = nodes.flatMap((node) => {
      const box = input.picture().nodes.get(node.id);
      const facts = {
        dark: darkNodes.has(node.id),
        pinned: input.pins().has(node.id),
        expand: input.collapsed().includes(node.id) ? expandName(node) : '',
        dot: detail === 'dot' || !isNear(node.id),
        outRate: outRates.get(node.id) ?? 0,
      };
      return box ? [toCardShape(node, box, facts, style, marks)] : [];
    });
    lastCards = keepSame(lastCards, now);
    return [...lastCards.values()];
  });
  let lastPills: ReadonlyMap<string, PillShape> = new Map();
  const pillShapes = $derived.by(() => {
    const now = pills.flatMap((pill) => {
      const place = places.get(pill.id);
      return place ? [toPillShape(pill, place, strong !== undefined && !strong.has(pill.id))] : [];
    });
    lastPills = keepSame(lastPills, now);
    return [...lastPills.values()];
  });

  return {
    get rulers() {
      return rulers;
    },
    get boost() {
      return boost;
    },
    /** What labels are blown up by. */
    get labelBoost() {
      return labelBoost;
    },
    /** Whether the icon of a workload is in view and large enough to be told apart. */
    hasIcon(id: string): boolean {
      return (detail === 'card' || scale > leastForIcons) && isNear(id);
    },
    get nodes() {
      return nodes;
    },
    get edgeShapes() {
      return edgeShapes;
    },
    get cardShapes() {
      return cardShapes;
    },
    get pillShapes() {
      return pillShapes;
    },
    /** All edges by their trouble. */
    get worstFirst() {
      return worstFirst;
    },
    get outRates() {
      return outRates;
    },
    get labelBoxes(): ReadonlyMap<string, Box> {
      return labelBoxes;
    },
    get dotNames() {
      return dotNames;
    },
    get maxRate() {
      return maxRate;
    },
  };
}

export type Scenery = ReturnType<typeof createScenery>;

/** Where the labels of boxes stand. */
function boxLabels({ boxes }: Picture, boost: number): Box[] {
  return [...boxes.values()].map(({ x, y, label }) => ({
    x,
    y,
    width: (36 + label.length * 6.6) * boost,
    height: 26 * boost,
  }));
}
