import type { Raster } from '../../../photos/raster.js';

/** Pictures of characters, for any terminal. */

/** Bits of colour, as Node's `getColorDepth` tells them. */
export type ColourDepth = 1 | 4 | 8 | 24;

type Rgb = readonly [number, number, number];

const reset = '\u001b[0m';
const shades = [' ', '░', '▒', '▓', '█'];

/**
 * A line for every two rows of pixels, a character for every column: half-blocks with the upper pixel as
 * their foreground; shades by luminance where there are only the terminal's own sixteen colours.
 */
export function blocks(raster: Raster, depth: ColourDepth): string[] {
  return Array.from({ length: Math.ceil(raster.height / 2) }, (_, line) => {
    const cells = Array.from({ length: raster.width }, (_, x) => {
      const upper = pixel(raster, x, 2 * line);
      return { upper, lower: pixel(raster, x, Math.min(2 * line + 1, raster.height - 1)) };
    });
    if (depth < 8) return cells.map(({ upper, lower }) => shade(upper, lower)).join('');
    const colourOf = depth === 24 ? direct : indexed;
    let before = '';
    const text = cells.map(({ upper, lower }) => {
      const colours = `\u001b[38;${colourOf(upper)};48;${colourOf(lower)}m`;
      const change = colours === before ? '' : colours;
      before = colours;
      return `${change}▀`;
    });
    return text.join('') + reset;
  });
}

function pixel({ pixels, width }: Raster, x: number, y: number): Rgb {
  const at = 3 * (y * width + x);
  return [pixels[at] ?? 0, pixels[at + 1] ?? 0, pixels[at + 2] ?? 0];
}

const direct = (rgb: Rgb) => `2;${rgb.join(';')}`;

/** The nearest of the 6 × 6 × 6 cube, whose levels are 0, 95, 135, 175, 215 and 255 in xterm's palette. */
function indexed(rgb: Rgb): string {
  const [r, g, b] = rgb.map((value) =>
    value < 48 ? 0 : value < 115 ? 1 : Math.round((value - 55) / 40),
  ) as unknown as Rgb;
  return `5;${16 + 36 * r + 6 * g + b}`;
}

function shade(upper: Rgb, lower: Rgb): string {
  const light = (luminance(upper) + luminance(lower)) / 2;
  return shades[Math.min(shades.length - 1, Math.floor((light / 256) * shades.length))] ?? ' ';
}

/** ITU-R BT.709 */
const luminance = ([r, g, b]: Rgb) => 0.2126 * r + 0.7152 * g + 0.0722 * b;
