/** The pure parts of the frame: keys as written, fuzzy search, links and embeds, how an embed keeps up. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ageText, parseRefresh, productHref } from '../ui/embed/refresh.ts';
import { keyParts, matchesKey, type Pressed } from '../ui/keys/match.ts';
import { markedParts, toEntries } from '../ui/palette/entries.ts';
import { fuzzyFit } from '../ui/palette/fuzzy.ts';
import type { Thing } from '../ui/palette/things.ts';
import { embedLink, fileName, frameHtml, frameSources, viewLink } from '../ui/share/links.ts';

const press = (key: string, more: Partial<Pressed> = {}): Pressed => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...more,
});

describe('keys', () => {
  test('a key is itself and no chord of itself', () => {
    assert.ok(matchesKey('b', press('b')));
    assert.ok(!matchesKey('b', press('b', { ctrlKey: true })));
    assert.ok(!matchesKey('b', press('b', { altKey: true })));
    assert.ok(!matchesKey('b', press('B', { shiftKey: true })));
  });
  test('Control and Command are the same chord', () => {
    assert.ok(matchesKey('Ctrl+K', press('k', { ctrlKey: true })));
    assert.ok(matchesKey('Ctrl+K', press('k', { metaKey: true })));
    assert.ok(!matchesKey('Ctrl+K', press('k')));
  });
  test('a sign counts as it is printed, however it is typed', () => {
    assert.ok(matchesKey('?', press('?', { shiftKey: true })));
    assert.ok(matchesKey('?', press('?')));
    assert.ok(matchesKey('+', press('+', { shiftKey: true })));
    assert.ok(matchesKey('Space', press(' ')));
    assert.ok(matchesKey('←', press('ArrowLeft')));
    assert.ok(!matchesKey('Shift+Enter', press('Enter')));
  });
  test('caps are drawn for the machine at hand', () => {
    assert.deepEqual(keyParts('Ctrl+K', false), ['Ctrl', 'K']);
    assert.deepEqual(keyParts('Ctrl+K', true), ['⌘', 'K']);
    assert.deepEqual(keyParts('+', true), ['+']);
  });
});

describe('the palette', () => {
  const best = (query: string, texts: readonly string[]) =>
    texts
      .map((text) => ({ text, score: fuzzyFit(query, text)?.score ?? -1 }))
      .filter(({ score }) => score >= 0)
      .sort((a, b) => b.score - a.score)
      .map(({ text }) => text);

  test('letters fit in order or not at all', () => {
    assert.ok(fuzzyFit('pmt', 'payment'));
    assert.equal(fuzzyFit('tmp', 'payment'), undefined);
    assert.equal(fuzzyFit('pay', 'Label: p90 latency'), undefined, 'letters strewn over words are no match');
    assert.deepEqual(fuzzyFit('pa', 'product-api')?.at, [0, 8]);
  });
  test('a start beats a middle, a run beats scattered letters', () => {
    assert.deepEqual(best('rev', ['product-reviews', 'reviews', 'forever-vault', 'cart']), [
      'reviews',
      'product-reviews',
      'forever-vault',
    ]);
  });
  test('words stand in any order, so an edge is found by either end', () => {
    assert.ok(fuzzyFit('pay front', 'frontend → payment'));
    assert.ok(fuzzyFit('front pay', 'frontend → payment'));
    assert.equal(fuzzyFit('front cart', 'frontend → payment'), undefined);
  });
  test('an initial is taken only when the rest still fits behind it', () => {
    assert.deepEqual(fuzzyFit('ab', 'xabx-a')?.at, [1, 2]);
    assert.ok(fuzzyFit('ad', 'xa-d-a'));
  });

  const thing = (text: string, health: Thing['health']): Thing => ({
    type: 'node',
    id: text,
    text,
    detail: '',
    health,
  });
  const things = [thing('payment', 'bad'), thing('cart', 'ok')];
  const commands = [{ text: 'Theme: dark' }, { text: 'Export PNG picture' }];

  test('nothing typed: what is wrong comes first, then every command', () => {
    assert.deepEqual(
      toEntries('', things, commands, undefined).map(({ text }) => text),
      ['payment', 'Theme: dark', 'Export PNG picture'],
    );
  });
  test('> asks for commands only', () => {
    assert.deepEqual(
      toEntries('>', things, commands, undefined).map(({ kind }) => kind),
      ['command', 'command'],
    );
    assert.deepEqual(
      toEntries('> p', things, commands, undefined).map(({ text }) => text),
      ['Export PNG picture'],
    );
  });
  test('a trace ID is offered before all else', () => {
    const id = '0af7651916cd43dd8448eb211c80319c';
    assert.deepEqual(toEntries(id, things, commands, id)[0]?.traceId, id);
  });
  test('marking keeps every letter', () => {
    assert.deepEqual(markedParts('cart', [0, 1]), [
      { text: 'ca', hit: true },
      { text: 'rt', hit: false },
    ]);
  });
});

describe('links', () => {
  const here = 'https://mesh.example/?window=15m&label=p99&panel=closed&theme=dark&select=edge%3Aab12&find=%22x%22';

  test('a pinned link holds the moment instead of the window', () => {
    const url = new URL(viewLink(here, { from: 1_000.4, to: 2_000 }));
    assert.equal(url.searchParams.get('window'), null);
    assert.equal(url.searchParams.get('from'), '1000');
    assert.equal(url.searchParams.get('to'), '2000');
    assert.equal(url.searchParams.get('label'), 'p99');
    assert.equal(viewLink(here, undefined), here);
  });
  test('an embed keeps what is shown and leaves out what is of the frame', () => {
    const choice = { edge: undefined, moment: undefined, theme: 'light', contrast: 'high', refresh: '10s' } as const;
    const url = new URL(embedLink(here, choice));
    assert.equal(url.pathname, '/embed/map');
    assert.deepEqual(Object.fromEntries(url.searchParams), {
      window: '15m',
      label: 'p99',
      select: 'edge:ab12',
      find: '"x"',
      refresh: '10s',
      theme: 'light',
      contrast: 'high',
    });
  });
  test('the embed of an edge names it, and a pinned one needs no refresh', () => {
    const choice = {
      edge: 'ab12',
      moment: { from: 1, to: 2 },
      theme: 'system',
      contrast: 'normal',
      refresh: '10s',
    } as const;
    const url = new URL(embedLink(here, choice));
    assert.equal(url.pathname, '/embed/edge');
    assert.deepEqual(Object.fromEntries(url.searchParams), {
      label: 'p99',
      find: '"x"',
      edge: 'ab12',
      from: '1',
      to: '2',
    });
  });
  test('nothing in an address can break out of the HTML', () => {
    const html = frameHtml('https://x/?a="><script>&b=1', 'a "map"', { width: '100%', height: '500' });
    assert.ok(!html.includes('<script'));
    assert.match(html, /src="https:\/\/x\/\?a=&quot;&gt;&lt;script&gt;&amp;b=1" title="a &quot;map&quot;"/);
  });
  test('who may frame is read from the policy', () => {
    assert.deepEqual(frameSources("default-src 'self'; frame-ancestors 'none'"), []);
    assert.deepEqual(frameSources("default-src 'self'; frame-ancestors https://a.example http://b:3000"), [
      'https://a.example',
      'http://b:3000',
    ]);
    assert.deepEqual(frameSources("default-src 'self'"), []);
  });
  test('file names hold the time and nothing that a file system minds', () => {
    assert.equal(fileName('throughline', '2026-11-23 16:04:05', 'svg'), 'throughline-2026-11-23-1604.svg');
    assert.match(fileName('../a b', '2026-11-23 16:04:05', 'png'), /^[\w.-]+$/);
  });
});

describe('embeds', () => {
  test('refresh: a stream unless a time or off is said', () => {
    assert.deepEqual(parseRefresh(''), { mode: 'stream' });
    assert.deepEqual(parseRefresh('10s'), { mode: 'poll', everyMs: 10_000 });
    assert.deepEqual(parseRefresh('1.5m'), { mode: 'poll', everyMs: 90_000 });
    assert.deepEqual(parseRefresh('off'), { mode: 'once' });
    assert.deepEqual(parseRefresh('10ms'), { mode: 'poll', everyMs: 1_000 });
    for (const long of ['30000h', '9'.repeat(400) + 'h'])
      assert.deepEqual(
        parseRefresh(long),
        { mode: 'poll', everyMs: 86_400_000 },
        'a timer set for longer fires at once',
      );
    assert.deepEqual(parseRefresh('soon'), { mode: 'stream' });
    assert.deepEqual(parseRefresh('0s'), { mode: 'stream' });
  });
  test('the way out keeps the view, not the dress', () => {
    const query = new URLSearchParams('window=1h&theme=dark&refresh=10s&contrast=high&select=node:a&layer=critical');
    assert.equal(productHref(query), '/?window=1h&layer=critical&select=node%3Aa');
    assert.equal(productHref(query, { select: 'edge:b' }), '/?window=1h&layer=critical&select=edge%3Ab');
    assert.equal(productHref(new URLSearchParams('theme=dark')), '/');
  });
  test('an old picture says how old', () => {
    assert.equal(ageText('14:02', 12_000), 'as of 14:02, 12 s ago');
    assert.equal(ageText('14:02', 185_000), 'as of 14:02, 3 min ago');
    assert.equal(ageText('14:02', 3 * 3_600_000), 'as of 14:02, 3 h ago');
  });
});
