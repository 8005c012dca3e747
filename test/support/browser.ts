import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import { type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { programs } from '../servers/programs.js';
import type { Suite } from './suite.js';

/** A page as a person sees it, and what it did besides being shown. */
export interface Opened {
  page: Page;
  /** Addresses that it has asked for, those of data: left out. */
  requests: string[];
  /** What it has said in the console, and thrown. */
  complaints: string[];
}

/** Opens a file or an address; the page closes after `work`. */
export type Open = (
  place: string,
  options: BrowserContextOptions,
  work: (opened: Opened) => Promise<void>,
) => Promise<void>;

type Work = (open: Open) => Promise<void>;

/** Adds tests to a suite that have the system's Chromium, and are skipped where there is none. */
export const chromiumTests = (test: Suite) => (title: string, work: Work) =>
  test.needs(programs.chromium, title, () => inBrowser(work));

async function inBrowser(work: Work): Promise<void> {
  const browser = await chromium.launch({ executablePath: programs.chromium });
  const open: Open = async (place, options, look) => {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const [requests, complaints]: [string[], string[]] = [[], []];
    page.on('request', (request) => {
      if (!request.url().startsWith('data:')) requests.push(request.url());
    });
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    // From now on they are told instead of opened: to ask for that beside the key that opens one may be too late.
    page.on('filechooser', () => {});
    await page.goto(place.startsWith('http:') ? place : pathToFileURL(place).href);
    await look({ page, requests, complaints });
    await context.close();
  };
  try {
    await work(open);
  } finally {
    await browser.close();
  }
}

/** What a program for people who do not see finds wrong, by WCAG 2.2 A and AA and good practice. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof axe }).axe.run({
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    }),
  );
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
  );
}
