import * as assert from 'uvu/assert';
import { type ErrorCode, GillnetError } from '../../lib/errors.js';

/** Asserts that `work` fails with a GillnetError of this code, and gives the error. */
export async function failsWith(code: ErrorCode, work: () => unknown): Promise<GillnetError> {
  try {
    await work();
  } catch (error) {
    assert.instance(error, GillnetError, String(error));
    assert.is((error as GillnetError).code, code);
    return error as GillnetError;
  }
  return assert.unreachable(`expected an error ${code}`) as never;
}
