/** Paints edges in a thread of its own. in: Ask, one at a time; out: Answer with a finished picture. */
import { createBook, paintEdges, update, type EdgePaint, type Palette, type Paper } from './edges.ts';

export interface Ask {
  readonly changed: readonly EdgePaint[];
  /** All ids from the first to be painted to the last; undefined = as before. */
  readonly order: readonly string[] | undefined;
  readonly palette: Palette;
  readonly paper: Paper;
}

export interface Answer {
  readonly bitmap: ImageBitmap;
  readonly paper: Paper;
  readonly edges: number;
}

const book = createBook();

self.addEventListener('message', ({ data }: MessageEvent<Ask>) => {
  const { changed, order, palette, paper } = data;
  update(book, changed, order);
  const canvas = new OffscreenCanvas(
    Math.max(1, Math.round(paper.width * paper.ratio)),
    Math.max(1, Math.round(paper.height * paper.ratio)),
  );
  const context = canvas.getContext('2d');
  if (context) paintEdges(context, book, palette, paper);
  const bitmap = canvas.transferToImageBitmap();
  const answer: Answer = { bitmap, paper, edges: book.order.length };
  self.postMessage(answer, { transfer: [bitmap] });
});
