/** The live tail in a real browser against the real product: what must not keep a new trace from the list. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { openBrowser, type OpenBrowser } from './open-browser.ts';
import { bodyOf } from './otlp-span.ts';
import { startCollector, type RunningCollector } from './run-collector.ts';

describe('the live tail', { timeout: 120_000 }, () => {
  let collector: RunningCollector;
  let browser: OpenBrowser;

  before(async () => {
    collector = await startCollector(['--settle-after', '1s']);
    browser = await openBrowser(collector.url);
  });
  after(async () => {
    await browser?.close();
    await collector?.stop();
  });

  /** Sends a trace of one span that has just ended. */
  async function send(service: string): Promise<void> {
    const startNs = BigInt(Date.now() - 10) * 1_000_000n;
    const span = {
      traceId: randomBytes(16).toString('hex'),
      spanId: randomBytes(8).toString('hex'),
      name: 'GET /now',
      startTimeUnixNano: String(startNs),
      endTimeUnixNano: String(startNs + 10_000_000n),
    };
    const response = await fetch(`http://${collector.otlpHttp}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body: Buffer.from(bodyOf({}, { 'service.name': service }, span)),
    });
    assert.equal(response.status, 200);
  }
  async function untilSettled(service: string): Promise<void> {
    for (let tries = 0; tries < 60; tries++) {
      const response = await fetch(`${collector.url}/api/traces?window=15m&service=${service}`);
      if (((await response.json()) as { traces: unknown[] }).traces.length > 0) return;
      await new Promise((done) => setTimeout(done, 250));
    }
    assert.fail(`the trace of ${service} has not settled`);
  }
  const follow = async (page: Page, service: string): Promise<void> => {
    await page.goto(`${collector.url}/search?window=15m&tail=on&q=service%20%3D%20${service}`);
    await page.getByRole('heading', { name: 'No trace matches' }).waitFor();
  };
  const said = (page: Page, text: string) => page.getByRole('status').filter({ hasText: text }).waitFor();
  const rows = (page: Page) => page.getByRole('table', { name: 'Traces' }).locator('tbody tr');

  test('a list that goes away under the pointer holds nothing back', async () => {
    await send('often');
    await untilSettled('often');
    const page = await browser.page();
    await follow(page, 'rare');
    const line = page.getByRole('combobox', { name: 'Query line' });
    await line.fill('service = often');
    await line.press('Enter');
    await rows(page).first().hover();
    await page.goBack();
    await page.getByRole('heading', { name: 'No trace matches' }).waitFor();
    await said(page, 'following');
    await send('rare');
    await rows(page).first().waitFor();
    await page.close();
  });

  test('what settled while the collector did not answer is there when it does again', async () => {
    const page = await browser.page();
    await page.route('**/api/traces/live?*', (route) => route.fulfill({ status: 503, body: '' }));
    await follow(page, 'missed');
    await said(page, 'the collector does not answer');
    await send('missed');
    await untilSettled('missed');
    assert.equal(await rows(page).count(), 0);
    await page.unroute('**/api/traces/live?*');
    await said(page, 'following');
    await rows(page).first().waitFor();
    await page.close();
  });

  test('no page threw, was stopped by its policy, or asked another host', () => {
    assert.deepEqual(browser.complaints, []);
  });
});
