/**
 * A real Chromium for tests and pictures: the one of the npm package @sparticuz/chromium, which needs no system install,
 * driven by playwright-core. Each gets a fresh profile. Watches its pages for what no page may do.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import chromium from '@sparticuz/chromium';
import { chromium as driver, type BrowserContext, type Page } from 'playwright-core';

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

/** in: the only origin that pages may talk to. */
export async function openBrowser(origin: string): Promise<OpenBrowser> {
  const profile = await mkdtemp(join(tmpdir(), 'throughline-browser-'));
  const complaints: string[] = [];
  const context: BrowserContext = await driver.launchPersistentContext(profile, {
    executablePath: await chromium.executablePath(),
    args: flags,
    headless: true,
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
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}
