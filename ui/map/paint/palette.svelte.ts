/** The colours that edges are painted in: the tokens as the theme, the contrast and the system make them now. */
import { createColors } from '../../part/colors.svelte.ts';
import { inks, type Palette } from './edges.ts';

/** Reactive read of the palette. in: an element among whose tokens it is read. Call inside a component. */
export function createPalette(of: () => HTMLElement | undefined): () => Palette | undefined {
  const colour = createColors(of);
  return () => of() && (Object.fromEntries(inks.map((ink) => [ink, colour(ink)])) as Palette);
}
