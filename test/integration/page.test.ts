import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Locator, Page } from 'playwright-core';
import * as assert from 'uvu/assert';
import { percent } from '../../lib/faces/format.js';
import { sha256Of } from '../../lib/sha256.js';
import { chromiumTests, violations } from '../support/browser.js';
import { ended, startGillnet } from '../support/command.js';
import {
  answers,
  assertClean,
  drop,
  newest,
  type Picture,
  paste,
  type Serving,
  type Styles,
} from '../support/server-page.js';
import { serverOf } from '../support/serving.js';
import { root, shared, suite, temporaryFolder } from '../support/suite.js';

const test = suite('the page of the server in a browser');
const inChromium = chromiumTests(test);

const fish = shared('data', 'fish');
const weights = shared('data', 'weights', 'resnet18-rebuilt.pth');
const isReal = existsSync(fish) && existsSync(weights);
/** Photos of each label: enough for a threshold, which takes 50 to validate on. */
const [trainPhotos, testPhotos] = [60, 4];
const phone = { viewport: { width: 360, height: 740 }, hasTouch: true };

/** A folder of few photos: real fish where they are, else drawn. */
async function photosOf(): Promise<string> {
  const folder = temporaryFolder();
  if (!isReal) {
    assert.is((await ended(startGillnet(['sample', folder], { cwd: folder }))).status, 0);
    return folder;
  }
  for (const [split, most] of [['train', trainPhotos] as const, ['test', testPhotos] as const]) {
    for (const label of readdirSync(path.join(fish, split))) {
      if (label.startsWith('.')) continue;
      const from = path.join(split, label);
      const names = readdirSync(path.join(fish, from)).filter((name) => /\.jpe?g$/i.test(name));
      for (const name of names.slice(0, most)) {
        cpSync(path.join(fish, from, name), path.join(folder, from, name));
      }
    }
  }
  return folder;
}

/** A model that a short training makes of them. @returns the folder that it is in */
async function trained(data: string): Promise<string> {
  const cwd = temporaryFolder();
  const { status, stdout } = await ended(
    startGillnet(
      [
        ...['train', '--json', '--data', data, '--weights', isReal ? weights : 'none'],
        ...['--image-size', '96', '--epochs', '1', '--policy', 'allow', '--trust-labels'],
      ],
      { cwd },
    ),
  );
  assert.is(status, 0, stdout.slice(-2000));
  return path.join(cwd, '.gillnet', 'models');
}

let made: Promise<{ data: string; models: string }> | undefined;
/** The photos and the model, made once. */
function prepared() {
  made ??= photosOf().then(async (data) => ({ data, models: await trained(data) }));
  return made;
}

/** Some test photos, with what the model says of each. */
async function judged({ ask }: Serving, data: string) {
  const root = path.join(data, 'test');
  const files = readdirSync(root).flatMap((label) =>
    readdirSync(path.join(root, label))
      .slice(0, testPhotos)
      .map((name) => path.join(root, label, name)),
  );
  const body = new FormData();
  for (const file of files) body.append('photo', new Blob([readFileSync(file)]), file);
  const answer = await ask('/v1/predict', { method: 'POST', body });
  const { predictions } = (await answer.json()) as {
    predictions: { photo: string; label: string; confidence: number; sure: boolean }[];
  };
  // The answer has names without folders.
  return predictions.map((each, index) => ({ ...each, photo: files[index] as string }));
}

const overflow = (page: Page) =>
  page.$eval('html', ({ scrollWidth, clientWidth }) => scrollWidth - clientWidth);

inChromium('photos are picked, dropped and pasted, and answered as the API does', async (open) => {
  const { data, models } = await prepared();
  const server = await serverOf(models);
  const predictions = await judged(server, data);
  const [sure, unsure] = [true, false].map((wanted) =>
    predictions.find((each) => each.sure === wanted),
  );
  if (isReal) assert.ok(sure && unsure, 'it is sure of some photos, and not of others');
  const permissions = ['clipboard-read', 'clipboard-write'];
  await open(server.server.address, { permissions }, async (opened) => {
    const { page } = opened;
    const [first] = predictions as [(typeof predictions)[0]];
    await page.locator('#file').setInputFiles(first.photo);
    const answer = await newest(page, 1);
    const bars = await answer.locator('.bars li').allInnerTexts();
    assert.match(bars[0] ?? '', new RegExp(`^${first.label}\\s+${percent(first.confidence)}`));
    const shares = await answer
      .locator('.bar')
      .evaluateAll((all) =>
        all.map((bar) => Number((bar as unknown as Picture).style.getPropertyValue('--share'))),
      );
    assert.ok(Math.abs((shares[0] ?? 0) - first.confidence) < 1e-6);
    assert.equal(
      shares,
      [...shares].sort((a, b) => b - a),
      'ranked',
    );
    const heat = answer.locator('.heat');
    const [over, under] = [await heat.boundingBox(), await answer.locator('.photo').boundingBox()];
    assert.equal(over, under, 'the overlay lies on the photo');
    assert.ok(await heat.evaluate((image) => (image as unknown as Picture).naturalWidth > 0));
    await answer.getByLabel('Show where the model looks').uncheck();
    assert.not.ok(await heat.isVisible());

    let count = 1;
    for (const each of [sure, unsure]) {
      if (!each) continue;
      count += 1;
      await page.locator('#file').setInputFiles(each.photo);
      const shown = await newest(page, count);
      const said = each.sure ? `${each.label}, ` : `Not sure: perhaps ${each.label}, `;
      const headline = said + percent(each.confidence);
      assert.is(await shown.locator('summary strong').first().innerText(), headline);
      assert.is(await page.getByRole('status').first().innerText(), headline);
      assert.is(await shown.locator('.notice').count(), each.sure ? 0 : 1);
      assert.equal(await page.locator('#answers > details[open]').count(), 1, 'the others fold');
    }
    await drop(page, first.photo);
    await newest(page, count + 1);
    await paste(page, first.photo);
    await newest(page, count + 2);
    await page
      .locator('#file')
      .setInputFiles([first.photo, path.join(root, 'package.json'), first.photo]);
    await newest(page, count + 4);
    assert.match(await page.getByRole('alert').innerText(), /^package\.json: .*JPEG or PNG/);
    assert.is(await page.locator('#status').innerText(), '2 of 3 photos are answered.');
    assert.is(await page.locator('.correction').count(), 0, 'no labels are taken');
    assertClean(opened, server);

    await page.getByRole('button', { name: 'Clear' }).click();
    assert.is(await answers(page).count(), 0);
    await page.locator('#file').setInputFiles(first.photo);
    await newest(page, 1);
    await page.reload();
    assert.is(await answers(page).count(), 0, 'nothing is kept beyond the tab');
  });
  await server.end();
});

