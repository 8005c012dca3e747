import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import * as assert from 'uvu/assert';
import { pageFolder } from '../../lib/faces/server/page.js';
import { chromiumTests, violations } from '../support/browser.js';
import { newest, type Picture, type Serving } from '../support/server-page.js';
import { modelsOf, noisePhoto, randomModel, serverOf } from '../support/serving.js';
import { suite, temporaryFolder } from '../support/suite.js';

const test = suite('the page of a server that refuses something');
const inChromium = chromiumTests(test);

const { folder: models } = await modelsOf(await randomModel(1));
const photo = path.join(temporaryFolder(), 'noise.png');
writeFileSync(photo, await noisePhoto(0));

/** Whether a body of the size that a browser sends finds no room. */
async function isBusy({ ask }: Serving): Promise<boolean> {
  const headers = { 'content-type': 'image/png' };
  const body = Buffer.alloc(60_000);
  return (await ask('/v1/predict', { method: 'POST', headers, body })).status === 429;
}

inChromium(
  'a key is asked for, once and again where it is wrong, and kept in the tab',
  async (open) => {
    const keys = ['key-0123456789abcdef'];
    const server = await serverOf(models, { keys });
    await open(server.server.address, {}, async ({ page }) => {
      const field = page.getByLabel('API key');
      await field.waitFor();
      assert.equal(await violations(page), []);
      await page.locator('#file').setInputFiles(photo);
      await field.fill('a-wrong-one-0123456');
      await page.keyboard.press('Enter');
      await page.getByText('This is no API key').waitFor();
      await field.fill(keys[0] as string);
      await page.keyboard.press('Enter');
      await newest(page, 1);
      await page.reload();
      await page.getByText('knows').waitFor();
      assert.not.ok(await field.isVisible());
      const kept = await page.evaluate<string>(
        'JSON.stringify({ ...localStorage }) + document.cookie',
      );
      assert.is(kept, '{}');
    });
    await server.end();
  },
);

inChromium(
  'a server that is busy is asked again, and a photo beyond its limits is made smaller',
  async (open) => {
    const limits = { requestBytes: 100_000, heldBytes: 100_000 };
    const server = await serverOf(models, { limits });
    const large = path.join(temporaryFolder(), 'large.png');
    await sharp({
      create: {
        width: 1500,
        height: 1000,
        channels: 3,
        background: 'teal',
        noise: { type: 'gaussian', mean: 128, sigma: 40 },
      },
    })
      .png()
      .toFile(large);
    assert.ok(statSync(large).size > limits.requestBytes);
    await open(server.server.address, {}, async ({ page }) => {
      // Its body never ends, and holds what another would need.
      const hog = request(`${server.server.address}/v1/predict`, {
        method: 'POST',
        headers: { 'content-type': 'image/png', 'content-length': '99000' },
      });
      hog.on('error', () => {});
      hog.write('x');
      while (!(await isBusy(server))) await pause(20);
      await page.locator('#file').setInputFiles(large);
      await page.getByText('asked again in 1 s').waitFor();
      hog.destroy();
      const answer = await newest(page, 1);
      assert.is(await answer.locator('.name').innerText(), 'large.jpg');
      const width = await answer
        .locator('.photo')
        .evaluate((image) => (image as unknown as Picture).naturalWidth);
      assert.ok(width === 512 || width === 256, `${width} pixels wide: halved until it fits`);
    });
    await server.end();
  },
);

test('its pages are small, and need nothing else', () => {
  const files = readdirSync(pageFolder).filter((name) => /\.(html|css|js|svg)$/.test(name));
  assert.ok(files.includes('index.html') && files.includes('index.js'));
  const bytes = files.map((name) => gzipSync(readFileSync(path.join(pageFolder, name))).length);
  const sum = bytes.reduce((all, each) => all + each, 0);
  console.log(`${files.length} files of ${sum} bytes, gzipped`);
  assert.ok(sum < 100_000, `${sum} bytes`);
});

test.run();
