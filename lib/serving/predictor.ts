import pLimit from 'p-limit';
import { GillnetError } from '../errors.js';
import { type RankedLabel, rank } from '../metrics/softmax.js';
import { decode } from '../photos/decode.js';
import { heatOverlay } from '../photos/heat.js';
import { requirePhoto } from '../photos/untrusted.js';
import { fittingThreads } from '../processors.js';
import { Admission } from './admission.js';
import { withDeadline } from './deadline.js';
import type { Limits } from './limits.js';
import type { LoadedModel } from './loaded-model.js';
import type { Observer } from './observer.js';
import { type BadPhoto, BadPhotos } from './refusals.js';
import type { ServedModel } from './served-model.js';
import { Shadow } from './shadow.js';

/** A photo as a client sent it. */
export interface PhotoToAnswer {
  name: string;
  bytes: Uint8Array;
}

export interface AnswerOptions {
  /** Ranked labels to give; all by default. */
  top?: number | undefined;
  /** Whether to tell what the model looks at; default false. */
  explain?: boolean | undefined;
  /** Aborted when nobody waits for the answer any more. */
  signal?: AbortSignal | undefined;
}

export interface Prediction extends RankedLabel {
  photo: string;
  /** Whether the confidence reaches the model's threshold. */
  sure: boolean;
  ranked: RankedLabel[];
  /** A PNG to be laid over the photo, warm where it speaks for the label. */
  explanation?: { png: Buffer; width: number; height: number };
}

export interface Answer {
  model: LoadedModel;
  predictions: Prediction[];
}

/** A photo, decoded as the model wants it. */
interface Decoded extends PhotoToAnswer {
  pixels: Uint8Array;
  /** Of the photo itself, in pixels. */
  width: number;
  height: number;
}

/** Photos of many clients → their predictions by the model that serves. */
export class Predictor {
  readonly served: ServedModel;
  readonly limits: Limits;
  #observer: Observer;
  #admission: Admission;
  #shadow: Shadow | null;
  /** Photos are decoded on libuv's threads, beside which the network has its own. */
  #decoding = pLimit(Math.max(2, fittingThreads()));

  /** @param options `shadow` sees the same photos, and answers nobody */
  constructor(
    served: ServedModel,
    options: { limits: Limits; observer: Observer; shadow: ServedModel | null },
  ) {
    const { limits, observer, shadow } = options;
    this.served = served;
    this.limits = limits;
    this.#observer = observer;
    const isIdle = () => this.waiting === 0;
    this.#shadow = shadow && new Shadow(shadow, isIdle, observer);
    this.#admission = new Admission(limits.queue, () => void this.#shadow?.work());
  }

  /** Photos that wait or are being answered. */
  get waiting(): number {
    return this.#admission.inside;
  }

  /**
   * All photos of a request by one model.
   * @throws Overloaded, TimedOut, BadPhotos, the signal's reason, and the addon's errors
   */
  async answer(photos: PhotoToAnswer[], options: AnswerOptions = {}): Promise<Answer> {
    const leave = this.#admission.admit(photos.length);
    const model = this.served.current.use();
    let isAnswered = false;
    try {
      const predictions = await withDeadline(options.signal, this.limits.seconds, (signal) =>
        this.#answers(photos, model, { ...options, signal }),
      );
      isAnswered = true;
      return { model, predictions };
    } finally {
      model.release();
      leave(isAnswered);
    }
  }

  async #answers(
    photos: PhotoToAnswer[],
    model: LoadedModel,
    options: AnswerOptions & { signal: AbortSignal },
  ): Promise<Prediction[]> {
    const decoded = await this.#decode(photos, model, options.signal);
    return Promise.all(decoded.map((photo) => this.#predict(photo, model, options)));
  }

  async #decode(photos: PhotoToAnswer[], model: LoadedModel, signal: AbortSignal) {
    const { imageSize, resize } = model.classifier;
    const bad: BadPhoto[] = [];
    const decodeOne = async ({ name, bytes }: PhotoToAnswer): Promise<Decoded | null> => {
      signal.throwIfAborted();
      try {
        const { width, height } = await requirePhoto(bytes, this.limits.photoPixels);
        return { name, bytes, pixels: await decode(bytes, imageSize, resize), width, height };
      } catch (error) {
        if (!(error instanceof GillnetError) || error.code !== 'NOT_A_PHOTO') throw error;
        bad.push({ photo: name, detail: error.message });
        return null;
      }
    };
    const decoded = await Promise.all(
      photos.map((photo) => this.#decoding(() => decodeOne(photo))),
    );
    if (bad.length > 0) throw new BadPhotos(bad);
    return decoded as Decoded[];
  }

  async #predict(
    { name, bytes, pixels, width, height }: Decoded,
    model: LoadedModel,
    { top, explain = false, signal }: AnswerOptions & { signal: AbortSignal },
  ): Promise<Prediction> {
    const { classes, temperature, threshold } = model.classifier;
    const { logits, map } = await model.see({ pixels, explain }, signal);
    signal.throwIfAborted();
    const ranked = rank(logits, classes, temperature);
    const [{ label, confidence }] = ranked as [RankedLabel];
    const told = { label, confidence, sure: confidence >= threshold };
    this.#observer.predicted(model, told);
    this.#shadow?.offer({ bytes, label, confidence });
    return {
      ...{ photo: name, ...told, ranked: ranked.slice(0, top) },
      ...(map && { explanation: await heatOverlay(await map, { width, height }) }),
    };
  }
}
