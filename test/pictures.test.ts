import { inflateSync } from 'node:zlib';
import emulator from '@xterm/headless';
import sharp from 'sharp';
import { decode as decodeSixel } from 'sixel';
import * as assert from 'uvu/assert';
import { fitInto } from '../lib/faces/terminal/pictures/area.js';
import { blocks, type ColourDepth } from '../lib/faces/terminal/pictures/blocks.js';
import {
  type Answers,
  type Graphics,
  graphicsOf,
  noAnswers,
  takeAnswers,
} from '../lib/faces/terminal/pictures/graphics.js';
import { iterm2 } from '../lib/faces/terminal/pictures/iterm2.js';
import { kitty, kittyAgain, kittyDelete } from '../lib/faces/terminal/pictures/kitty.js';
import { sixel } from '../lib/faces/terminal/pictures/sixel.js';
import { pngOf, type Raster } from '../lib/photos/raster.js';
import { random } from '../lib/random.js';
import { suite } from './support/suite.js';

const test = suite('pictures in a terminal');

/** A picture whose pixels are these, row by row. */
function rasterOf(rows: [number, number, number][][]): Raster {
  const pixels = Uint8Array.from(rows.flat(2));
  return { pixels, width: rows[0]?.length ?? 0, height: rows.length };
}

function noise(width: number, height: number, level: (draw: number) => number = (draw) => draw) {
  const draws = random(1, 'noise');
  const pixels = Uint8Array.from({ length: 3 * width * height }, () => level(draws.integer(256)));
  return { pixels, width, height };
}

/** The first line of a terminal that this was written to: characters with their colours. */
async function shown(text: string) {
  const terminal = new emulator.Terminal({ cols: 20, rows: 4, allowProposedApi: true });
  await new Promise<void>((resolve) => terminal.write(text, resolve));
  const line = terminal.buffer.active.getLine(0);
  return Array.from({ length: 3 }, (_, column) => {
    const cell = line?.getCell(column);
    return [cell?.getChars(), cell?.getFgColor(), cell?.getBgColor(), cell?.getFgColorMode()];
  });
}

test('half-blocks have the colours of the pixels above each other', async () => {
  const raster = rasterOf([
    [
      [255, 0, 0],
      [1, 2, 3],
    ],
    [
      [0, 0, 255],
      [250, 128, 0],
    ],
  ]);
  const [line = '', ...others] = blocks(raster, 24);
  assert.equal(others, []);
  const [first, second, behind] = await shown(`${line}x`);
  assert.equal(first?.slice(0, 3), ['▀', 0xff0000, 0x0000ff]);
  assert.equal(second?.slice(0, 3), ['▀', 0x010203, 0xfa8000]);
  assert.equal(behind?.slice(0, 3), ['x', -1, -1], 'what follows has no colour');
  const [cube, next] = await shown(blocks(raster, 8)[0] ?? '');
  assert.equal(cube?.slice(0, 3), ['▀', 196, 21]);
  assert.equal(next?.slice(0, 3), ['▀', 16, 208]);
  const odd = rasterOf([[[9, 9, 9]], [[8, 8, 8]], [[7, 7, 7]]]);
  const lines = blocks(odd, 24);
  assert.is(lines.length, 2);
  assert.equal((await shown(lines[1] ?? ''))[0]?.slice(0, 3), ['▀', 0x070707, 0x070707]);
});

test('where there are no colours to choose from, shades stand for luminance', () => {
  const grey = (value: number): [number, number, number] => [value, value, value];
  const row = [0, 60, 128, 190, 255].map(grey);
  for (const depth of [1, 4] as ColourDepth[]) {
    assert.equal(blocks(rasterOf([row, row]), depth), [' ░▒▓█']);
  }
  const pixels = Uint8Array.of(0, 255, 0, 0, 0, 255);
  assert.equal(blocks({ pixels, width: 2, height: 1 }, 1), ['▓ '], 'green is light, blue is dark');
});

test('a run of equal colours names them once', () => {
  const row = Array.from({ length: 5 }, (): [number, number, number] => [1, 1, 1]);
  assert.is((blocks(rasterOf([row, row]), 24)[0] ?? '').split('38;2;').length - 1, 1);
});

