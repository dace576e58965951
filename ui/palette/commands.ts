/** What the palette can do, in words: each is also somewhere on the page, or is a key. */
import { goto } from '$app/navigation';
import { page } from '$app/state';
import { groupings } from '#shared/graph-ends.ts';
import { address, boxings, change, layers, layouts, windows } from '../address.svelte.ts';
import { current } from '../current.svelte.ts';
import { keptQuery } from '../frame/kept.ts';
import { labelWords } from '../frame/label-words.ts';
import { dialogs } from '../frame/open.svelte.ts';
import { pages } from '../frame/pages.ts';
import { keys, type Key } from '../keys/keys.svelte.ts';
import { labelChoices } from '../labels.ts';
import { copyPicture, kindNames, kinds, save, take } from '../share/take.ts';
import { theme, themes } from '../theme.svelte.ts';

export interface Command {
  readonly text: string;
  readonly key?: Key;
  /** It is so already. */
  readonly on?: boolean;
  readonly run: () => void | Promise<void>;
}

/** Commands for where the page is now; those for the map are missing elsewhere. */
export function commands(): Command[] {
  const onMap = page.route.id === '/';
  return [...(onMap ? mapCommands() : []), ...everywhere()];
}

function mapCommands(): Command[] {
  const set = (changes: Record<string, string | undefined>) => () => change(changes, { replace: true });
  const graph = current.graph;
  return [
    ...windows.map(({ value, text }) => ({
      text: `Show the last ${text}, live`,
      on: !address.interval && address.window === value,
      run: () => change({ window: value, from: undefined, to: undefined }),
    })),
    ...(graph && !address.interval
      ? [{ text: 'Stay at this moment', run: () => change({ from: String(graph.from), to: String(graph.to) }) }]
      : []),
    { text: 'Back to live', key: keys.live, run: () => change({ from: undefined, to: undefined }) },
    ...labelChoices.map((label) => ({
      text: `Label: ${labelWords[label].full}`,
      on: address.label === label,
      run: set({ label }),
    })),
    ...layers.map((layer) => ({
      text: `Layer: ${layer === 'critical' ? 'critical path' : 'health'}`,
      key: keys.critical,
      on: address.layer === layer,
      run: set({ layer }),
    })),
    ...layouts.map((layout) => ({ text: `Layout: ${layout}`, on: address.layout === layout, run: set({ layout }) })),
    ...boxings.map((boxes) => ({
      text: boxes === 'none' ? 'Boxes: none' : `Boxes round each ${boxes}`,
      key: keys.boxes,
      on: address.boxes === boxes,
      run: set({ boxes }),
    })),
    ...groupings.map((group) => ({ text: `One card a ${group}`, on: address.group === group, run: set({ group }) })),
    toggle('Traffic dots', address.dots, 'dots', keys.dots),
    toggle('Idle workloads', address.idle, 'idle'),
    toggle('Health checks', address.probes, 'probes'),
    {
      text: 'Show the whole mesh: no filter, no focus',
      run: () =>
        change({
          focus: undefined,
          hops: undefined,
          direction: undefined,
          cluster: undefined,
          namespace: undefined,
          find: undefined,
          hide: undefined,
        }),
    },
    { text: 'Kiosk: the map alone', key: keys.kiosk, on: address.kiosk, run: keys.kiosk.run },
    { text: 'Share and embed…', key: keys.share, run: keys.share.run },
    { text: 'Copy link to this view', run: () => navigator.clipboard.writeText(location.href) },
    { text: 'Copy picture', run: copyPicture },
    ...kinds.map((kind) => ({
      text: `Export ${kindNames[kind]}`,
      run: async () => save(await take(kind)),
    })),
  ];
}

function toggle(name: string, on: boolean, parameter: string, key?: Key): Command {
  const run = () => change({ [parameter]: on ? undefined : 'on' }, { replace: true });
  return { text: `${name}: ${on ? 'off' : 'on'}`, run, ...(key ? { key } : {}) };
}

function everywhere(): Command[] {
  return [
    ...themes.map((name) => ({
      text: `Theme: ${name}`,
      key: keys.theme,
      on: theme.chosen === name,
      run: () => theme.choose(name),
    })),
    {
      text: theme.highContrast ? 'High contrast: off' : 'High contrast: on',
      run: () => theme.chooseContrast(theme.highContrast ? 'normal' : 'high'),
    },
    { text: 'Keys', key: keys.help, run: () => dialogs.show('keys') },
    ...pages.map(({ href, text }) => ({ text: `Go to ${text}`, run: () => goto(`${href}${keptQuery()}`) })),
  ];
}
