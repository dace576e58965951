/**
 * How well a few typed letters fit a text: every letter in order, better at the starts of words and in runs, best as the
 * start of the text. Pure; made for a few thousand short names a keystroke.
 */

export interface Fit {
  /** Higher is better; only to be compared with others of the same query. */
  readonly score: number;
  /** Indexes of the letters that fit, ascending. */
  readonly at: readonly number[];
}

const separators = /[\s/\-_.:·→]/;

/** How a query fits a text; undefined when it does not. Words of the query (by space) may stand in any order. */
export function fuzzyFit(query: string, text: string): Fit | undefined {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return { score: 0, at: [] };
  const lower = text.toLowerCase();
  let score = 0;
  const at = new Set<number>();
  for (const word of words) {
    const fit = wordFit(word, text, lower);
    if (!fit) return undefined;
    score += fit.score;
    for (const index of fit.at) at.add(index);
  }
  return { score: score - text.length / 200, at: [...at].sort((a, b) => a - b) };
}

function wordFit(word: string, text: string, lower: string): Fit | undefined {
  // whole runs first: "pay" in "payment" beats p-a-y spread over three words
  let run: Fit | undefined;
  for (let start = lower.indexOf(word); start !== -1; start = lower.indexOf(word, start + 1)) {
    const atStart = start === 0 ? 30 : startsWord(text, start) ? 20 : 0;
    const whole = startsWord(text, start) && endsWord(text, start + word.length) ? 10 : 0;
    const score = 40 + 4 * word.length + atStart + whole;
    if (!run || score > run.score) run = { score, at: Array.from(word, (_, i) => start + i) };
  }
  return run ?? scattered(word, text, lower);
}

/** As far as a letter in the middle of a word may stand from the one before it: further, and anything fits anything. */
const mostApart = 4;

/** Letters in order, each at the next start of a word where there is one, else the next place near. */
function scattered(word: string, text: string, lower: string): Fit | undefined {
  const at: number[] = [];
  let from = 0;
  let score = 0;
  for (const letter of word) {
    const next = lower.indexOf(letter, from);
    if (next === -1) return undefined;
    const initial = initialFrom(letter, text, lower, next);
    // what is left of the word must still fit behind an initial that was jumped to
    const place = initial !== -1 && restFits(word.slice(at.length + 1), lower, initial + 1) ? initial : next;
    if (at.length > 0 && !startsWord(text, place) && place - from >= mostApart) return undefined;
    score += startsWord(text, place) ? 8 : place === (at.at(-1) ?? -2) + 1 ? 5 : 1;
    at.push(place);
    from = place + 1;
  }
  return { score, at };
}

function initialFrom(letter: string, text: string, lower: string, from: number): number {
  for (let i = from; i < lower.length; i++) if (lower[i] === letter && startsWord(text, i)) return i;
  return -1;
}

function restFits(rest: string, lower: string, from: number): boolean {
  let next = from;
  for (const letter of rest) {
    next = lower.indexOf(letter, next) + 1;
    if (next === 0) return false;
  }
  return true;
}

const startsWord = (text: string, at: number): boolean => at === 0 || separators.test(text[at - 1] ?? '');
const endsWord = (text: string, at: number): boolean => at === text.length || separators.test(text[at] ?? '');
