import emulator from '@xterm/headless';
import sharp from 'sharp';
import * as assert from 'uvu/assert';
import { encode } from '../lib/faces/terminal/pictures/encode.js';
import { type Graphics, smallCell } from '../lib/faces/terminal/pictures/graphics.js';
import { kittyDelete } from '../lib/faces/terminal/pictures/kitty.js';
import { PictureLayer, type WantedPicture } from '../lib/faces/terminal/pictures/layer.js';
import { suite } from './support/suite.js';

const test = suite('the picture over a screen');

const columns = 40;
const rows = 10;
const area = { row: 2, column: 20, columns: 10, rows: 5 };
const webp = (r: number, { width = 40, height = 40 } = {}) =>
  sharp({ create: { width, height, channels: 3, background: { r, g: 0, b: 0 } } })
    .webp({ lossless: true })
    .toBuffer();
const image = async (r: number) => (await webp(r)).toString('base64');
const [dark, light, broken] = [await image(60), await image(240), 'bm8gcGljdHVyZQ=='];

/** A terminal with a layer, drawn as a face does it. */
class Screen {
  written = '';
  ready = 0;
  #emulator = new emulator.Terminal({ cols: columns, rows, allowProposedApi: true });
  #layer: PictureLayer;
  #wanted: WantedPicture | null = { image: dark, area };
  #waiting: (() => void) | null = null;
  /** Of those that were ready. */
  #seen = 0;

