/** Ready texts for the two boxes: ours, then the ones people know from Kiali. */

export interface Preset {
  readonly text: string;
  readonly detail: string;
}

export const presets: Readonly<Record<'find' | 'hide', readonly Preset[]>> = {
  find: [
    { text: 'failing', detail: 'red: too many calls fail, or too slow' },
    { text: 'slow', detail: 'a percentile over the limit' },
    { text: 'dark', detail: 'sends no spans of its own' },
    { text: 'provisional', detail: 'traces that have not settled' },
    { text: '%httperr > 1', detail: 'HTTP edges that fail more than 1 %' },
    { text: 'rt > 1000', detail: 'p90 over a second' },
    { text: '! healthy', detail: 'something at it is amber or red' },
    { text: 'name = unknown', detail: 'callers nobody names' },
    { text: 'rank <= 2', detail: 'the most called' },
  ],
  hide: [
    { text: 'healthy', detail: 'leaves what is amber or red' },
    { text: 'name = unknown', detail: 'callers nobody names' },
    { text: 'rank > 2', detail: 'leaves the most called' },
    { text: 'idle', detail: 'no calls in this window' },
    { text: 'traffic < 0.1', detail: 'edges that are hardly used' },
    { text: 'external OR database', detail: 'leaves what runs in the mesh' },
  ],
};

/** Ends the ready texts: the help by keys, where the mouse has a button. */
export const helpOption: Preset = { text: 'words and operators…', detail: 'the find language on one page' };
