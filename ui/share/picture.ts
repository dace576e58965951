/** A standalone SVG as PNG: drawn by the browser on a canvas, twice as fine as the screen's pixels where that is possible. */
import type { Standalone } from './svg.ts';

/** Browsers refuse larger canvases. */
const mostSide = 16_000;
const mostPixels = 120e6;

/** errors: Error in words when the browser cannot draw it. */
export async function toPng({ text, width, height }: Standalone): Promise<Blob> {
  const scale = Math.min(2, mostSide / width, mostSide / height, Math.sqrt(mostPixels / (width * height)));
  const url = URL.createObjectURL(new Blob([text], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/png'));
    if (!blob) throw new Error('The browser cannot make a picture of this size.');
    return blob;
  } finally {
    URL.revokeObjectURL(url);
  }
}

let fonts: Promise<string> | undefined;

/** The page's Latin text font as `@font-face` with its data: a picture cannot reach the page's files. '' when unknown. */
export function fontRules(): Promise<string> {
  fonts ??= readFonts().catch(() => '');
  return fonts;
}

async function readFonts(): Promise<string> {
  for (const sheet of document.styleSheets) {
    for (const rule of sheet.cssRules) {
      if (!(rule instanceof CSSFontFaceRule)) continue;
      const family = rule.style.getPropertyValue('font-family');
      const isLatin = /U\+0(0{3})?-(0{2})?FF/i.test(rule.style.getPropertyValue('unicode-range'));
      const [, path] = /url\("?([^")]+)"?\)/.exec(rule.style.getPropertyValue('src')) ?? [];
      if (!family.includes('Inter') || !isLatin || path === undefined) continue;
      const answer = await fetch(new URL(path, sheet.href ?? location.href));
      const data = await dataUrl(await answer.blob());
      return `@font-face{font-family:Inter;font-weight:100 900;src:url(${data}) format("woff2")}`;
    }
  }
  return '';
}

function dataUrl(blob: Blob): Promise<string> {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.addEventListener('load', () => done(String(reader.result)));
    reader.addEventListener('error', () => failed(new Error('The font cannot be read.')));
    reader.readAsDataURL(blob);
  });
}
