import type { Tone } from './state.js';

const colours: Record<Tone, string | undefined> = {
  plain: undefined,
  good: 'green',
  warning: 'yellow',
  error: 'red',
};

/** Named colours only: a terminal's own theme keeps them readable on light and dark. */
export function toneColour(tone: Tone): { color?: string } {
  const color = colours[tone];
  return color ? { color } : {};
}
