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

/** Longer edge of what is decoded, of the frame and of the thumbnail, in pixels; the last two are native code's. */
export const decodedEdge = 320;
export const frameEdge = 256;
export const thumbnailEdge = 40;
export const mostKeypoints = 160;
