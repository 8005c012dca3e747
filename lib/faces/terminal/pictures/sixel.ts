import type { Raster } from '../../../photos/raster.js';

/** Sixel graphics of DEC's VT340: bands of six rows, one bit a pixel, drawn once for each colour in it. */

const levels = 6;
const bandRows = 6;
/** Thresholds of ordered dithering (Bayer 1973), 0…63. */
const bayer = Array.from({ length: 64 }, (_, at) => threshold(at % 8, at >> 3));

/** A picture at the cursor, pixel by pixel, in the 216 colours of a cube with six levels a channel. */
export function sixel(raster: Raster): string {
  const { width, height } = raster;
  const colours = dithered(raster);
  const used = [...new Set(colours)].sort((a, b) => a - b);
  const bands = Array.from({ length: Math.ceil(height / bandRows) }, (_, band) =>
    bandOf(colours.subarray(band * bandRows * width, (band + 1) * bandRows * width), width),
  );
  // P2 = 1: what no colour draws, below the last row, stays as it was.
  return `\u001bP0;1;0q"1;1;${width};${height}${used.map(define).join('')}${bands.join('-')}\u001b\\`;
}

/** Numbers of colours in the cube, one a pixel. */
function dithered({ pixels, width, height }: Raster): Uint8Array {
  const colours = new Uint8Array(width * height);
  for (let at = 0; at < colours.length; at += 1) {
    const x = at % width;
    const y = (at - x) / width;
    const shift = ((bayer[8 * (y & 7) + (x & 7)] as number) + 0.5) / 64;
    const level = (channel: number) =>
      Math.floor(((pixels[3 * at + channel] as number) / 255) * (levels - 1) + shift);
    colours[at] = (level(0) * levels + level(1)) * levels + level(2);
  }
  return colours;
}

/** Each colour's pixels of at most six rows, over each other. */
function bandOf(colours: Uint8Array, width: number): string {
  const masks = new Map<number, Uint8Array>();
  colours.forEach((colour, at) => {
    let mask = masks.get(colour);
    if (!mask) {
      mask = new Uint8Array(width);
      masks.set(colour, mask);
    }
    const x = at % width;
    mask[x] = (mask[x] as number) | (1 << ((at - x) / width));
  });
  return [...masks].map(([colour, mask]) => `#${colour}${runs(mask)}`).join('$');
}

/** Run lengths, where they are shorter; nothing for what is empty at the end. */
function runs(mask: Uint8Array): string {
  let text = '';
  let end = mask.length;
  while (mask[end - 1] === 0) end -= 1;
  for (let at = 0; at < end; ) {
    const bits = mask[at] as number;
    let next = at + 1;
    while (next < end && mask[next] === bits) next += 1;
    const character = String.fromCharCode(63 + bits);
    text += next - at > 3 ? `!${next - at}${character}` : character.repeat(next - at);
    at = next;
  }
  return text;
}

/** Channels in per cent. */
function define(colour: number): string {
  const percent = (level: number) => (100 / (levels - 1)) * (level % levels);
  const [r, g, b] = [colour / levels ** 2, colour / levels, colour].map(Math.floor).map(percent);
  return `#${colour};2;${r};${g};${b}`;
}

/** The matrix's value: bits of x ^ y and y, interleaved from the lowest up as its highest ones. */
function threshold(x: number, y: number): number {
  return [0, 1, 2].reduce((value, bit) => {
    const [across, down] = [((x ^ y) >> bit) & 1, (y >> bit) & 1];
    return value | (((across << 1) | down) << (4 - 2 * bit));
  }, 0);
}
