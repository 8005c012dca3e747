import { deflateSync } from 'node:zlib';
import type { Raster } from '../../../photos/raster.js';
import type { Size } from '../layout.js';

/** kitty's graphics protocol (sw.kovidgoyal.net/kitty/graphics-protocol), which Ghostty and WezTerm know, too. */

/** One picture is on the screen at a time: any number that other programs hardly take. */
const id = 71_153;
const chunkCharacters = 4096;
/** Drawn at the cursor, which stays; the terminal answers nothing. */
const quiet = 'q=2';

/** Hands a picture over and shows it, scaled to `cells`. */
export function kitty({ pixels, width, height }: Raster, cells: Size): string {
  const data = deflateSync(pixels).toString('base64');
  const chunks = Array.from({ length: Math.ceil(data.length / chunkCharacters) }, (_, index) =>
    data.slice(index * chunkCharacters, (index + 1) * chunkCharacters),
  );
  return chunks
    .map((chunk, index) => {
      const head = `a=T,f=24,o=z,s=${width},v=${height},${placement(cells)},`;
      const more = index < chunks.length - 1 ? 1 : 0;
      return command(`${index === 0 ? head : ''}${quiet},m=${more}`, chunk);
    })
    .join('');
}

/** Shows the picture that the terminal has, where what was written since may have gone over it. */
export function kittyAgain(cells: Size): string {
  return command(`a=p,${placement(cells)},${quiet}`);
}

/** Takes the picture off the screen and out of the terminal's memory. */
export function kittyDelete(): string {
  return command(`a=d,d=I,i=${id},${quiet}`);
}

function placement({ columns, rows }: Size): string {
  return `i=${id},p=1,c=${columns},r=${rows},C=1`;
}

function command(keys: string, payload = ''): string {
  return `\u001b_G${keys}${payload && `;${payload}`}\u001b\\`;
}
