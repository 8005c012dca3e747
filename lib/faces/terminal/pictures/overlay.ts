import type { Overlay } from '../full-screen.js';
import type { Medium } from './encode.js';
import { PictureLayer, type WantedPicture } from './layer.js';

/** The picture over the frames, from when it is known how the terminal shows pictures. */
export interface PictureOverlay extends Overlay {
  learn(medium: Medium): void;
}

/**
 * @param wanted what the next frame leaves room for
 * @param onReady called when there is a picture for the next frame to show
 */
export function pictureOverlay(
  wanted: () => WantedPicture | null,
  onReady: () => void,
): PictureOverlay {
  let layer: PictureLayer | null = null;
  return {
    learn(medium) {
      layer = new PictureLayer({ ...medium, onReady });
      onReady();
    },
    want: () => layer?.want(wanted()) ?? [],
    draw: (written) => layer?.draw(written) ?? '',
    clear: () => layer?.clear() ?? '',
  };
}