test('kitty is handed all pixels in chunks, and told of the cells once', () => {
  const raster = noise(60, 40);
  const written = kitty(raster, { columns: 12, rows: 4 });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the protocol is made of them.
  const commands = [...written.matchAll(/\x1b_G([^;]*);([^\x1b]*)\x1b\\/g)];
  assert.is(commands.map(([whole]) => whole).join(''), written, 'nothing else');
  const keys = commands.map(([, text = '']) =>
    Object.fromEntries(text.split(',').map((pair) => pair.split('='))),
  );
  const { i, ...facts } = keys[0] ?? {};
  assert.equal(facts, {
    ...{ a: 'T', f: '24', o: 'z', s: '60', v: '40', p: '1', c: '12', r: '4' },
    ...{ C: '1', q: '2', m: '1' },
  });
  assert.ok(commands.length > 2);
  assert.equal(
    keys.slice(1).map(({ m }) => m),
    keys.slice(1).map((_, index) => (index === keys.length - 2 ? '0' : '1')),
  );
  const chunks = commands.map(([, , chunk = '']) => chunk);
  assert.ok(chunks.slice(0, -1).every(({ length }) => length === 4096));
  const pixels = inflateSync(Buffer.from(chunks.join(''), 'base64'));
  assert.equal([...pixels], [...raster.pixels]);
  assert.is(
    kittyAgain({ columns: 12, rows: 4 }),
    `\u001b_Ga=p,i=${i},p=1,c=12,r=4,C=1,q=2\u001b\\`,
  );
  assert.is(kittyDelete(), `\u001b_Ga=d,d=I,i=${i},q=2\u001b\\`);
});

test('iTerm2 is handed a file, and told of the cells', async () => {
  const raster = noise(20, 10);
  const written = iterm2(await pngOf(raster), { columns: 8, rows: 3 });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the protocol is made of them.
  const [, facts = '', data = ''] = /^\x1b\]1337;File=([^:]*):([^\x07]*)\x07$/.exec(written) ?? [];
  const file = Buffer.from(data, 'base64');
  assert.equal(facts.split(';'), [...['inline=1', `size=${file.length}`, 'width=8', 'height=3']]);
  assert.equal([...(await sharp(file).raw().toBuffer())], [...raster.pixels]);
});

/** What a decoder of others makes of it, RGB. */
function decodedSixel(written: string): Raster & { opaque: boolean } {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the protocol is made of them.
  const [, data = ''] = /^\x1bP0;1;0q(.*)\x1b\\$/s.exec(written) ?? [];
  const { width, height, data32 } = decodeSixel(data, { fillColor: 0 });
  const channels = Array.from(data32, (rgba) => [
    rgba & 255,
    (rgba >> 8) & 255,
    (rgba >> 16) & 255,
  ]);
  const opaque = data32.every((rgba) => rgba >>> 24 === 255);
  return { pixels: Uint8Array.from(channels.flat()), width, height, opaque };
}

test('sixels give colours of the cube as they are, in any size', () => {
  for (const [width, height] of [
    [1, 1],
    [7, 6],
    [33, 20],
  ] as const) {
    const raster = noise(width, height, (draw) => 51 * (draw % 6));
    const decoded = decodedSixel(sixel(raster));
    assert.equal([decoded.width, decoded.height], [width, height]);
    assert.ok(decoded.opaque, 'every pixel is drawn');
    assert.equal([...decoded.pixels], [...raster.pixels]);
  }
});

test('sixels give other colours on average', () => {
  const colour = [100, 30, 220];
  const pixels = Uint8Array.from({ length: 3 * 64 * 64 }, (_, at) => colour[at % 3] as number);
  const decoded = decodedSixel(sixel({ pixels, width: 64, height: 64 }));
  for (const channel of [0, 1, 2]) {
    const values = decoded.pixels.filter((_, at) => at % 3 === channel);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    assert.ok(Math.abs(mean - (colour[channel] as number)) < 1, `${mean} for ${colour[channel]}`);
  }
});

test('sixels of a flat picture are runs', () => {
  const pixels = new Uint8Array(3 * 200 * 6).fill(255);
  assert.is(
    sixel({ pixels, width: 200, height: 6 }),
    '\u001bP0;1;0q"1;1;200;6#215;2;100;100;100#215!200~\u001b\\',
  );
});