inChromium(
  'by the keyboard alone a photo is answered, and its label corrected and kept',
  async (open) => {
    const { data, models } = await prepared();
    const place = temporaryFolder();
    const server = await serverOf(models, { feedback: place });
    const [first] = await judged(server, data);
    const { photo = '', label: told } = first ?? {};
    await open(server.server.address, {}, async (opened) => {
      const { page } = opened;
      const focused = () =>
        page.evaluate<string>('document.activeElement.id || document.activeElement.tagName');
      const tabTo = async (locator: Locator) => {
        for (let steps = 0; steps < 20; steps += 1) {
          await page.keyboard.press('Tab');
          if (
            await locator.evaluate((element) => (element as unknown as Picture).matches(':focus'))
          )
            return;
        }
        assert.unreachable(`Tab leads to ${await focused()} and not there`);
      };
      const outlined = (locator: Locator) =>
        locator.evaluate(
          (element) => (globalThis as unknown as Styles).getComputedStyle(element).outlineStyle,
        );
      await tabTo(page.locator('#file'));
      assert.is(await outlined(page.locator('label[for=file]')), 'solid', 'focus is seen');
      const chooser = page.waitForEvent('filechooser');
      await page.keyboard.press('Space');
      await (await chooser).setFiles(photo);
      const answer = await newest(page, 1);
      await tabTo(answer.locator('summary').first());
      for (const isOpen of [0, 1]) {
        await page.keyboard.press('Enter');
        assert.is(await page.locator('#answers > details[open]').count(), isOpen);
      }
      await tabTo(answer.getByLabel('Show where the model looks'));
      await page.keyboard.press('Space');
      assert.not.ok(await answer.locator('.heat').isVisible());
      const right = server.served.current.description.classes.find(
        (each) => each !== told,
      ) as string;
      await tabTo(answer.getByLabel('What does it really show?'));
      await page.keyboard.type(right);
      await tabTo(answer.getByRole('button', { name: 'Keep for training' }));
      assert.is(await outlined(answer.getByRole('button')), 'solid', 'focus is seen');
      await page.keyboard.press('Enter');
      const said = answer.getByRole('status');
      await said.filter({ hasText: `Kept as ${right}` }).waitFor();
      const bytes = readFileSync(photo);
      const kept = path.join(place, 'train', right, `${sha256Of(bytes)}.jpg`);
      assert.equal(readFileSync(kept), bytes);
      await page.keyboard.press('Enter');
      await said.filter({ hasText: `Already kept as ${right}` }).waitFor();
      assertClean(opened, server);
    });
    await server.end();
  },
);

inChromium(
  'it has no obstacle for people who see little or nothing, and fits a phone',
  async (open) => {
    const { data, models } = await prepared();
    const server = await serverOf(models, { feedback: temporaryFolder() });
    const predictions = await judged(server, data);
    const doubtful = predictions.find(({ sure }) => !sure) ?? predictions[0];
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const size of [{ viewport: { width: 1280, height: 800 } }, phone]) {
        const options = { ...size, colorScheme, reducedMotion: 'reduce' as const };
        await open(server.server.address, options, async (opened) => {
          const { page } = opened;
          const where = `${colorScheme}, ${size.viewport.width}`;
          assert.equal(await violations(page), [], where);
          assert.is(await page.locator('#camera').isVisible(), size === phone, where);
          await page
            .locator('#file')
            .setInputFiles([doubtful?.photo as string, path.join(root, 'package.json')]);
          await newest(page, 1);
          assert.equal(await violations(page), [], where);
          assert.is(await overflow(page), 0, where);
          assertClean(opened, server);
        });
      }
    }
    await server.end();
  },
);

test.run();
