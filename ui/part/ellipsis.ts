/**
 * Cuts text to a width in its middle: service names differ at both ends (`istio-…gateway`, `reviews-…-v2`), so the middle
 * is what can be spared. Measuring is an argument: the page gives a canvas, a test a ruler of its own.
 */

export type Measure = (text: string) => number;

/** The text itself when it fits, else its start and end around `…`; `…` alone when nothing fits. */
export function middleEllipsis(text: string, width: number, measure: Measure): string {
  if (measure(text) <= width) return text;
  const letters = [...text];
  let least = 0;
  let most = letters.length - 1;
  while (least < most) {
    const keep = Math.ceil((least + most) / 2);
    if (measure(cut(letters, keep)) <= width) least = keep;
    else most = keep - 1;
  }
  return cut(letters, least);
}

/** The first and last letters, `keep` of them together, the odd one at the start. */
function cut(letters: readonly string[], keep: number): string {
  const head = Math.ceil(keep / 2);
  const tail = keep - head;
  return `${letters.slice(0, head).join('')}…${tail > 0 ? letters.slice(-tail).join('') : ''}`;
}

/** Width in px of text in a CSS font, measured on a canvas and remembered (bounded). in: `600 13px Inter Variable`. */
export function createRuler(font: string): Measure {
  const context = document.createElement('canvas').getContext('2d');
  if (!context) return (text) => text.length * 7.5;
  context.font = font;
  const known = new Map<string, number>();
  return (text) => {
    let width = known.get(text);
    if (width === undefined) {
      width = context.measureText(text).width;
      if (known.size > 5_000) known.clear();
      known.set(text, width);
    }
    return width;
  };
}
