/** Frame times of a page while its map is moved by mouse: what requestAnimationFrame sees, and tasks that hold it up. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Page } from 'playwright-core';

export interface Frames {
  readonly count: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly mostMs: number;
  /** Tasks of the page's thread over 100 ms: how many, and the longest. */
  readonly longTasks: number;
  readonly longestTaskMs: number;
}

interface Watch {
  frames: number[];
  tasks: number[];
}
type Watched = typeof globalThis & { watch?: Watch };

/** Begins to watch; once a page. */
export async function watchFrames(page: Page): Promise<void> {
  await page.evaluate(() => {
    const watch: Watch = { frames: [], tasks: [] };
    (globalThis as Watched).watch = watch;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) watch.tasks.push(duration);
    }).observe({ type: 'longtask' });
    let last = performance.now();
    const step = (now: number) => {
      watch.frames.push(now - last);
      last = now;
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  });
}

/** Drags the map in circles, from a free place. */
export async function pan(
  page: Page,
  at: { readonly x: number; readonly y: number },
  seconds: number,
): Promise<Frames> {
  await read(page);
  await page.mouse.move(at.x, at.y);
  await page.mouse.down();
  const end = performance.now() + seconds * 1_000;
  for (let i = 1; performance.now() < end; i++) {
    await page.mouse.move(at.x + 260 * Math.sin(i / 25), at.y + 180 * Math.sin(i / 33));
    await pause(8);
  }
  await page.mouse.up();
  return read(page);
}

/** Zooms in and out by wheel, with rests between as a hand makes them: short ones, and long ones in which the map is drawn anew. */
export async function zoom(
  page: Page,
  at: { readonly x: number; readonly y: number },
  seconds: number,
): Promise<Frames> {
  await page.mouse.move(at.x, at.y);
  await pause(300);
  await read(page);
  const end = performance.now() + seconds * 1_000;
  for (let i = 0; performance.now() < end; i++) {
    await page.mouse.wheel(0, Math.floor(i / 40) % 2 === 0 ? -30 : 30);
    await pause(i % 80 === 79 ? 800 : i % 40 === 39 ? 300 : 12);
  }
  return read(page);
}

/** What has been seen since the last reading. */
export async function read(page: Page): Promise<Frames> {
  const { frames, tasks } = await page.evaluate(() => {
    const { watch } = globalThis as Watched;
    const seen = { frames: watch?.frames.splice(0) ?? [], tasks: watch?.tasks.splice(0) ?? [] };
    return seen;
  });
  const sorted = frames.toSorted((a, b) => a - b);
  const rank = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  const long = tasks.filter((ms) => ms > 100);
  return {
    count: frames.length,
    p50Ms: rank(0.5),
    p95Ms: rank(0.95),
    mostMs: rank(1),
    longTasks: long.length,
    longestTaskMs: Math.max(0, ...long),
  };
}
