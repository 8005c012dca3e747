/** Steps to a unit in which a keypoint's values are kept, as native code writes them: pixels, octaves, radians. */
export const steps = { place: 128, octave: 64, angle: 256 / (2 * Math.PI) };
/** Added to octaves before they are counted, so that none is negative. */
export const octaveOffset = 1;
