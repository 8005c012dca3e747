import type { Tone } from './state.js';

/** Named colours only: a terminal's own theme keeps them readable on light and dark. Empty is the terminal's own. */
export const toneColour: Record<Tone, string> = {
  plain: '',
  good: 'green',
  warning: 'yellow',
  error: 'red',
};
