/** A real Chromium on the real window. What it logs as an error is kept, because nothing may. */
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { AxeBuilder } from '@axe-core/playwright';

export async function openBrowser(): Promise<Browser> {
  const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
  if (!existsSync(executablePath))
    throw new Error(`There is no Chromium at ${executablePath}; CHROMIUM names another.`);
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
}

export interface Watched {
  readonly page: Page;
  /** Console errors and warnings (a broken policy is one), page errors and failed requests so far. */
  readonly complaints: readonly string[];
}

export async function openPage(browser: Browser): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1080, height: 720 } });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('requestfailed', (request) => {
    // A stream of events fails whenever its page goes away.
    if (!request.url().endsWith('/api/events')) complaints.push(`${request.url()} failed`);
  });
  return { page, complaints };
}

/** What axe has against the page as it is, in light and in dark. */
export async function axeComplaints(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const { violations } = await new AxeBuilder({ page }).analyze();
    for (const { id, impact, nodes } of violations) {
      found.push(`${colorScheme}: ${impact ?? ''} ${id}: ${nodes.map(({ html }) => html).join(' ')}`);
    }
  }
  return found;
}
