/**
 * Going through the past: which stretch is shown while it is scrubbed or played, the range of the strip, and the address
 * that follows. A travel ends by settling (the address names the stretch) or by going live; whoever else changes the
 * address meanwhile ends it too.
 */
import { untrack } from 'svelte';
import { durationText, parseDuration, stepFor } from '#shared/time.ts';
import { address, change } from '../address.svelte.ts';
import { createFrames } from './frames.svelte.ts';
import { historyFor, historyOf, reachFor, speedsFor } from './history.ts';
import { createOldest } from './oldest.svelte.ts';
import { toPlayOptions } from './player.ts';
import { firstOf, lengthOf, moved, outward, rangeFor, toSteps, type Stretch } from './stretch.ts';

/** The steps that /api/frames cuts a history into, at most. */
const maxSteps = 180;
/** The address is written at most this often while it moves. */
const writeEveryMs = 400;
/** A travel by single keys settles when no further one comes. */
const settleAfterMs = 500;

export interface TravelOptions {
  /** Parameters of the map asked for. */
  readonly params: () => Readonly<Record<string, string>>;
  readonly window: () => string;
  /** What the address shows: a past stretch, or undefined for live. */
  readonly interval: () => Stretch | undefined;
  /** The end of the last live map; undefined before the first. */
  readonly liveTo: () => number | undefined;
  /** The present by the collector's clock, epoch ms. */
  readonly nowMs: () => number;
}

const keyOf = (stretch: Stretch | undefined): string => (stretch ? `${stretch.from}-${stretch.to}` : 'live');

