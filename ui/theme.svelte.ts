/**
 * Light, dark or the system's choice, and high contrast or not; remembered in this browser. static/theme.js sets both
 * before the first paint, from the address first.
 */
import { page } from '$app/state';
import { change } from './address.svelte.ts';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];
export const contrasts = ['system', 'normal', 'high'] as const;
/** system: high when the system asks for more contrast. */
export type Contrast = (typeof contrasts)[number];

const { dataset } = document.documentElement;
const moreAsked = matchMedia('(prefers-contrast: more)');

const readTheme = (): Theme => themes.find((theme) => theme === dataset['theme']) ?? 'system';
const readContrast = (): Contrast => contrasts.find((value) => value === dataset['contrastChosen']) ?? 'system';

let chosen = $state<Theme>(readTheme());
let contrast = $state<Contrast>(readContrast());
let more = $state(moreAsked.matches);

moreAsked.addEventListener('change', ({ matches }) => {
  more = matches;
  showContrast();
});

/** Whether strong lines and plain grounds are drawn now. */
const isHigh = () => contrast === 'high' || (contrast === 'system' && more);

function showContrast(): void {
  dataset['contrast'] = isHigh() ? 'high' : 'normal';
}

function remember(name: string, value: string): void {
  // the address would win at the next load
  if (page.url.searchParams.has(name)) change({ [name]: undefined }, { replace: true });
  try {
    localStorage.setItem(name, value);
  } catch {
    // storage may be closed to the page (private mode, an embed): the choice then lasts as long as the page
  }
}

export const theme = {
  get chosen(): Theme {
    return chosen;
  },
  choose(next: Theme): void {
    chosen = next;
    dataset['theme'] = next;
    remember('theme', next);
  },
  /** The one after this: system, light, dark, system. */
  next(): void {
    theme.choose(themes[(themes.indexOf(chosen) + 1) % themes.length] ?? 'system');
  },
  get contrast(): Contrast {
    return contrast;
  },
  get highContrast(): boolean {
    return isHigh();
  },
  chooseContrast(next: Contrast): void {
    contrast = next;
    dataset['contrastChosen'] = next;
    showContrast();
    remember('contrast', next);
  },
};
