import { printable } from '../format.js';
import type { ScreenState } from './state.js';

/** What a person reads below a crash: what is kept, and the next step. */
export function farewell(state: ScreenState): string {
  return `gillnet was ended by a signal, as native code sends it when it fails.\n${nextStep(state)}\n`;
}

function nextStep({ watching, training, saved }: ScreenState): string {
  if (watching) return 'It only looked on: the run itself is another process.';
  if (saved) return printable(`The model is saved: ${saved.model}.`);
  if (!training) return 'Nothing was trained yet: start it again.';
  return (
    'The training is kept up to its last checkpoint: go on with ' +
    `\`npx gillnet train --resume ${training.started.run}\`.`
  );
}
