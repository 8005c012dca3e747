import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import * as assert from 'uvu/assert';
import { renderReport } from '../../lib/faces/report/page.js';
import { chromiumTests, type Open, violations } from '../support/browser.js';
import { ended, startGillnet } from '../support/command.js';
import { ofType } from '../support/events.js';
import { hostileNames, hostileStory, recordOf, storyOf } from '../support/reported.js';
import { suite, temporaryFolder } from '../support/suite.js';

const test = suite('the report in a browser');
const inChromium = chromiumTests(test);

const folder = temporaryFolder();
const sizes = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 800 } };
/** What an A4 page leaves between its margins, in CSS pixels. */
const paper = { width: 688, height: 1000 };

/** The report of a real run: two epochs on photos that gillnet draws. */
async function realRun(): Promise<string> {
  const args = ['run', '--json', '--epochs', '2', '--threads', '2', '--policy', 'allow'];
  const { status, events, stdout } = await ended(startGillnet(args, { cwd: folder }));
  assert.is(status, 0, stdout.slice(-2000));
  const [evaluated] = ofType(events, 'evaluated');
  assert.ok(ofType(events, 'mistaken').length > 0, 'it makes mistakes');
  return path.join(folder, evaluated?.report ?? '');
}

function written(name: string, ...[record]: Parameters<typeof renderReport>): string {
  const file = path.join(folder, `${name}.html`);
  writeFileSync(file, renderReport(record));
  return file;
}

/** How much wider things are than what holds them, in pixels. */
const overflow = (page: Page, selector: string) =>
  page.$$eval(selector, (elements) =>
    elements.map(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth),
  );

/** @param scrolls on paper some table may be wider than the page */
async function check(open: Open, file: string, scrolls = false): Promise<void> {
  for (const [name, viewport] of Object.entries(sizes)) {
    for (const colorScheme of ['light', 'dark'] as const) {
      await open(file, { viewport, colorScheme }, async ({ page, requests, complaints }) => {
        const where = `${path.basename(file)}, ${name}, ${colorScheme}`;
        assert.equal(await overflow(page, 'html'), [0], where);
        const widths = await page.$$eval('img', (images) =>
          images.map(({ naturalWidth }) => naturalWidth),
        );
        assert.ok(
          widths.every((width) => width > 0),
          where,
        );
        assert.equal(await violations(page), [], where);
        assert.equal(requests, [pathToFileURL(file).href], where);
        assert.equal(complaints, [], where);
      });
    }
  }
  await open(file, { viewport: paper, colorScheme: 'dark' }, async ({ page }) => {
    await page.emulateMedia({ media: 'print' });
    const colour = await page.evaluate('getComputedStyle(document.body).backgroundColor');
    assert.is(colour, 'rgb(255, 255, 255)', 'paper is white');
    assert.equal(await overflow(page, 'html'), [0]);
    if (!scrolls) assert.is(Math.max(...(await overflow(page, '.scrolling'))), 0, 'all is printed');
    assert.ok((await page.pdf({ preferCSSPageSize: true })).length > 10_000);
  });
}

inChromium('of a real run: on a phone, a desktop and paper, light and dark', async (open) => {
  const file = await realRun();
  await check(open, file);
  await open(file, { viewport: sizes.desktop }, async ({ page }) => {
    const levels = await page.$$eval('h1, h2, h3', (all) => all.map(({ tagName }) => tagName));
    assert.is(levels[0], 'H1');
    assert.is(levels.filter((level) => level === 'H1').length, 1);
    const tables = await page.$$eval('table', (all) =>
      all.map((table) => ({
        caption: table.caption?.textContent ?? '',
        scoped: [...table.querySelectorAll('th')].every((cell) => cell.scope !== ''),
        named: [...table.tBodies].every((body) =>
          [...body.rows].every((row) => row.querySelector('th[scope=row]') !== null),
        ),
      })),
    );
    assert.ok(tables.length > 5);
    for (const table of tables) assert.ok(table.caption && table.scoped && table.named);
    const outline = await page.locator('body').ariaSnapshot();
    for (const part of [/^- banner/m, /navigation "Contents"/, /^- main/m, /^- contentinfo/m]) {
      assert.match(outline, part);
    }
    assert.match(outline, /img "Training loss goes from \d/);
    assert.match(outline, /img "The same photo, warm where it speaks for/);
  });
  const files = ['config.json', 'confusion.csv', 'events.jsonl', 'guard.json', 'metrics.json'];
  const kept = ['photos.json', 'publication.json', 'report.html'];
  assert.equal(readdirSync(path.dirname(file)).sort(), [...files, ...kept]);
  assert.ok(readFileSync(file).length < 1e6);
});

inChromium('of one epoch and two classes, and of 20', async (open) => {
  await check(open, written('tiny', recordOf(storyOf(2, 1))));
  await check(open, written('middling', recordOf(storyOf(20, 30))));
});

inChromium('of 100 classes and 200 epochs', (open) =>
  check(open, written('large', recordOf(storyOf(100, 200)))),
);

inChromium('of names that would break out of it', async (open) => {
  const file = written('hostile', recordOf(hostileStory(), hostileNames[0]));
  await check(open, file, true);
  await open(file, {}, async ({ page }) => {
    assert.match(await page.title(), /^Run <\/title>/);
    assert.is(await page.locator('script').count(), 0);
  });
});

test.run();
