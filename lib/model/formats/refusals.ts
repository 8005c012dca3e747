import { GillnetError } from '../../errors.js';

/** Why bytes are no model's: what each part of a reader finds, in words that go on from these. */

export const notState = (reason: string) =>
  new GillnetError('BAD_MODEL_FILE', `It is not a state_dict: ${reason}.`);

export const notWhole = (reason: string) =>
  new GillnetError('BAD_MODEL_FILE', `It is not a whole model file: ${reason}.`);
