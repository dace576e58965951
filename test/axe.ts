/** Accessibility of a page as axe-core judges it. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const script = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

interface Axe {
  run(root: string): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
}

/**
 * Rules that the page, or what is inside the selector, breaks, with the elements. Evaluated from outside, so the page's
 * policy stays as it is.
 */
export async function brokenRules(page: Page, root = 'html'): Promise<string[]> {
  await page.evaluate(await readFile(script, 'utf8'));
  return page.evaluate(async (within) => {
    const { axe } = globalThis as unknown as { axe: Axe };
    const { violations } = await axe.run(within);
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
  }, root);
}
