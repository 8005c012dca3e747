import type { GillnetEvent } from '../../../pipeline/events.js';
import { type Choice, estimate } from '../../../pipeline/proposal.js';
import { duration } from '../../format.js';
import { recipeFor } from './fields.js';
import { shapeOf } from './press.js';

/** How long a choice would take, in words: `about 26 min, until 14:35; …`. */
export function expectation(
  choice: Choice,
  proposed: GillnetEvent<'proposed'>,
  measured: GillnetEvent<'measured'>[],
  now: number,
): string {
  const shape = shapeOf(choice);
  const found = measured.findLast((event) => shapeOf(event.choice) === shape);
  if (!found) return 'measuring a few steps to tell how long it would take…';
  const { timing } = found;
  if (!timing) return 'how long it would take could not be measured';
  const recipe = recipeFor(choice);
  const seconds = estimate(timing, photosOf(proposed, recipe.decodeSize), recipe);
  const end = new Date(now + 1000 * seconds);
  return (
    `about ${duration(Math.max(1, seconds))}, until ${clock(end)}; ` +
    `measured: ${(recipe.batchSize / timing.step).toFixed(1)} images/s`
  );
}

function photosOf({ classes, memory }: GillnetEvent<'proposed'>, edge: number) {
  const train = classes.reduce((sum, each) => sum + each.train, 0);
  const val = classes.reduce((sum, each) => sum + each.val, 0);
  return { train, val, held: (train + val) * edge * edge * 3 <= memory };
}

const clock = (time: Date) =>
  [time.getHours(), time.getMinutes()].map((part) => String(part).padStart(2, '0')).join(':');
