/**
 * Paints the flame view on a canvas: the lanes and the time in view only. A span is a box with its name; what it owns of the
 * critical path is a violet foot, a failed one has a red ground and a mark. Slivers are a pixel each, the weightiest seen.
 */
import { toBar, pathBars } from './bars.ts';
import { hueOf } from '../part/hue.ts';
import { shortOperation } from '../part/names.ts';
import type { Lanes } from './lanes.ts';
import type { Rows, Stretch } from './rows.ts';
import type { TraceSpan } from '#shared/api.ts';

export const laneHeight = 22;
const gap = 2;
const footHeight = 4;
/** Wide enough for a box of its own, and for a name, px. */
const boxed = 2.5;
const named = 26;
/** Of the interface's type at 11 px, px a letter. */
const letter = 6.1;

export interface FlameScene {
  readonly rows: Rows;
  readonly lanes: Lanes;
  readonly shown: Stretch;
  readonly width: number;
  readonly height: number;
  readonly scroll: number;
  readonly leadOnly: boolean;
  /** Rows, -1 for none. */
  readonly selected: number;
  readonly active: number;
  readonly found: ReadonlySet<number>;
  /** The colour of a token. */
  color(name: string): string;
  /** Of the interface. */
  readonly font: string;
}

export function paintFlame(context: CanvasRenderingContext2D, scene: FlameScene): void {
  const { width, height, scroll, lanes } = scene;
  context.clearRect(0, 0, width, height);
  context.font = scene.font;
  context.textBaseline = 'middle';
  const first = Math.max(0, Math.floor(scroll / laneHeight));
  const last = Math.min(lanes.count, Math.ceil((scroll + height) / laneHeight));
  for (let lane = first; lane < last; lane++) paintLane(context, scene, lane);
}

function paintLane(context: CanvasRenderingContext2D, scene: FlameScene, lane: number): void {
  const { rows, lanes, shown, width, leadOnly, color } = scene;
  const top = lane * laneHeight - scene.scroll;
  const perNs = width / (shown.endNs - shown.startNs);
  const end = lanes.from[lane + 1] as number;
  let drawnTo = -1;
  let weight = 0;
  for (let at = firstInView(scene, lane); at < end; at++) {
    const row = lanes.rows[at] as number;
    const start = rows.startNs[row] as number;
    if (start > shown.endNs) break;
    if (leadOnly && rows.leads[row] === 0) continue;
    const left = Math.max(-1, (start - shown.startNs) * perNs);
    const right = Math.min(width + 1, ((rows.endNs[row] as number) - shown.startNs) * perNs);
    if (right - left >= boxed) {
      paintBox(context, scene, row, left, right, top);
      continue;
    }
    const x = Math.floor(left);
    const weighs = rows.failed[row] === 1 ? 3 : (rows.pathNs[row] as number) > 0 ? 2 : 1;
    if (x === drawnTo && weighs <= weight) continue;
    [drawnTo, weight] = [x, weighs];
    context.fillStyle = color(weighs === 3 ? 'bad' : weighs === 2 ? 'path' : 'quiet');
    context.fillRect(x, top, 1, laneHeight - gap);
  }
}

/** Index of the first span of a lane that ends in view: spans of a lane do not overlap, so ends are in order as well. */
function firstInView({ rows, lanes, shown }: FlameScene, lane: number): number {
  let [low, high] = [lanes.from[lane] as number, lanes.from[lane + 1] as number];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows.endNs[lanes.rows[middle] as number] as number) < shown.startNs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function paintBox(
  context: CanvasRenderingContext2D,
  scene: FlameScene,
  row: number,
  left: number,
  right: number,
  top: number,
): void {
  const { rows, shown, width, color } = scene;
  const span = rows.spans[row] as TraceSpan;
  const tall = laneHeight - gap;
  const wide = right - left;
  context.fillStyle = color(span.failed ? 'bad-ground' : scene.found.has(row) ? 'accent-ground' : 'sunk');
  context.fillRect(left, top, wide, tall);
  context.strokeStyle = color(span.failed ? 'bad' : 'line-strong');
  context.lineWidth = 1;
  if (span.async) context.setLineDash([3, 2]);
  context.strokeRect(left + 0.5, top + 0.5, Math.max(1, wide - 1), tall - 1);
  context.setLineDash([]);
  if (wide > 8) {
    context.fillStyle = color(`hue-${hueOf(span.service)}`);
    context.fillRect(left + 1, top + 1, 3, tall - 2);
  }
  context.fillStyle = color('path');
  for (const bar of pathBars(rows, row, false, shown, width))
    context.fillRect(bar.left * width, top + tall - footHeight, Math.max(1, bar.width * width), footHeight);
  if (wide >= named) paintName(context, scene, span, Math.max(left, 0), Math.min(right, width), top);
  if (row === scene.selected || row === scene.active) {
    context.strokeStyle = color('accent');
    context.lineWidth = 2;
    context.strokeRect(left + 1, top + 1, Math.max(1, wide - 2), tall - 2);
  }
}

function paintName(
  context: CanvasRenderingContext2D,
  { color }: FlameScene,
  span: TraceSpan,
  left: number,
  right: number,
  top: number,
): void {
  const mark = span.failed ? '⚠ ' : '';
  const retry = span.retry > 0 ? ` (retry ${span.retry})` : '';
  const text = `${mark}${span.service} ${shortOperation(span.name)}${retry}`;
  const room = Math.floor((right - left - 12) / letter);
  if (room < 3) return;
  context.fillStyle = color('ink');
  context.fillText(text.length <= room ? text : `${text.slice(0, room - 1)}…`, left + 8, top + 9);
}

/** The box of a row in the view, px; undefined when its time is out of view. */
export function boxOf(
  { rows, lanes, shown, width, scroll }: FlameScene,
  row: number,
): { readonly left: number; readonly top: number; readonly width: number } | undefined {
  const bar = toBar({ startNs: rows.startNs[row] as number, endNs: rows.endNs[row] as number }, shown);
  const top = (lanes.laneOf[row] as number) * laneHeight - scroll;
  return bar && { left: bar.left * width, top, width: bar.width * width };
}
