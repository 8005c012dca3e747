import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import * as assert from 'uvu/assert';
import { chromiumTests, violations } from '../support/browser.js';
import { ended, running, startGillnet } from '../support/command.js';
import { ofType } from '../support/events.js';
import { writeFiles } from '../support/photos.js';
import { noisePhoto } from '../support/serving.js';
import { suite, temporaryFolder } from '../support/suite.js';

const test = suite('a training seen in a browser');
const inChromium = chromiumTests(test);

const cwd = temporaryFolder();
const sizes = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 800 } };
for (const [at, label] of ['a', 'b', 'c'].entries()) {
  for (let index = 0; index < 30; index += 1) {
    const photo = await noisePhoto(100 * at + index);
    await writeFiles(path.join(cwd, 'data'), { [`train/${label}/${index}.png`]: photo });
  }
}
/** More than there is patience for. */
const endless = ['--epochs', '5000'];
const training = [
  ...['train', '--json', '--data', 'data', '--weights', 'none', '--image-size', '64'],
  ...['--batch-size', '8', '--threads', '1', '--trust-labels'],
];

/** Starts a command, and waits until it has told where runs are shown. */
async function started(args: string[]) {
  const command = running(startGillnet(args, { cwd }));
  const [, address = ''] = await command.told(/"type":"shown".*"url":"([^"]+)"/);
  return { ...command, address };
}

const state = (page: Page, word: string, timeout = 120_000) =>
  page.locator('#state', { hasText: word }).waitFor({ timeout });
/** Points of a curve. */
const pointsOf = (page: Page, curve: string) =>
  page.$eval(
    curve,
    (each) => (each.getAttribute('points') ?? '').split(' ').filter(Boolean).length,
  );

inChromium(
  'it is shown as it happens, until a person ends it, which is the server’s end, too',
  async (open) => {
    const trainer = await started([...training, ...endless, '--serve', '0']);
    await open(trainer.address, { viewport: sizes.desktop }, async ({ page, ...seen }) => {
      await state(page, 'running');
      await page.locator('#losses .curve.train').waitFor({ state: 'attached' });
      const grown = [];
      while (grown.length < 3) {
        const points = await pointsOf(page, '#losses .curve.train');
        if (points > (grown.at(-1) ?? 1)) grown.push(points);
        await pause(50);
      }
      const figures = await page.locator('#figures').innerText();
      for (const figure of ['Loss', 'Learning rate', 'Images/s']) {
        assert.ok(figures.includes(figure), figure);
      }
      assert.match(await page.locator('#doing').innerText(), /Epoch \d+ of 5,000, step \d+ of \d+/);
      assert.equal(await violations(page), []);
      const { complaints } = seen;
      assert.equal([...complaints], [], 'nothing that the policy forbids');
      trainer.child.kill('SIGINT');
      await state(page, 'stopped');
      assert.is(await page.locator('#news').innerText(), 'The training is stopped.');
      const origin = new URL(trainer.address).origin;
      assert.ok(seen.requests.every((each) => each.startsWith(origin)));
      const { status, events } = await trainer.end;
      assert.is(status, 130);
      assert.is(ofType(events, 'answered').length, 0, 'who looks on is no part of the story');
      await assertGone(trainer.address);
    });
  },
);

async function assertGone(address: string) {
  const answer = await fetch(address).then(
    ({ status }) => status,
    () => 'gone',
  );
  assert.is(answer, 'gone');
}

test('a port in use is told before anything is done', async () => {
  const server = await started(['serve', '--json', '--runs', '--port', '0']);
  const { port } = new URL(server.address);
  const other = startGillnet([...training, '--runs', 'none', '--serve', port], { cwd });
  const { status, events } = await ended(other);
  assert.is(status, 2);
  assert.equal(
    events.map(({ type }) => type),
    ['error'],
  );
  assert.match(ofType(events, 'error')[0]?.message ?? '', /Can't listen.*--serve/);
  server.child.kill('SIGTERM');
  assert.is((await server.end).status, 0);
});

inChromium(
  'another process shows a run to its end, and the next one over a restart and until it is killed',
  async (open) => {
    const serving = (port: string) =>
      started(['serve', '--json', '--runs', 'others', '--port', port]);
    const first = await serving('0');
    const { port } = new URL(first.address);
    const others = [...training, '--runs', 'others'];
    const options = { viewport: sizes.phone, colorScheme: 'dark' } as const;
    await open(first.address, options, async ({ page }) => {
      assert.is((await ended(startGillnet([...others, '--epochs', '3'], { cwd }))).status, 0);
      await state(page, 'done');
      assert.is(await pointsOf(page, '#accuracies .curve.val'), 3);
      assert.is(await page.locator('#classes li').count(), 3);
      assert.match(await page.locator('#doing').innerText(), /The model is model_v1_/);
      assert.match(
        (await page.getAttribute('#losses', 'aria-label')) ?? '',
        /validation goes from/,
      );

      const trainer = startGillnet([...others, ...endless], { cwd });
      const trained = ended(trainer);
      // The first one's entry says for a moment longer that it runs.
      await page.locator('#list li').nth(1).waitFor({ state: 'attached', timeout: 60_000 });
      await page.locator('#list a').first().click();
      await state(page, 'running');
      await page.locator('#losses .curve.train').waitFor({ state: 'attached', timeout: 60_000 });
      const width = await page.$eval('html', (html) => html.scrollWidth - html.clientWidth);
      assert.is(width, 0, 'nothing is wider than a phone');
      assert.equal(await violations(page), []);

      first.child.kill('SIGTERM');
      await first.end;
      await page.locator('#notices', { hasText: 'Not connected' }).waitFor();
      const before = await pointsOf(page, '#losses .curve.train');
      const second = await serving(port);
      await page.locator('#notices', { hasText: 'Not connected' }).waitFor({ state: 'detached' });
      while ((await pointsOf(page, '#losses .curve.train')) <= before) await pause(50);

      trainer.kill('SIGKILL');
      await trained;
      await state(page, 'silent', 90_000);
      const notice = await page.locator('#notices').innerText();
      assert.match(notice, /told nothing for 1 min.*train --resume \d{8}T\d{6}Z/);
      second.child.kill('SIGTERM');
      assert.is((await second.end).status, 0);
    });
  },
);

test.run();
