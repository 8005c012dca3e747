import { type RankedLabel, softmax } from '../metrics/softmax.js';
import { decode } from '../photos/decode.js';
import type { Observer, ShadowAnswer } from './observer.js';
import type { ServedModel } from './served-model.js';

/** Bytes of photos that wait for the second model; further ones are skipped. */
const mostWaiting = 32e6;

/** A photo that was answered. */
export interface Answered extends RankedLabel {
  bytes: Uint8Array;
}

/**
 * A second model that sees the same photos, once they are answered and nobody waits for an answer. It is asked for one
 * photo at a time, so that it holds up a request by one photo at most; nothing that it does is thrown.
 */
export class Shadow {
  #served: ServedModel;
  #isIdle: () => boolean;
  #observer: Pick<Observer, 'shadowed'>;
  #waiting: Answered[] = [];
  /** Of the photos that wait. */
  #bytes = 0;
  #working = false;

  constructor(served: ServedModel, isIdle: () => boolean, observer: Pick<Observer, 'shadowed'>) {
    this.#served = served;
    this.#isIdle = isIdle;
    this.#observer = observer;
  }

  offer(photo: Answered): void {
    const bytes = this.#bytes + photo.bytes.length;
    if (bytes > mostWaiting) {
      this.#observer.shadowed('skipped');
    } else {
      this.#waiting.push(photo);
      this.#bytes = bytes;
    }
  }

  /** To be called when nobody waits for an answer. */
  async work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    while (this.#isIdle()) {
      const photo = this.#waiting.shift();
      if (!photo) break;
      this.#bytes -= photo.bytes.length;
      this.#observer.shadowed(await this.#compare(photo).catch(() => 'failed' as const));
    }
    this.#working = false;
  }

  async #compare({ bytes, label, confidence }: Answered): Promise<ShadowAnswer> {
    const model = this.#served.current.use();
    try {
      const { imageSize: size, resize, classes, temperature } = model.classifier;
      const pixels = await decode(bytes, size, resize);
      const batch = { pixels, count: 1, height: size, width: size };
      const confidences = softmax(await model.classifier.predict(batch), temperature);
      const own = confidences[classes.indexOf(label)] ?? 0;
      return {
        labelDiffers: own < Math.max(...confidences),
        confidenceDifference: Math.abs(own - confidence),
      };
    } finally {
      model.release();
    }
  }
}
