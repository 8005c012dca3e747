import { createHash } from 'node:crypto';
import { GillnetError } from '../errors.js';
import { descriptorWords } from './descriptors.js';
import { type Fingerprint, frameEdge, mostKeypoints, thumbnailEdge } from './fingerprint.js';

/** Grows with every change of the method, as fingerprints of two versions can't be compared. */
export const fingerprintVersion = 3;

/** Steps to a unit in which a keypoint's values are kept, as native code writes them: pixels, octaves, radians. */
const steps = { place: 128, octave: 64, angle: 256 / (2 * Math.PI) };
/** Added to octaves before they are counted, so that none is negative. */
const octaveOffset = 1;

const headerBytes = 8;
const keypointBytes = 6 + 4 * descriptorWords;
const checksumBytes = 4;

/**
 * A fingerprint as bytes, 7,692 at most: version, number of keypoints, sizes of frame and thumbnail, thumbnail,
 * keypoints, and the first bytes of the SHA-256 of all that. Little-endian.
 */
export function encode(fingerprint: Fingerprint): Uint8Array {
  const { thumbnail, x, y, octave, angle, descriptors } = fingerprint;
  const length = headerBytes + thumbnail.length + x.length * keypointBytes;
  const bytes = new Uint8Array(length + checksumBytes);
  const view = new DataView(bytes.buffer);
  view.setUint8(1, x.length);
  view.setUint16(2, fingerprint.width, true);
  view.setUint16(4, fingerprint.height, true);
  view.setUint8(6, fingerprint.thumbnailWidth);
  view.setUint8(7, fingerprint.thumbnailHeight);
  bytes.set(thumbnail, headerBytes);
  for (let i = 0; i < x.length; i += 1) {
    const at = headerBytes + thumbnail.length + i * keypointBytes;
    view.setUint16(at, Math.round((x[i] as number) * steps.place), true);
    view.setUint16(at + 2, Math.round((y[i] as number) * steps.place), true);
    view.setUint8(at + 4, Math.round(((octave[i] as number) + octaveOffset) * steps.octave));
    view.setUint8(at + 5, Math.round((angle[i] as number) * steps.angle));
    for (let word = 0; word < descriptorWords; word += 1) {
      view.setUint32(at + 6 + 4 * word, descriptors[i * descriptorWords + word] as number, true);
    }
  }
  return sealed(bytes);
}

/** Writes version and checksum of a fingerprint that is encoded but for these, in place. */
export function sealed(bytes: Uint8Array): Uint8Array {
  const length = bytes.length - checksumBytes;
  bytes[0] = fingerprintVersion;
  bytes.set(checksumOf(bytes.subarray(0, length)), length);
  return bytes;
}

/** True for what this version of gillnet has encoded, whole or not. */
export function isCurrent(bytes: Uint8Array): boolean {
  return bytes[0] === fingerprintVersion;
}

/** The fingerprint that was encoded. @throws GillnetError DAMAGED when it is another version's, or not whole */
export function decode(bytes: Uint8Array): Fingerprint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!isCurrent(bytes)) {
    throw new GillnetError(
      'DAMAGED',
      `A fingerprint begins with ${bytes[0] ?? 'nothing'}, not with version ${fingerprintVersion}. Extract the photos again.`,
    );
  }
  const length = bytes.length - checksumBytes;
  const body = bytes.subarray(0, Math.max(0, length));
  const whole =
    length >= headerBytes &&
    Buffer.compare(checksumOf(body), bytes.subarray(length)) === 0 &&
    lengthOf(view) === length;
  if (!whole) {
    throw new GillnetError(
      'DAMAGED',
      `A fingerprint of ${bytes.length} bytes does not match its checksum. Extract the photos again.`,
    );
  }
  const [thumbnailWidth, thumbnailHeight] = [view.getUint8(6), view.getUint8(7)];
  const end = headerBytes + thumbnailWidth * thumbnailHeight;
  return {
    width: view.getUint16(2, true),
    height: view.getUint16(4, true),
    thumbnail: bytes.slice(headerBytes, end),
    ...{ thumbnailWidth, thumbnailHeight },
    ...keypointsIn(view, end, view.getUint8(1)),
  };
}

/** @param start where they begin */
function keypointsIn(view: DataView, start: number, count: number) {
  const x = new Float32Array(count);
  const y = new Float32Array(count);
  const octave = new Float32Array(count);
  const angle = new Float32Array(count);
  const descriptors = new Uint32Array(count * descriptorWords);
  for (let i = 0; i < count; i += 1) {
    const at = start + i * keypointBytes;
    x[i] = view.getUint16(at, true) / steps.place;
    y[i] = view.getUint16(at + 2, true) / steps.place;
    octave[i] = view.getUint8(at + 4) / steps.octave - octaveOffset;
    angle[i] = view.getUint8(at + 5) / steps.angle;
    for (let word = 0; word < descriptorWords; word += 1) {
      descriptors[i * descriptorWords + word] = view.getUint32(at + 6 + 4 * word, true);
    }
  }
  return { x, y, octave, angle, descriptors };
}

function lengthOf(view: DataView): number {
  const sound =
    view.getUint8(1) <= mostKeypoints &&
    Math.max(view.getUint16(2, true), view.getUint16(4, true)) === frameEdge &&
    Math.max(view.getUint8(6), view.getUint8(7)) === thumbnailEdge;
  if (!sound) return -1;
  return headerBytes + view.getUint8(6) * view.getUint8(7) + view.getUint8(1) * keypointBytes;
}

function checksumOf(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest().subarray(0, checksumBytes);
}
