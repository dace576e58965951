/** Tokens as colours a canvas can paint with, kept in step with theme, contrast and what the system asks for. */

/**
 * The colours of tokens, by name without dashes: `path`, `hue-3`. Call inside a component's initialisation. in: the element
 * that is painted, once it stands in the page. out: a function that reads them; reactive.
 */
export function createColors(element: () => HTMLElement | undefined): (name: string) => string {
  let turn = $state(0);
  let known = new Map<string, string>();

  $effect(() => {
    const again = (): void => {
      known = new Map();
      turn++;
    };
    const queries = ['(prefers-color-scheme: dark)', '(prefers-contrast: more)', '(forced-colors: active)'].map(
      (query) => matchMedia(query),
    );
    for (const query of queries) query.addEventListener('change', again);
    const watcher = new MutationObserver(again);
    watcher.observe(document.documentElement, { attributes: true });
    return () => {
      for (const query of queries) query.removeEventListener('change', again);
      watcher.disconnect();
    };
  });

  return (name) => {
    void turn;
    const host = element();
    if (!host) return '#000';
    let color = known.get(name);
    if (color === undefined) {
      // a token may say light-dark(): only a property that takes a colour tells which of the two it is
      const before = host.style.color;
      host.style.color = `var(--${name})`;
      color = getComputedStyle(host).color;
      host.style.color = before;
      known.set(name, color);
    }
    return color;
  };
}
