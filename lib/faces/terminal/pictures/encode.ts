import { inspect } from '../../../photos/decode.js';
import { pngOf, rasterOf } from '../../../photos/raster.js';
import { thumbnailEdge } from '../../../photos/thumbnail.js';
import { type Area, fitInto, type PixelSize } from './area.js';
import { blocks, type ColourDepth } from './blocks.js';
import type { Graphics } from './graphics.js';
import { iterm2 } from './iterm2.js';
import { kitty, kittyAgain } from './kitty.js';
import { sixel } from './sixel.js';

/** What a terminal takes pictures as. */
export interface Medium {
  graphics: Graphics;
  cell: PixelSize;
  colourDepth: ColourDepth;
}

/** A picture as its terminal takes it. */
export interface Encoded {
  /** What it covers. */
  area: Area;
  /** Written from the area's first row on, each at its first column. */
  lines: string[];
  /** What shows it again where rows that it covers were written. */
  again: string[];
}

/** Characters written for one picture at most. */
const limit = 200_000;
/** Of the area; smaller where a larger picture would go over the limit. */
const shares = [1, 0.7, 0.5, 0.35, 0.25, 0.1];

/**
 * A picture in the middle of an area, its aspect ratio kept.
 * @returns null where there is no way to show it
 * @throws GillnetError NOT_A_PHOTO
 */
export async function encode(bytes: Buffer, area: Area, medium: Medium): Promise<Encoded | null> {
  if (medium.graphics === 'none') return null;
  const picture = await inspect(bytes);
  for (const share of shares) {
    const fitted = fitInto(area, picture, medium.cell, share);
    const drawn = await drawIn(fitted, bytes, medium);
    const characters = drawn.lines.reduce((sum, line) => sum + line.length, 0);
    if (characters <= limit) return { area: fitted, ...drawn };
  }
  return null;
}

async function drawIn(
  area: Area,
  bytes: Buffer,
  { graphics, cell, colourDepth }: Medium,
): Promise<Pick<Encoded, 'lines' | 'again'>> {
  const exact = { width: area.columns * cell.width, height: area.rows * cell.height };
  if (graphics === 'kitty') {
    const raster = await rasterOf(bytes, small(exact));
    return { lines: [kitty(raster, area)], again: [kittyAgain(area)] };
  }
  const lines =
    graphics === 'iterm2'
      ? [iterm2(await pngOf(await rasterOf(bytes, small(exact))), area)]
      : graphics === 'sixel'
        ? [sixel(await rasterOf(bytes, exact))]
        : blocks(
            await rasterOf(bytes, { width: area.columns, height: 2 * area.rows }),
            colourDepth,
          );
  return { lines, again: lines };
}

/** A thumbnail has no more pixels; these terminals scale it themselves. */
function small({ width, height }: PixelSize): PixelSize {
  const scale = Math.min(1, thumbnailEdge / Math.max(width, height));
  const scaled = (edge: number) => Math.max(1, Math.round(edge * scale));
  return { width: scaled(width), height: scaled(height) };
}
