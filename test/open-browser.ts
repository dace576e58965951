/**
 * A real Chromium for tests and pictures: the one of the npm package @sparticuz/chromium, which needs no system install,
 * driven by playwright-core. Each gets a fresh profile. Watches its pages for what no page may do.
 */
import { setTimeout as pause } from 'node:timers/promises';
import chromium from '@sparticuz/chromium';
import { chromium as driver, type Page } from 'playwright-core';

export interface OpenBrowser {
  /** A new page. in: size of its window, px. */
  page(size?: { readonly width: number; readonly height: number }): Promise<Page>;
  /** What pages have done wrong since the start: errors, blocked by policy, requests to other hosts. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

/** The package's own flags fit a function in a cloud and break a second page, so only these are given. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--hide-scrollbars',
  '--disable-background-networking',
  '--no-first-run',
];

/** Seen once in some sixty runs: it does not close by itself. */
const closeMs = 10_000;

/** in: the only origin that pages may talk to. */
export async function openBrowser(origin: string): Promise<OpenBrowser> {
  const complaints: string[] = [];
  // a server, so that a browser that does not close can be ended
  const server = await driver.launchServer({
    executablePath: await chromium.executablePath(),
    args: flags,
    headless: true,
  });
  const browser = await driver.connect(server.wsEndpoint());
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  context.setDefaultTimeout(20_000);
  context.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !/^(data|blob|about):/.test(url)) complaints.push(`asked another host: ${url}`);
  });
  return {
    complaints,
    async page(size) {
      const page = await context.newPage();
      if (size) await page.setViewportSize(size);
      page.on('pageerror', (error) => complaints.push(`${page.url()}: ${error.message}`));
      page.on('console', (message) => {
        const text = message.text();
        // a 404 of the API is an answer the page is asked to handle
        if (message.type() === 'error' && !text.startsWith('Failed to load resource'))
          complaints.push(`${page.url()}: ${text}`);
      });
      return page;
    },
    async close() {
      await Promise.race([context.close().then(() => server.close()), pause(closeMs, undefined, { ref: false })]);
      await server.kill();
    },
  };
}
