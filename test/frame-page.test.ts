/** The frame around the map, in a real browser against the real product: palette, keys, dialogs, themes, kiosk, a bar that fits. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { replay } from '../fixtures/replay.ts';
import { brokenRules } from './axe.ts';
import { openBrowser, type OpenBrowser } from './open-browser.ts';
import { startCollector, type RunningCollector } from './run-collector.ts';

const recordings = join(import.meta.dirname, '..', 'fixtures', 'recordings');
const edgeOf = (page: Page) => page.getByRole('link', { name: /^frontend to payment: / });

describe('the frame around the map', { timeout: 300_000 }, () => {
  let collector: RunningCollector;
  let browser: OpenBrowser;

  before(async () => {
    collector = await startCollector(['--settle-after', '2s']);
    browser = await openBrowser(collector.url);
    const to = `http://${collector.otlpHttp}`;
    await replay({ dir: join(recordings, 'faults'), to, now: true, speed: 0, log: () => undefined });
  });
  after(async () => {
    await browser?.close();
    await collector?.stop();
  });

  const openMap = async (query = '', size?: { width: number; height: number }): Promise<Page> => {
    const page = await browser.page(size);
    await page.goto(`${collector.url}/?window=15m${query}`);
    await edgeOf(page).waitFor();
    return page;
  };

  test('the palette goes to a workload, to an edge, to a trace, and does what it lists', async () => {
    const page = await openMap();
    const box = page.getByRole('combobox', { name: /^Go to/ });
    await page.keyboard.press('Control+k');
    await box.fill('paym');
    const results = page.getByRole('listbox', { name: 'Results' });
    const first = results.getByRole('option').first();
    assert.equal(await first.getAttribute('aria-selected'), 'true');
    assert.equal(await box.getAttribute('aria-activedescendant'), await first.getAttribute('id'));
    await box.press('Enter');
    await page.waitForURL(/select=node%3A[^&]*payment/);

    await page.keyboard.press('Control+k');
    await box.fill('pay front');
    await box.press('Enter');
    await page.waitForURL(/select=edge%3A[0-9a-f]{16}/);

    await page.keyboard.press('Control+k');
    await box.fill('>');
    await results.getByRole('option', { name: /^Layout: radial/ }).waitFor();
    assert.equal(await results.getByRole('option', { name: /payment/ }).count(), 0, '> asks for commands only');
    await box.fill('> p99 lat');
    await box.press('Enter');
    await page.waitForURL(/label=p99/);

    await page.keyboard.press('Control+k');
    await box.fill('0af7651916cd43dd8448eb211c80319c');
    await box.press('Enter');
    await page.waitForURL(/\/trace\/0af7651916cd43dd8448eb211c80319c/);
    await page.close();
  });

  test('? lists every key; a key does what it says, but not while one types', async () => {
    const page = await openMap();
    await page.keyboard.press('?');
    const help = page.getByRole('dialog', { name: 'Keys' });
    await help.getByText('Go to a workload, an edge or a command').waitFor();
    await help.getByText('Next or previous span').waitFor();
    await page.keyboard.press('b');
    await page.keyboard.press('Escape');
    await help.waitFor({ state: 'detached' });
    assert.ok(!page.url().includes('boxes='), 'the page behind a dialog rests');
    await page.keyboard.press('b');
    await page.waitForURL(/boxes=namespace/);
    await page.keyboard.press('c');
    await page.waitForURL(/layer=critical/);
    await page.keyboard.press('t');
    await page.locator('html[data-theme="light"]').waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: /^Go to/ }).pressSequentially('t?bk');
    assert.equal(await help.count(), 0);
    assert.ok(page.url().includes('boxes=namespace') && !page.url().includes('kiosk'));
    assert.equal(await page.locator('html').getAttribute('data-theme'), 'light');
    await page.close();
  });

  test('a key pressed right after Esc is the page’s again, however soon', async () => {
    const page = await openMap();
    const help = page.getByRole('dialog', { name: 'Keys' });
    for (const boxes of ['namespace', 'cluster', null, 'namespace', 'cluster', null]) {
      await page.keyboard.press('?');
      await help.waitFor();
      await page.keyboard.press('Escape');
      await page.keyboard.press('b');
      await page.waitForURL((url) => url.searchParams.get('boxes') === boxes);
    }
    await page.close();
  });

  test('a dialog asked for again before the one before it has told of its end stays open', async () => {
    const page = await openMap();
    await page.keyboard.press('?');
    const help = page.getByRole('dialog', { name: 'Keys' });
    await help.waitFor();
    await page.evaluate(async () => {
      const before = document.querySelector('dialog');
      before?.dispatchEvent(new Event('cancel', { cancelable: true }));
      while (before?.isConnected) await Promise.resolve();
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key: '?', bubbles: true }));
      await new Promise((told) => before?.addEventListener('close', told));
    });
    await page.waitForTimeout(100);
    assert.equal(await help.count(), 1);
    await page.close();
  });

  test('the theme of the address wins over the one remembered, and a choice wins over the address', async () => {
    const page = await openMap('&theme=dark&contrast=high');
    const html = page.locator('html');
    await page.evaluate(() => localStorage.setItem('theme', 'light'));
    await page.reload();
    await edgeOf(page).waitFor();
    assert.equal(await html.getAttribute('data-theme'), 'dark');
    assert.equal(await html.getAttribute('data-contrast'), 'high');
    const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.equal(ground, 'rgb(0, 0, 0)');
    await page.getByRole('button', { name: /^Theme: / }).click();
    await page.getByRole('menuitemradio', { name: 'Light' }).click();
    await page.waitForURL((url) => !url.searchParams.has('theme'));
    await page.reload();
    await edgeOf(page).waitFor();
    assert.equal(await html.getAttribute('data-theme'), 'light');
    await page.evaluate(() => localStorage.clear());
    await page.close();
  });

  test('the system asking for more contrast is enough', async () => {
    const page = await browser.page();
    await page.emulateMedia({ contrast: 'more' });
    await page.goto(`${collector.url}/status`);
    await page.locator('html[data-contrast="high"]').waitFor();
    await page.emulateMedia({ contrast: 'no-preference' });
    await page.locator('html[data-contrast="normal"]').waitFor();
    await page.close();
  });

  test('kiosk shows the map alone, with a clock; Esc leaves', async () => {
    const page = await openMap('&kiosk', { width: 1_920, height: 1_080 });
    assert.equal(await page.getByRole('banner').count(), 0);
    assert.equal(await page.getByRole('navigation').count(), 0);
    assert.equal(await page.getByRole('complementary').count(), 0);
    assert.match((await page.locator('time').first().textContent()) ?? '', /^\d\d:\d\d$/);
    await page.keyboard.press('Escape');
    await page.getByRole('banner').waitFor();
    assert.ok(!page.url().includes('kiosk'));
    await page.close();
  });

  test('nothing in the bar is cut or covered, from a phone to a wall', async () => {
    const page = await openMap('&layer=critical&namespace=shop&find=pay&hide=reviews');
    for (const width of [360, 390, 600, 768, 1_024, 1_280, 1_440, 1_920, 2_560]) {
      await page.setViewportSize({ width, height: 900 });
      await page.waitForTimeout(250);
      const wrong = await page.evaluate(() => {
        const seen = [...document.querySelectorAll('header.bar :is(a, button, label, input)')]
          .filter((control) => !control.closest('[popover]') && control.getClientRects().length > 0)
          .filter((control) => !control.parentElement?.closest('header.bar :is(a, button, label)'))
          .map((control) => ({
            name: control.getAttribute('aria-label') ?? control.textContent?.trim() ?? '',
            box: control.getBoundingClientRect(),
          }));
        const cut = seen.filter(({ box }) => box.left < 0 || box.right > innerWidth + 0.5 || box.bottom > 48);
        const covered = seen.filter(({ box }, i) =>
          seen.some(({ box: next }, j) => i < j && box.left < next.right - 1 && next.left < box.right - 1),
        );
        return [...cut.map(({ name }) => `cut: ${name}`), ...covered.map(({ name }) => `covered: ${name}`)];
      });
      assert.deepEqual(wrong, [], `at ${width} px`);
    }
    await page.setViewportSize({ width: 360, height: 640 });
    await page.getByRole('button', { name: /^Filters/ }).click();
    const sheet = page.getByRole('dialog', { name: 'Filters' });
    await sheet.getByLabel('Label').selectOption('p99');
    await page.waitForURL(/label=p99/);
    await page.close();
  });

  test('dialogs keep the rules of axe-core', async () => {
    const page = await openMap();
    for (const [key, name] of [
      ['s', 'Share'],
      ['?', 'Keys'],
      ['Control+k', 'Go to'],
    ] as const) {
      await page.keyboard.press(key);
      await page.getByRole('dialog', { name }).waitFor();
      assert.deepEqual(await brokenRules(page, 'dialog[open]'), [], name);
      await page.keyboard.press('Escape');
      await page.getByRole('dialog', { name }).waitFor({ state: 'detached' });
    }
    await page.close();
  });

  test('no page did what it may not', () => {
    assert.deepEqual(browser.complaints, []);
  });
});
