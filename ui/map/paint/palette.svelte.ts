/** The colours that edges are painted in: the tokens as the theme, the contrast and the system make them now. */
import { inks, type Palette } from './edges.ts';

/** Reactive read of the palette. in: an element among whose tokens it is read. Call inside a component. */
export function createPalette(of: () => Element | undefined): () => Palette | undefined {
  let turn = $state(0);
  $effect(() => {
    const again = () => void turn++;
    const observer = new MutationObserver(again);
    observer.observe(document.documentElement, { attributes: true });
    const queries = ['(prefers-color-scheme: dark)', '(prefers-contrast: more)', '(forced-colors: active)'].map(
      (text) => matchMedia(text),
    );
    for (const query of queries) query.addEventListener('change', again);
    return () => {
      observer.disconnect();
      for (const query of queries) query.removeEventListener('change', again);
    };
  });
  return () => {
    void turn;
    const element = of();
    return element && readPalette(element);
  };
}

function readPalette(element: Element): Palette {
  const probe = document.createElement('span');
  element.append(probe);
  const colours = inks.map((ink) => {
    probe.style.color = `var(--${ink})`;
    return [ink, getComputedStyle(probe).color] as const;
  });
  probe.remove();
  return Object.fromEntries(colours) as Palette;
}
