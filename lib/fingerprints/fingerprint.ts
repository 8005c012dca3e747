import { look } from './decode.js';
import { describe, descriptorWords } from './descriptors.js';
import { blurred, type Grey, type GreyRaster, greyOf, resized } from './grey.js';
import { extremesOf, type Keypoint, levelsPerOctave, pyramidOf } from './keypoints.js';
import { anglesOf } from './orientation.js';
import { anglesInTurn, stepped, steps } from './steps.js';
import { trimmed } from './trim.js';

/** What a photo is known by, whatever its size, compression, crop, rotation or frame. */
export interface Fingerprint {
  /** Size of the frame, without plain borders, in which keypoints stand; the longer edge is `frameEdge`. */
  width: number;
  height: number;
  /** uint8 [thumbnailHeight, thumbnailWidth], grey, of the frame */
  thumbnail: Uint8Array;
  thumbnailWidth: number;
  thumbnailHeight: number;
  /** float32 [keypoints] each: pixels of the frame, octaves of size, radians. */
  x: Float32Array;
  y: Float32Array;
  octave: Float32Array;
  angle: Float32Array;
  /** uint32 [keypoints, 8] */
  descriptors: Uint32Array;
}

/** Longer edge of what is decoded, of the frame and of the thumbnail, in pixels. */
export const decodedEdge = 320;
export const frameEdge = 256;
export const thumbnailEdge = 40;
export const mostKeypoints = 160;
/** Keypoints from one square of the frame at first, so that they spread over the photo. */
const cellEdge = 32;
const mostInCell = 5;

/** The fingerprint of a photo's bytes. @throws GillnetError NOT_A_PHOTO */
export async function fingerprintOf(bytes: Uint8Array): Promise<Fingerprint> {
  return fingerprintOfRaster((await look(bytes, decodedEdge)).raster);
}

/** The fingerprint of a photo that was decoded with `decodedEdge` pixels at the longer edge. */
export function fingerprintOfRaster(raster: GreyRaster): Fingerprint {
  const inner = trimmed(greyOf(raster));
  const frame = scaledTo(inner, frameEdge);
  const small = scaledTo(blurred(blurred(scaledTo(frame, 128), 1.2), 1), thumbnailEdge);
  const levels = pyramidOf(frame);
  const keypoints = spread(extremesOf(levels))
    .flatMap((keypoint) => anglesOf(keypoint, levels).map((angle) => ({ ...keypoint, angle })))
    .slice(0, mostKeypoints);
  const descriptors = new Uint32Array(descriptorWords * keypoints.length);
  keypoints.forEach((keypoint, i) => {
    describe(keypoint, levels, descriptors, i * descriptorWords);
  });
  return {
    width: frame.width,
    height: frame.height,
    thumbnail: Uint8Array.from(small.values, Math.round),
    thumbnailWidth: small.width,
    thumbnailHeight: small.height,
    x: stepped(
      keypoints.map(({ x }) => x),
      steps.place,
    ),
    y: stepped(
      keypoints.map(({ y }) => y),
      steps.place,
    ),
    octave: stepped(
      keypoints.map(({ level }) => level / levelsPerOctave),
      steps.octave,
    ),
    angle: stepped(
      keypoints.map(({ angle }) => angle),
      steps.angle,
      anglesInTurn,
    ),
    descriptors,
  };
}

function scaledTo(grey: Grey, edge: number): Grey {
  const scale = edge / Math.max(grey.width, grey.height);
  const of = (length: number) => Math.max(1, Math.round(length * scale));
  return resized(grey, of(grey.width), of(grey.height));
}

/** The strongest keypoints, first those that leave room for others around them. */
function spread(keypoints: Keypoint[]): Keypoint[] {
  const perCell = new Map<number, number>();
  const first: Keypoint[] = [];
  const rest: Keypoint[] = [];
  for (const keypoint of keypoints) {
    const cell = Math.floor(keypoint.x / cellEdge) * 64 + Math.floor(keypoint.y / cellEdge);
    const count = perCell.get(cell) ?? 0;
    perCell.set(cell, count + 1);
    (count < mostInCell ? first : rest).push(keypoint);
  }
  return [...first, ...rest].slice(0, mostKeypoints);
}
