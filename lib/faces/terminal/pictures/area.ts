import type { Size } from '../layout.js';

/** A part of the screen, in characters; row and column count from 0. */
export interface Area extends Size {
  row: number;
  column: number;
}

/** Of a character, or of a picture, in pixels. */
export interface PixelSize {
  width: number;
  height: number;
}

/**
 * The part in the middle of an area that has the picture's aspect ratio, to the nearest cell.
 * @param share of the largest such part, in each direction
 */
export function fitInto(area: Area, picture: PixelSize, cell: PixelSize, share = 1): Area {
  const scale =
    share *
    Math.min(
      (area.columns * cell.width) / picture.width,
      (area.rows * cell.height) / picture.height,
    );
  const columns = Math.max(1, Math.round((picture.width * scale) / cell.width));
  const rows = Math.max(1, Math.round((picture.height * scale) / cell.height));
  return {
    row: area.row + Math.floor((area.rows - rows) / 2),
    column: area.column + Math.floor((area.columns - columns) / 2),
    ...{ columns, rows },
  };
}
