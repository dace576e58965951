/**
 * Movement while W, A, S and D are held: a step at once, then on and on, faster the longer, and a soft stop. Told apart by
 * where the keys lie, so that other keyboards have them in the same place.
 */

export type Way = 'in' | 'out' | 'left' | 'right';

const ways: Readonly<Record<string, Way>> = { KeyW: 'in', KeyS: 'out', KeyA: 'left', KeyD: 'right' };

/** in: `code` of a keyboard event. */
export function wayOf(code: string): Way | undefined {
  return ways[code];
}

/** The first step: a part of the view's width to pan, a change of scale (as its logarithm) to zoom. */
const step = { zoom: 0.18, pan: 0.07 };
/** A second while held, and how much more each second after that. */
const speed = { zoom: 1.6, pan: 0.9 };
const faster = 1.5;
const mostTimes = 4;
/** What is left to do is done by this part of it a millisecond. */
const softness = 1 / 70;

/** Carries movement out frame by frame. in: zoom as a factor (< 1 = in), pan as a part of the view. */
export function createGlide(move: (zoom: number, pan: number) => void) {
  const held = new Map<Way, number>();
  let [zoom, pan] = [0, 0];
  let frame = 0;
  let last = 0;

  function add(way: Way, size: { zoom: number; pan: number }, times: number): void {
    if (way === 'in') zoom -= size.zoom * times;
    else if (way === 'out') zoom += size.zoom * times;
    else pan += (way === 'left' ? -size.pan : size.pan) * times;
  }

  function run(now: number): void {
    const ms = Math.min(50, now - last);
    last = now;
    for (const [way, since] of held) {
      const seconds = (now - since) / 1_000;
      if (seconds > 0.15) add(way, speed, (ms / 1_000) * Math.min(mostTimes, 1 + faster * seconds));
    }
    const part = 1 - Math.exp(-ms * softness);
    const done = { zoom: zoom * part, pan: pan * part };
    zoom -= done.zoom;
    pan -= done.pan;
    if (done.zoom !== 0 || done.pan !== 0) move(Math.exp(done.zoom), done.pan);
    const rests = held.size === 0 && Math.abs(zoom) < 0.002 && Math.abs(pan) < 0.001;
    frame = rests ? 0 : requestAnimationFrame(run);
    if (rests) [zoom, pan] = [0, 0];
  }

  return {
    press(way: Way): void {
      if (held.has(way)) return;
      if (matchMedia('(prefers-reduced-motion: reduce)').matches) {
        add(way, step, 2);
        move(Math.exp(zoom), pan);
        [zoom, pan] = [0, 0];
        return;
      }
      held.set(way, performance.now());
      add(way, step, 1);
      if (frame !== 0) return;
      last = performance.now();
      frame = requestAnimationFrame(run);
    },
    /** undefined: all of them. */
    release(way?: Way): void {
      if (way === undefined) held.clear();
      else held.delete(way);
    },
    stop(): void {
      held.clear();
      cancelAnimationFrame(frame);
      frame = 0;
    },
  };
}
