/** Angles that are told apart in a full turn. */
export const anglesInTurn = 256;
/** Steps to a unit in which a keypoint's values are kept: pixels, octaves, radians. */
export const steps = { place: 128, octave: 64, angle: anglesInTurn / (2 * Math.PI) };
/** Added to octaves before they are counted, so that none is negative. */
export const octaveOffset = 1;

/**
 * The values on whole steps, as they are after a fingerprint was encoded and decoded.
 * @param wrap the step that is the first one again
 */
export function stepped(
  values: number[],
  stepsToUnit: number,
  wrap = Number.POSITIVE_INFINITY,
): Float32Array {
  return Float32Array.from(
    values,
    (value) => (Math.round(value * stepsToUnit) % wrap) / stepsToUnit,
  );
}
