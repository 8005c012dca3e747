import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { programs } from '../servers/programs.js';

/** A page as a person opens it, and what it did besides being shown. */
export interface Opened {
  page: Page;
  /** Addresses that it asked for, those of data: left out. */
  requests: string[];
  /** What it said in the console, and threw. */
  complaints: string[];
}

let browser: Promise<Browser> | undefined;

/** Opens a file in the system's Chromium; the page closes after `work`. */
export async function inBrowser(
  file: string,
  options: BrowserContextOptions,
  work: (opened: Opened) => Promise<void>,
): Promise<void> {
  browser ??= chromium.launch({ executablePath: programs.chromium });
  const context = await (await browser).newContext(options);
  try {
    const page = await context.newPage();
    const [requests, complaints]: [string[], string[]] = [[], []];
    page.on('request', (request) => requests.push(request.url()));
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(pathToFileURL(file).href);
    const asked = () => requests.filter((url) => !url.startsWith('data:'));
    await work({
      page,
      complaints,
      get requests() {
        return asked();
      },
    });
  } finally {
    await context.close();
  }
}

export async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
}