  constructor(graphics: Graphics) {
    const onReady = () => {
      this.ready += 1;
      this.#waiting?.();
    };
    this.#layer = new PictureLayer(() => this.#wanted, onReady);
    assert.equal(this.#layer.want(), [], 'nothing before it is known how');
    this.#layer.learn({ graphics, cell: smallCell, colourDepth: 24 });
    this.#emulator.write(Array.from({ length: rows }, (_, row) => this.#text(row)).join(''));
  }

  /** One frame, of which these rows have changed. */
  async frame(wanted: WantedPicture | null, changed: number[] = []): Promise<number[]> {
    this.#wanted = wanted;
    const forced = this.#layer.want();
    const rewritten = [...new Set([...changed, ...forced])];
    const drawn = this.#layer.draw(rewritten);
    this.written = drawn;
    const text = rewritten.map((row) => this.#text(row)).join('');
    await new Promise<void>((resolve) => this.#emulator.write(text + drawn, resolve));
    return forced;
  }

  /** Until the wanted picture can be drawn, be it already. */
  async whenReady(): Promise<void> {
    if (this.ready === this.#seen) {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
    this.#seen = this.ready;
  }

  clear(): string {
    return this.#layer.clear();
  }

  /** Cells of a picture, as `row column red`. */
  picture(): string[] {
    return Array.from({ length: rows * columns }, (_, at) => {
      const [row, column] = [Math.floor(at / columns), at % columns];
      const cell = this.#emulator.buffer.active.getLine(row)?.getCell(column);
      return cell?.getChars() === '▀' ? `${row} ${column} ${cell.getFgColor() >> 16}` : '';
    }).filter(Boolean);
  }

  #text(row: number): string {
    return `\u001b[${row + 1};1H\u001b[2Kline ${row}`;
  }
}

/** The cells of a square picture in the middle of an area that is as wide as it is high. */
const cellsOf = (top: number, left: number, red: number) =>
  Array.from({ length: 50 }, (_, at) => `${top + Math.floor(at / 10)} ${left + (at % 10)} ${red}`);

test('a picture appears once it is decoded, stays, is drawn again, changes, moves and goes', async () => {
  const screen = new Screen('blocks');
  assert.equal(await screen.frame({ image: dark, area }), []);
  assert.equal(screen.picture(), [], 'nothing before it is decoded');
  await screen.whenReady();
  assert.equal(await screen.frame({ image: dark, area }), []);
  assert.equal(screen.picture(), cellsOf(2, 20, 60));

  assert.equal(await screen.frame({ image: dark, area }, [0, 1, 9]), []);
  assert.is(screen.written, '', 'rows elsewhere do not touch it');
  await screen.frame({ image: dark, area }, [4]);
  assert.equal(screen.picture(), cellsOf(2, 20, 60), 'a row that was written over is mended');

  assert.equal(await screen.frame({ image: light, area }), [2, 3, 4, 5, 6]);
  assert.equal(screen.picture(), [], 'the old one goes at once');
  await screen.whenReady();
  await screen.frame({ image: light, area });
  assert.equal(screen.picture(), cellsOf(2, 20, 240));
  assert.equal(await screen.frame({ image: dark, area }), [2, 3, 4, 5, 6]);
  assert.equal(screen.picture(), cellsOf(2, 20, 60), 'one that was shown before is kept');

  const moved = { ...area, row: 4, column: 5 };
  assert.equal(await screen.frame({ image: dark, area: moved }), [2, 3, 4, 5, 6]);
  await screen.whenReady();
  await screen.frame({ image: dark, area: moved });
  assert.equal(screen.picture(), cellsOf(4, 5, 60));

  assert.equal(await screen.frame(null), [4, 5, 6, 7, 8]);
  assert.equal(screen.picture(), []);
  assert.equal(await screen.frame(null), []);
  assert.is(screen.written, '');
  assert.is(screen.ready, 3);
});

test('kitty is told to take a picture away, and to show the same one again', async () => {
  const screen = new Screen('kitty');
  await screen.frame({ image: dark, area });
  await screen.whenReady();
  await screen.frame({ image: dark, area });
  assert.ok(screen.written.startsWith('\u001b[3;21H\u001b_Ga=T,'), screen.written.slice(0, 30));
  await screen.frame({ image: dark, area }, [3]);
  assert.ok(screen.written.startsWith('\u001b[3;21H\u001b_Ga=p,'), screen.written.slice(0, 30));
  assert.ok(screen.written.length < 100, 'without its pixels');
  await screen.frame({ image: light, area });
  assert.is(screen.written, kittyDelete());
  await screen.whenReady();
  await screen.frame({ image: light, area });
  await screen.frame(null);
  assert.is(screen.written, kittyDelete());
  await screen.frame({ image: dark, area });
  assert.is(screen.clear(), kittyDelete(), 'before the screen is given back');
  assert.is(screen.clear(), '');
});

test('a screen that was cleared gets its picture again', async () => {
  const screen = new Screen('sixel');
  await screen.frame({ image: dark, area });
  await screen.whenReady();
  await screen.frame({ image: dark, area });
  const { written } = screen;
  assert.ok(written.startsWith('\u001b[3;21H\u001bP'));
  assert.is(screen.clear(), '');
  assert.equal(await screen.frame({ image: dark, area }), []);
  assert.is(screen.written, written);
});

test('a broken image draws nothing, and one no longer wanted is not told of', async () => {
  const screen = new Screen('blocks');
  await screen.frame({ image: broken, area });
  await screen.frame({ image: dark, area });
  await screen.frame({ image: light, area });
  await screen.whenReady();
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.is(screen.ready, 1);
  await screen.frame({ image: broken, area });
  await new Promise((resolve) => setTimeout(resolve, 50));
  await screen.frame({ image: broken, area });
  assert.equal(screen.picture(), []);
  assert.is(screen.written, '');
});

test('whatever the terminal takes, a picture keeps to its area and to what may be written', async () => {
  const draws = await sharp({
    create: {
      ...{ width: 160, height: 120, channels: 3, background: 'black' },
      noise: { type: 'gaussian', mean: 128, sigma: 60 },
    },
  })
    .webp({ quality: 90 })
    .toBuffer();
  const large = { row: 1, column: 3, columns: 200, rows: 90 };
  const cell = { width: 10, height: 20 };
  for (const graphics of ['kitty', 'iterm2', 'sixel', 'blocks'] as const) {
    const encoded = await encode(draws, large, { graphics, cell, colourDepth: 24 });
    assert.ok(encoded, graphics);
    const { lines, area: covered } = encoded;
    assert.ok(lines.join('').length <= 200_000, `${graphics}: ${lines.join('').length}`);
    assert.ok(covered.row >= 1 && covered.row + covered.rows <= 91, graphics);
    assert.ok(covered.column >= 3 && covered.column + covered.columns <= 203, graphics);
    const ratio = (covered.columns * cell.width) / (covered.rows * cell.height);
    assert.ok(Math.abs(ratio - 4 / 3) < 0.1, `${graphics}: ${ratio}`);
  }
  const medium = { graphics: 'none', cell, colourDepth: 24 } as const;
  assert.is(await encode(draws, large, medium), null);
});

test.run();
