import { GillnetError } from '../errors.js';
import { decode, headerOf, type PhotoFacts, told } from './decode.js';
import type { Resize } from './resizes.js';

/** First bytes of JPEG, PNG, GIF, WebP and TIFF, in hex. */
const signatures = [
  /^ffd8ff/,
  /^89504e470d0a1a0a/,
  /^47494638(37|39)61/,
  /^52494646.{8}57454250/,
  /^(49492a00|4d4d002a)/,
];

/**
 * A photo's header, of bytes that may be anything. What they are is told by their first bytes before a decoder sees them,
 * so that none but those of photos ever does: no SVG, whatever it is called.
 * @param mostPixels of the whole photo
 * @throws GillnetError NOT_A_PHOTO
 */
export async function requirePhoto(bytes: Uint8Array, mostPixels: number): Promise<PhotoFacts> {
  const first = Buffer.from(bytes.subarray(0, 12)).toString('hex');
  if (!signatures.some((signature) => signature.test(first))) {
    throw new GillnetError('NOT_A_PHOTO', 'It is no JPEG, PNG, WebP, GIF or TIFF.');
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

/** `decode` of bytes that may be anything, as `requirePhoto` takes them. @throws GillnetError NOT_A_PHOTO */
export async function decodeUntrusted(
  bytes: Uint8Array,
  { size, resize, mostPixels }: { size: number; resize: Resize; mostPixels: number },
): Promise<{ pixels: Uint8Array; facts: PhotoFacts }> {
  const facts = await requirePhoto(bytes, mostPixels);
  return { pixels: await decode(bytes, size, resize), facts };
}
