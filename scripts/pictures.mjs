// npm run pictures: the README's pictures, docs/images/trainer.png and report.png, of one run on photos that gillnet draws.
// Needs tmux, Chromium and the fonts of DejaVu.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import sharp from 'sharp';
import { Pane } from './pictures/pane.mjs';
import { drawScreen } from './pictures/screen.mjs';
import { installPrograms, programFile } from './programs.mjs';
import { orExplain, setUp } from './setup.mjs';
import { ask, root, SetUpError } from './shell.mjs';

/** Fewer than by default, after which the model still takes some photos for others. */
const epochs = 10;
const columns = 110;
const rows = 30;
/** Of the report, in the order in which it has them. */
const sections = ['figures', 'confusion', 'groups'];

await orExplain(async () => {
  await setUp();
  if (!ask('tmux', ['-V']))
    throw new SetUpError('needs tmux, not found on the PATH; `apt-get install tmux`.');
  await installPrograms(['chromium']);
});

const folder = mkdtempSync(path.join(tmpdir(), 'gillnet-pictures-'));
const pane = new Pane({ columns, rows, folder });
const browser = await chromium.launch({ executablePath: programFile('chromium') });
try {
  const gillnet = path.join(root, 'scripts/gillnet.mjs');
  pane.start([process.execPath, gillnet, 'run', '--yes', '--epochs', String(epochs)]);
  await pane.waitFor(new RegExp(`^epoch ${epochs - 1}/${epochs} .*step`, 'm'), 600);
  await shootScreen(pane.captured());
  await pane.waitFor(/q leave/, 600);
  pane.press('q');
  await pane.waitForEnd(60);
  await shootReport();
} finally {
  await browser.close();
  pane.close();
  rmSync(folder, { recursive: true, force: true });
}

async function shootScreen(captured) {
  const { svg, width, height } = await drawScreen(captured, { columns, rows });
  const page = await browser.newPage({ viewport: { width, height }, deviceScaleFactor: 2 });
  await page.setContent(`<style>body { margin: 0 } svg { display: block }</style>${svg}`);
  await keep('trainer.png', await page.screenshot());
}

async function shootReport() {
  const runs = path.join(folder, '.gillnet/runs');
  const [run] = readdirSync(runs);
  const page = await browser.newPage({ viewport: { width: 1000, height: 800 } });
  await page.goto(`file://${path.join(runs, run, 'report.html')}`);
  const beside = '[aria-labelledby=groups] .beside, .cards li:nth-child(n + 4)';
  const others = sections.map((id) => `:not([aria-labelledby=${id}])`).join('');
  await page.addStyleTag({
    content: `section${others}, nav, footer, ${beside} { display: none }`,
  });
  await keep('report.png', await page.screenshot({ fullPage: true }));
}

/** In 256 colours, which are a third of the bytes. */
async function keep(name, screenshot) {
  const file = path.join(root, 'docs/images', name);
  const { size } = await sharp(screenshot).png({ palette: true, effort: 10 }).toFile(file);
  console.log(`${path.relative(root, file)}: ${Math.round(size / 1000)} kB`);
}
