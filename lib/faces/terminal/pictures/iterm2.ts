import type { Cells } from './area.js';

/**
 * A picture at the cursor, as large as fits into `cells`: iTerm2's inline images
 * (iterm2.com/documentation-images.html), which keep the aspect ratio.
 */
export function iterm2(png: Buffer, { columns, rows }: Cells): string {
  const facts = ['inline=1', `size=${png.length}`, `width=${columns}`, `height=${rows}`];
  return `\u001b]1337;File=${facts.join(';')}:${png.toString('base64')}\u0007`;
}
