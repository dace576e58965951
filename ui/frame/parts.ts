/** What stands in the bar over the map, and in which order it folds into the filters when there is no room. */
import type { Component } from 'svelte';
import { address } from '../address.svelte.ts';
import FindHide from '../filter/FindHide.svelte';
import LayerChoice from '../filter/LayerChoice.svelte';
import ScopeChoices from '../filter/ScopeChoices.svelte';
import ShowMenu from '../filter/ShowMenu.svelte';
import TimeChoice from '../time/TimeChoice.svelte';
import LabelChoice from './LabelChoice.svelte';

export const parts = {
  scope: ScopeChoices,
  find: FindHide,
  show: ShowMenu,
  label: LabelChoice,
  layer: LayerChoice,
  time: TimeChoice,
} satisfies Readonly<Record<string, Component>>;

/** First to fold first; the name is only the word beside the sign, the words are those on buttons. */
export const folding = ['show', 'layer', 'label', 'scope', 'name', 'find', 'words'] as const;
export type Folding = (typeof folding)[number];

export const partNames: Readonly<Record<Exclude<Folding, 'name' | 'words'>, string>> = {
  scope: 'Scope',
  find: 'Find and hide',
  show: 'Show',
  label: 'Label of edges',
  layer: 'Layer',
};

/** How many of the things that were folded away change what the map shows. */
export function countSet(names: readonly Folding[]): number {
  const { clusters, namespaces, find, hide, boxes, layout, group, dots, idle, probes, label, layer } = address;
  const set: Readonly<Record<Exclude<Folding, 'name' | 'words'>, boolean>> = {
    scope: clusters.length + namespaces.length > 0,
    find: find !== '' || hide !== '',
    show: boxes !== 'none' || layout !== 'layered' || group !== 'service' || dots || idle || probes,
    label: label !== 'p90',
    layer: layer !== 'health',
  };
  return names.filter((name) => name !== 'name' && name !== 'words' && set[name]).length;
}