test('a picture keeps its aspect ratio in the middle of its area', () => {
  const cell = { width: 10, height: 20 };
  const area = { row: 3, column: 50, columns: 40, rows: 16 };
  const fitted = (width: number, height: number, share?: number) =>
    fitInto(area, { width, height }, cell, share);
  assert.equal(fitted(160, 80), { row: 6, column: 50, columns: 40, rows: 10 });
  assert.equal(fitted(80, 160), { row: 3, column: 62, columns: 16, rows: 16 });
  assert.equal(fitted(160, 80, 0.5), { row: 8, column: 60, columns: 20, rows: 5 });
  assert.equal(fitted(1000, 1).rows, 1);
});

test('what a terminal answers is told from what a person types', () => {
  const attributes = '\u001b[?62;4;22c';
  const cell = '\u001b[6;34;17t';
  const all = takeAnswers(`q${cell}1${attributes}\u001b[A`);
  assert.is(all.rest, 'q1\u001b[A');
  assert.is(all.pending, '');
  assert.equal(all.answers, { cell: { width: 17, height: 34 }, attributes: [62, 4, 22] });
  const both = cell + attributes;
  for (let at = 1; at < both.length; at += 1) {
    const first = takeAnswers(`a${both.slice(0, at)}`);
    const second = takeAnswers(`${first.pending}${both.slice(at)}b`, first.answers);
    assert.equal([first.rest, second.rest, second.pending], ['a', 'b', ''], `split at ${at}`);
    assert.equal(second.answers, all.answers, `split at ${at}`);
  }
  for (const typed of [
    '\u001b[6~',
    '\u001b[6;5~',
    '\u001b[5;2~',
    '\u001b[1;5C',
    'x;6t',
    '\u001bOA',
  ]) {
    assert.equal(takeAnswers(typed), { rest: typed, pending: '', answers: noAnswers });
  }
  assert.is(takeAnswers('\u001b').pending, '\u001b', 'may be Escape or a beginning');
  for (const nonsense of ['\u001b[6;0;0t', '\u001b[6;9999;9999t']) {
    assert.is(takeAnswers(nonsense).answers.cell, null, 'pixels that no cell has');
  }
});

test('the environment tells of pictures, then the terminal’s answer', () => {
  const xterm = { TERM: 'xterm-256color' };
  const withSixel = { cell: { width: 9, height: 18 }, attributes: [62, 4] };
  const without = { cell: null, attributes: [62, 22, 14, 44] };
  const table: [Record<string, string>, Answers, Graphics][] = [
    [xterm, without, 'blocks'],
    [xterm, withSixel, 'sixel'],
    [xterm, { ...withSixel, cell: null }, 'blocks'],
    [{ TERM: 'xterm-kitty' }, without, 'kitty'],
    [{ TERM: 'xterm-ghostty' }, without, 'kitty'],
    [{ ...xterm, KITTY_WINDOW_ID: '1' }, without, 'kitty'],
    [{ ...xterm, TERM_PROGRAM: 'ghostty' }, without, 'kitty'],
    [{ ...xterm, TERM_PROGRAM: 'WezTerm' }, withSixel, 'kitty'],
    [{ ...xterm, TERM_PROGRAM: 'iTerm.app' }, withSixel, 'iterm2'],
    [{ ...xterm, LC_TERMINAL: 'iTerm2' }, without, 'iterm2'],
    [{ ...xterm, TERM_PROGRAM: 'vscode' }, withSixel, 'sixel'],
    [{ ...xterm, TERM_PROGRAM: 'vscode', KITTY_WINDOW_ID: '1' }, without, 'blocks'],
    [{ ...xterm, TERM_PROGRAM: 'vscode', LC_TERMINAL: 'iTerm2' }, without, 'blocks'],
    [{ TERM: 'tmux-256color', TMUX: '/tmp/x', KITTY_WINDOW_ID: '1' }, without, 'blocks'],
    [{ TERM: 'tmux-256color', TMUX: '/tmp/x', TERM_PROGRAM: 'WezTerm' }, withSixel, 'sixel'],
    [{ TERM: 'screen', STY: '1.x', LC_TERMINAL: 'iTerm2' }, without, 'blocks'],
    [{ TERM: 'dumb', KITTY_WINDOW_ID: '1' }, without, 'none'],
    [{}, withSixel, 'none'],
  ];
  for (const [environment, answers, graphics] of table) {
    assert.is(graphicsOf(environment, answers), graphics, JSON.stringify(environment));
  }
  assert.is(graphicsOf(xterm, noAnswers), 'blocks', 'a terminal that has not answered');
});

test.run();
