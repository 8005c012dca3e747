import { readFileSync } from 'node:fs';
import type { Locator, Page } from 'playwright-core';
import sharp from 'sharp';
import * as assert from 'uvu/assert';
import type { Opened } from './browser.js';
import type { serverOf } from './serving.js';

/** The page of a server, as tests use it. */

export type Serving = Awaited<ReturnType<typeof serverOf>>;

/** Of an element in the browser, whose types tests are without. */
export interface Picture {
  naturalWidth: number;
  style: { getPropertyValue(name: string): string };
  matches(selector: string): boolean;
}

/** Of the browser's window. */
export interface Styles {
  getComputedStyle(element: unknown): { outlineStyle: string };
}

/** What the page must be without, whatever it did. */
export function assertClean({ requests, complaints }: Opened, { server }: Serving): void {
  const elsewhere = requests.filter(
    (url) => !url.startsWith(`${server.address}/`) && !url.startsWith('blob:'),
  );
  assert.equal(elsewhere, [], 'it asks nobody else');
  assert.equal(complaints, [], 'nor does its policy forbid it anything');
}

/** Drops a file on the page, as a person does. */
export async function drop(page: Page, file: string): Promise<void> {
  const base64 = readFileSync(file).toString('base64');
  const data = await page.evaluateHandle(`(() => {
    const data = new DataTransfer();
    const bytes = Uint8Array.from(atob('${base64}'), (each) => each.charCodeAt(0));
    data.items.add(new File([bytes], 'dropped.jpg', { type: 'image/jpeg' }));
    return data;
  })()`);
  for (const kind of ['dragover', 'drop']) {
    await page.dispatchEvent('#zone', kind, { dataTransfer: data });
  }
}

/** Puts a picture on the clipboard, and pastes it by the keyboard. */
export async function paste(page: Page, file: string): Promise<void> {
  const png = (await sharp(file).png().toBuffer()).toString('base64');
  await page.evaluate(`(() => {
    const bytes = Uint8Array.from(atob('${png}'), (each) => each.charCodeAt(0));
    const blob = new Blob([bytes], { type: 'image/png' });
    return navigator.clipboard.write([new ClipboardItem({ 'image/png': blob })]);
  })()`);
  await page.keyboard.press('Control+V');
}

export const answers = (page: Page) => page.locator('#answers > details');

/** The newest answer, once there are so many and no photo waits. */
export async function newest(page: Page, count: number): Promise<Locator> {
  await answers(page)
    .nth(count - 1)
    .waitFor();
  await page.locator('#stop').waitFor({ state: 'hidden' });
  assert.is(await answers(page).count(), count);
  return answers(page).first();
}
