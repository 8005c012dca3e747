import { GillnetError } from '../errors.js';
import { headerOf, type PhotoFacts, told } from './decode.js';
import { formats, formatsInWords } from './formats.js';

/**
 * A photo's header, of bytes that may be anything. What they are is told by their first bytes before a decoder sees them,
 * so that none but those of photos ever does: no SVG, whatever it is called.
 * @param mostPixels of the whole photo
 * @throws GillnetError NOT_A_PHOTO
 */
export async function requirePhoto(bytes: Uint8Array, mostPixels: number): Promise<PhotoFacts> {
  const first = Buffer.from(bytes.subarray(0, 12)).toString('hex');
  if (!Object.values(formats).some(({ signature }) => signature.test(first))) {
    throw new GillnetError('NOT_A_PHOTO', `It is no ${formatsInWords}.`);
  }
  const facts = await told(() => headerOf(bytes));
  const pixels = facts.width * facts.height;
  if (pixels > mostPixels) {
    throw new GillnetError(
      'NOT_A_PHOTO',
      `It has ${facts.width} × ${facts.height} pixels, and ${mostPixels} are the most that is taken.`,
    );
  }
  return facts;
}
