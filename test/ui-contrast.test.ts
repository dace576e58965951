/** The tokens of ui/tokens.css: text is legible on every ground it stands on, shapes can be told from theirs, in both themes and in high contrast. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const css = readFileSync(new URL('../ui/tokens.css', import.meta.url), 'utf8');
type Tokens = ReadonlyMap<string, { readonly light: string; readonly dark: string }>;

/** Tokens that a block of the sheet says, by name. in: what stands before its brace. */
function tokensOf(selector: string): Tokens {
  const start = css.indexOf(`${selector} {`);
  assert.notEqual(start, -1, `no block ${selector}`);
  const block = css.slice(start, css.indexOf('}', start));
  return new Map(
    Array.from(block.matchAll(/--([\w-]+): light-dark\((#\w+), (#\w+)\)/g), ([, name = '', light = '', dark = '']) => [
      name,
      { light, dark },
    ]),
  );
}

const tokens = tokensOf(':root');
const strong: Tokens = new Map([...tokens, ...tokensOf(":root[data-contrast='high']")]);

/** WCAG 2.2 relative luminance of #rrggbb. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

function check(pairs: readonly (readonly [front: string, back: string])[], least: number, of: Tokens = tokens): void {
  for (const [front, back] of pairs) {
    for (const theme of ['light', 'dark'] as const) {
      const [a, b] = [of.get(front)?.[theme], of.get(back)?.[theme]];
      assert.ok(a && b, `${front} or ${back} is no token`);
      const ratio = contrast(a, b);
      assert.ok(ratio >= least, `${front} on ${back}, ${theme}: ${ratio.toFixed(2)} < ${least}`);
    }
  }
}

const grounds = ['ground', 'surface', 'sunk'];

test('text is legible on its ground', () => {
  const everywhere = ['ink', 'ink-2', 'accent', 'path', 'bad-ink', 'warn-ink'];
  check(
    everywhere.flatMap((ink) => grounds.map((ground) => [ink, ground] as const)),
    4.5,
  );
  check(
    [
      ['warn-ink', 'warn-ground'],
      ['bad-ink', 'bad-ground'],
      ['ink', 'accent-ground'],
      ['ink-2', 'accent-ground'],
      ['path', 'accent-ground'],
      ['bad-ink', 'accent-ground'],
    ],
    4.5,
  );
});

test('shapes can be told from their ground', () => {
  check(
    ['quiet', 'ring', 'warn', 'bad', 'path', 'accent'].flatMap((ink) =>
      ['ground', 'surface'].map((ground) => [ink, ground] as const),
    ),
    3,
  );
  const squares = [...tokens.keys()].filter((name) => name.startsWith('hue-'));
  assert.equal(squares.length, 16);
  check(
    squares.flatMap((ink) => ['ground', 'surface'].map((ground) => [ink, ground] as const)),
    3,
  );
});

const inks = ['ink', 'ink-2', 'accent', 'path', 'bad-ink', 'warn-ink'];

test('in high contrast text has seven to one, as WCAG AAA asks', () => {
  check(
    inks.flatMap((ink) => grounds.map((ground) => [ink, ground] as const)),
    7,
    strong,
  );
  check(
    [
      ['warn-ink', 'warn-ground'],
      ['bad-ink', 'bad-ground'],
      ['ink', 'accent-ground'],
      ['ink-2', 'accent-ground'],
      ['path', 'accent-ground'],
      ['bad-ink', 'accent-ground'],
      ['warn-ink', 'accent-ground'],
      ['accent', 'accent-ground'],
    ],
    7,
    strong,
  );
});

test('in high contrast lines can be told as well as shapes', () => {
  const shapes = ['quiet', 'ring', 'warn', 'bad', 'path', 'accent', 'line-strong'];
  check(
    shapes.flatMap((ink) => ['ground', 'surface'].map((ground) => [ink, ground] as const)),
    4.5,
    strong,
  );
  check(
    grounds.map((ground) => ['line', ground] as const),
    3,
    strong,
  );
});

test('high contrast stands on plain black and white', () => {
  assert.deepEqual(
    ['ground', 'surface'].map((name) => strong.get(name)),
    Array(2).fill({ light: '#ffffff', dark: '#000000' }),
  );
});
