/** The critical-path layer in numbers of the drawing: how wide and how violet a share of the end-to-end latency is. */

/** Widths of edges on this layer, px: off the path, the slightest on it, all of it. */
export const pathWidths = { off: 1.25, least: 2, most: 8 } as const;

/** Width of an edge, in quarters of a px so that it rests. in: share of the end-to-end latency, 0 to 1; null = not known. */
export function pathWidth(share: number | null): number {
  if (share === null || share <= 0) return pathWidths.off;
  const width = pathWidths.least + (pathWidths.most - pathWidths.least) * Math.sqrt(Math.min(1, share));
  return Math.round(width * 4) / 4;
}

/** Share from which the violet is at its full. */
const fullFrom = 0.5;

/** Strength of the violet in percent, in steps of five; 0 = off the path. The slightest share can still be seen. */
export function pathStrength(share: number | null): number {
  if (share === null || share <= 0) return 0;
  return Math.round((15 + 85 * Math.sqrt(Math.min(1, share / fullFrom))) / 5) * 5;
}
