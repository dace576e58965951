/** When the oldest span in the store began: before it there is nothing for the strip to show. */
import { api } from '../api.ts';
import { createReader } from '../part/reader.svelte.ts';

/** An empty store may fill at any time; the start of one that is not moves with its retention, slowly. */
const emptyMs = 5_000;
const filledMs = 300_000;

/** Call inside a component's initialisation. out: a reactive read, epoch ms; undefined while not known. */
export function createOldest(): () => number | undefined {
  const status = createReader(
    () => 'oldest',
    () => (signal) => api.status(signal),
    (value) => (value?.store.oldest ? filledMs : emptyMs),
  );
  return () => status.value?.store.oldest ?? undefined;
}
