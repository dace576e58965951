/**
 * Which profile the address asks for, and the reads of it: the entries of the time, the profile of one of them. Without an
 * entry in the address the one with most time is chosen. The last answer stays while the next is under way.
 */
import type { Entries, Profile, ProfileBand } from '#shared/api.ts';
import { address, timeParams } from '../address.svelte.ts';
import { api, type ApiError } from '../api.ts';
import { createReader } from '../part/reader.svelte.ts';
import { allEntries, bandChoices } from './words.ts';

export interface AskedProfile {
  readonly entries: Entries['entries'] | undefined;
  /** "service|operation"; '' = all entries; undefined: not known yet, or there is none. */
  readonly entry: string | undefined;
  readonly band: ProfileBand;
  readonly version: string;
  /** Query line that the traces match; '' = all of them. */
  readonly line: string;
  /** Which traces, their time apart: parameters of the API. */
  readonly cohort: Readonly<Record<string, string>> | undefined;
  readonly profile: Profile | undefined;
  /** The profile is of another question than the address asks. */
  readonly changing: boolean;
  readonly pending: boolean;
  readonly error: ApiError | undefined;
  readonly again: () => void;
}

/** Call inside a component's initialisation. in: how often to read anew once there is something, ms. */
export function createAskedProfile(everyMs: () => number | undefined = () => undefined): AskedProfile {
  const timeKey = $derived(JSON.stringify(timeParams()));
  // the same object for as long as the address says the same: whatever else changes in it reads nothing anew
  const time = $derived(JSON.parse(timeKey) as Record<string, string>);
  const given = $derived(address.get('entry'));
  const entries = createReader(
    () => timeKey,
    () => {
      const asked = time;
      return (signal) => api.entries(asked, signal);
    },
    // a page that has nothing to show fills by itself once traces settle
    (answer) => (answer?.entries.length === 0 ? 3_000 : everyMs()),
  );
  const entry = $derived(given === allEntries ? '' : given || entries.value?.entries[0]?.id);
  const band = $derived(bandChoices.find(({ value }) => value === address.get('band'))?.value ?? 'all');
  const version = $derived(address.get('version'));
  const line = $derived(address.get('q').trim());
  const cohortKey = $derived(
    entry === undefined
      ? undefined
      : JSON.stringify({
          entry,
          band,
          version,
          ...(line !== '' && { q: line }),
          ...(address.probes && { probes: 'true' }),
        }),
  );
  const cohort = $derived(cohortKey === undefined ? undefined : (JSON.parse(cohortKey) as Record<string, string>));
  const key = $derived(JSON.stringify([cohort, time]));
  const reader = createReader(
    () => key,
    () => {
      if (!cohort) return undefined;
      const [asked, askedKey] = [{ ...cohort, ...time }, key];
      return async (signal) => ({ profile: await api.profile(asked, signal), key: askedKey });
    },
    (answer) => (answer?.profile.traces === 0 ? 3_000 : everyMs()),
  );
  let shown = $state.raw<{ readonly profile: Profile; readonly key: string }>();
  $effect(() => {
    if (reader.value) shown = reader.value;
  });
  return {
    get entries() {
      return entries.value?.entries;
    },
    get entry() {
      return entry;
    },
    get band() {
      return band;
    },
    get version() {
      return version;
    },
    get line() {
      return line;
    },
    get cohort() {
      return cohort;
    },
    get profile() {
      return shown?.profile;
    },
    get changing() {
      return shown !== undefined && shown.key !== key;
    },
    get pending() {
      return reader.pending || entries.pending;
    },
    get error() {
      return reader.error ?? entries.error;
    },
    again() {
      entries.again();
      reader.again();
    },
  };
}
