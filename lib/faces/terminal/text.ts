import stringWidth from 'string-width';
import { printable } from '../format.js';

/** Text cut and filled to columns of a terminal, where some characters take two. */

const segmenter = new Intl.Segmenter();
const graphemes = (text: string) => [...segmenter.segment(text)].map(({ segment }) => segment);
const ellipsis = '…';

export const widthOf = (text: string): number => stringWidth(text);
export const widestOf = (texts: string[]): number => Math.max(...texts.map(widthOf));

/** At most `width` columns of it, its beginning kept: labels, messages. */
export function cutEnd(text: string, width: number): string {
  const shown = printable(text);
  if (widthOf(shown) <= width) return shown;
  if (width < 1) return '';
  return `${take(graphemes(shown), width - 1).join('')}${ellipsis}`;
}

/** At most `width` columns of it, its end kept: that is where paths differ. */
export function cutStart(text: string, width: number): string {
  const shown = printable(text);
  if (widthOf(shown) <= width) return shown;
  if (width < 1) return '';
  return `${ellipsis}${take(graphemes(shown).reverse(), width - 1)
    .reverse()
    .join('')}`;
}

/** Exactly `width` columns: cut or filled with spaces. */
export function fit(text: string, width: number): string {
  return fill(cutEnd(text, width), width);
}

export function fill(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** A bar of `width` columns, filled to `share` (0…1). */
export function progressBar(share: number, width: number): string {
  const filled = Math.round(Math.max(0, Math.min(1, share)) * width);
  return '█'.repeat(filled) + '░'.repeat(width - filled);
}

/** Lines of at most `width` columns, broken between words where there are some. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of printable(text).split(' ')) {
    const joined = line === '' ? word : `${line} ${word}`;
    if (widthOf(joined) <= width) {
      line = joined;
      continue;
    }
    if (line !== '') lines.push(line);
    let rest = graphemes(word);
    while (widthOf(rest.join('')) > width) {
      const part = take(rest, width);
      lines.push(part.join(''));
      rest = rest.slice(Math.max(1, part.length));
    }
    line = rest.join('');
  }
  return [...lines, line];
}

/** As many of the first characters as fit. */
function take(characters: string[], width: number): string[] {
  let used = 0;
  const end = characters.findIndex((character) => {
    used += widthOf(character);
    return used > width;
  });
  return end < 0 ? characters : characters.slice(0, end);
}
