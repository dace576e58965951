/** Light, dark or the system's choice; remembered in this browser. static/theme.js sets it before the first paint. */

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

function now(): Theme {
  const value = document.documentElement.dataset['theme'];
  return themes.find((theme) => theme === value) ?? 'system';
}

let chosen = $state<Theme>(now());

export const theme = {
  get chosen(): Theme {
    return chosen;
  },
  choose(next: Theme): void {
    chosen = next;
    document.documentElement.dataset['theme'] = next;
    try {
      localStorage.setItem('theme', next);
    } catch {
      // storage may be closed to the page (private mode, an embed): the choice then lasts as long as the page
    }
  },
};
