import type { Size } from '../layout.js';

/**
 * A picture at the cursor, as large as fits into these cells: iTerm2's inline images
 * (iterm2.com/documentation-images.html), which keep the aspect ratio.
 */
export function iterm2(png: Buffer, { columns, rows }: Size): string {
  const facts = ['inline=1', `size=${png.length}`, `width=${columns}`, `height=${rows}`];
  return `\u001b]1337;File=${facts.join(';')}:${png.toString('base64')}\u0007`;
}