/** Call inside a component's initialisation. */
export function createTravel({ params, window, interval, liveTo, nowMs }: TravelOptions) {
  const frames = createFrames();
  const oldest = createOldest();
  let at = $state.raw<Stretch>();
  let held = $state.raw<Stretch>();
  let playing = $state(false);
  let pace = $state(2);
  const openedMs = Date.now();

  const windowMs = $derived(parseDuration(window()));
  const past = $derived(at ?? interval());
  const shownMs = $derived(Math.max(windowMs, past ? lengthOf(past) : 0));
  const history = $derived(historyOf(address.get('history'), window(), shownMs));
  const ageMs = $derived.by(() => {
    const since = oldest();
    return since === undefined ? undefined : (liveTo() ?? openedMs) - Math.min(since, past?.from ?? since);
  });
  const historyMs = $derived(reachFor(parseDuration(history), ageMs, shownMs));
  const speeds = $derived(speedsFor(historyMs));
  const speed = $derived(speeds[pace] ?? 1);
  const liveRange = $derived.by((): Stretch => {
    const to = liveTo() ?? openedMs;
    return { from: to - historyMs, to };
  });
  const range = $derived(held ?? liveRange);
  /** Until frames say how they are cut: as finely as makes sense for the length. */
  const stepMs = $derived(frames.steps?.stepMs ?? stepFor(historyMs, maxSteps));
  const stretch = $derived(past ?? { from: range.to - windowMs, to: range.to });
  const moving = $derived(at !== undefined);

  // the range stands still while the past is looked at, so nothing slips away under the hand
  $effect.pre(() => {
    const before = untrack(() => held);
    held = past && rangeFor(past, before, historyMs, untrack(nowMs));
  });

  const framesQuery = $derived.by(() => {
    const { probes, entry, band } = params();
    return {
      from: String(range.from),
      to: String(range.to),
      ...(probes ? { probes } : {}),
      ...(entry ? { entry } : {}),
      ...(band ? { band } : {}),
    };
  });

  $effect(() => {
    const query = framesQuery;
    if (moving) untrack(() => frames.load(query));
    else if (interval() === undefined) untrack(frames.drop);
  });

  // the map of each moment of the travel is asked for as it comes; of those that come too fast only the last
  $effect(() => {
    if (!at || !frames.steps) return;
    const moment = { key: momentKey(at, params()), stretch: at, options: toPlayOptions(params()) };
    untrack(() => frames.show(moment));
  });

  $effect(() => {
    if (frames.problem && playing) untrack(settle);
  });

  // --- the address -------------------------------------------------------------------------------------------------

  /** Stretches written whose turn in the address has not come yet. */
  let written: string[] = [];
  let seen = untrack(() => keyOf(interval()));
  let pushed = false;
  let settling = false;
  let lastWrite = 0;
  let writeTimer: ReturnType<typeof setTimeout> | undefined;
  let settleTimer: ReturnType<typeof setTimeout> | undefined;

  $effect(() => {
    const key = keyOf(interval());
    untrack(() => {
      if (key === seen) return;
      seen = key;
      const turn = written.indexOf(key);
      // not before: one that is overtaken by the next makes no entry
      pushed = turn >= 0;
      written = turn < 0 ? [] : written.slice(turn + 1);
      if (turn < 0 || (settling && written.length === 0)) arrive();
    });
  });

  $effect(() => () => {
    clearTimeout(writeTimer);
    clearTimeout(settleTimer);
  });

  /** The first step of a travel makes an entry in the history, so "back" leads to where it began; the others replace it. */
  function write(to: Stretch | undefined, more: Record<string, string | undefined> = {}): void {
    clearTimeout(writeTimer);
    lastWrite = performance.now();
    const key = keyOf(to);
    const stays = key === (written.at(-1) ?? seen);
    if (stays && Object.keys(more).length === 0) return;
    if (!stays) written.push(key);
    change({ from: to && String(to.from), to: to && String(to.to), ...more }, { replace: pushed });
  }

  function follow(): void {
    clearTimeout(writeTimer);
    const wait = Math.max(0, lastWrite + writeEveryMs - performance.now());
    writeTimer = setTimeout(() => at && write(at), wait);
  }

  /** The travel is over: what the address names is shown. */
  function arrive(): void {
    clearTimeout(writeTimer);
    clearTimeout(settleTimer);
    at = undefined;
    playing = pushed = settling = false;
  }

  // --- moves -------------------------------------------------------------------------------------------------------

  function scrub(to: Stretch): void {
    clearTimeout(settleTimer);
    settling = false;
    held ??= range;
    at = to;
    follow();
  }

  /** Whether the range reaches to the present, or did a moment ago. */
  const endsNow = (): boolean => nowMs() - range.to < historyMs / 20;

  /** Ends the travel where it is: at the range's very end, which is now, that is live again. */
  function settle(): void {
    clearTimeout(settleTimer);
    playing = false;
    if (!at) return;
    if (at.to >= range.to && endsNow()) {
      const length = lengthOf(at);
      const same = Math.abs(length - windowMs) < stepMs;
      goLive(same ? undefined : durationText(Math.max(1, Math.round(length / stepMs)) * stepMs));
      return;
    }
    settling = true;
    write(outward(at, 10_000));
    if (written.length === 0) arrive();
  }

  function settleSoon(): void {
    clearTimeout(settleTimer);
    settleTimer = setTimeout(settle, settleAfterMs);
  }

  function goLive(newWindow?: string): void {
    playing = false;
    settling = true;
    // the strip stays as it is when a hand has made the window longer or shorter
    const kept = newWindow === undefined || history === historyFor(newWindow) ? undefined : history;
    write(undefined, newWindow === undefined ? {} : { window: newWindow, history: kept });
    if (written.length === 0) arrive();
  }

  function play(): void {
    clearTimeout(settleTimer);
    const atEnd = stretch.to >= range.to - stepMs / 2;
    scrub(atEnd ? firstOf(range, windowMs, stepMs) : toSteps(stretch, stepMs));
    playing = true;
  }

  function pause(): void {
    if (playing) settle();
  }

  /** Steps of the frames to go by; negative: back. Pauses. */
  function stepBy(count: number): void {
    playing = false;
    const length = Math.max(stepMs, Math.round(lengthOf(stretch) / stepMs) * stepMs);
    // a live window ends within a step: the first step back goes to that step's start
    const to = (count < 0 ? Math.ceil(stretch.to / stepMs) : Math.floor(stretch.to / stepMs)) * stepMs + count * stepMs;
    scrub(moved({ from: to - length, to }, 0, range));
    settleSoon();
  }

  function advance(steps: number): void {
    if (!at) return;
    const whole = toSteps(at, stepMs);
    const to = { from: whole.from + steps * stepMs, to: whole.to + steps * stepMs };
    if (to.to <= range.to) scrub(to);
    else if (endsNow()) goLive();
    else {
      held = rangeFor(to, undefined, historyMs, nowMs());
      scrub(to);
    }
  }

  // plays as long as each moment asked for has come: a slow machine plays slower, never further behind
  $effect(() => {
    if (!playing || !frames.steps) return;
    let last = performance.now();
    let owedMs = 0;
    let handle = requestAnimationFrame(function tick(now) {
      handle = requestAnimationFrame(tick);
      owedMs += Math.min(now - last, 250) * speed;
      last = now;
      const steps = Math.floor(owedMs / stepMs);
      if (steps < 1) return;
      if (at && frames.shown?.key !== momentKey(at, params())) {
        owedMs = stepMs;
        return;
      }
      owedMs -= steps * stepMs;
      advance(steps);
    });
    return () => cancelAnimationFrame(handle);
  });

  return {
    /** The stretch shown, asked for or under way; live: the window that ends now. */
    get stretch(): Stretch {
      return stretch;
    },
    /** The stretch being scrubbed or played; undefined at rest. */
    get at(): Stretch | undefined {
      return at;
    },
    /** What the strip spans. */
    get range(): Stretch {
      return range;
    },
    /** The history asked for, as the address writes it. */
    get history(): string {
      return history;
    },
    /** What of it the strip spans, as the API writes it: less where the store is younger. */
    get reach(): string {
      return durationText(historyMs);
    },
    get stepMs(): number {
      return stepMs;
    },
    get live(): boolean {
      return at === undefined && interval() === undefined;
    },
    get playing(): boolean {
      return playing;
    },
    get frames() {
      return frames;
    },
    get speeds(): readonly number[] {
      return speeds;
    },
    /** Times real time. */
    get speed(): number {
      return speed;
    },
    set speed(value: number) {
      pace = Math.max(0, speeds.indexOf(value));
    },
    scrub,
    settle,
    settleSoon,
    play,
    pause,
    toggle: () => (playing ? pause() : play()),
    stepBy,
    goLive,
  };
}

export type Travel = ReturnType<typeof createTravel>;

/** Names what the map of a past stretch is of. */
export function momentKey(stretch: Stretch, params: Readonly<Record<string, string>>): string {
  return JSON.stringify({ ...toTime(stretch), ...params });
}

/** A stretch as parameters of the API. */
export function toTime({ from, to }: Stretch): { from: string; to: string } {
  return { from: String(from), to: String(to) };
}
