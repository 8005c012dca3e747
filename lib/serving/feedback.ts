import pLimit from 'p-limit';
import { mapConcurrent } from '../concurrency.js';
import { codeOf, GillnetError } from '../errors.js';
import { inspect } from '../photos/decode.js';
import { formats } from '../photos/formats.js';
import { requirePhoto } from '../photos/untrusted.js';
import type { Warn } from '../server.js';
import { sha256Of } from '../sha256.js';
import type { Store } from '../store/store.js';
import { Admission } from './admission.js';
import { withDeadline } from './deadline.js';
import type { Limits } from './limits.js';
import type { PhotoToAnswer } from './predictor.js';
import { BadLabel, BadPhotos, NotKept } from './refusals.js';

export interface Kept {
  /** Of the photo's bytes. */
  sha256: string;
  label: string;
  /** Whether it was new, stood there by this label, or by another one. */
  outcome: 'kept' | 'known' | 'relabelled';
}

/** Photos that wait to be kept: people correct them one by one. */
const mostWaiting = 8;
/** Labels by which a photo is looked for at once. */
const lookedForAtOnce = 16;

/**
 * Photos whose label a person has told, as an extraction reads them: `train/<label>/<sha256>.<ending>`. A photo has one
 * label, the last that was told of it.
 */
export class Feedback {
  #store: Store;
  #limits: Pick<Limits, 'photoPixels' | 'seconds'>;
  #warn: Warn;
  #admission = new Admission(mostWaiting);
  /** One after another, so that two labels of one photo can't both find the place empty. */
  #inTurn = pLimit(1);

  /** @param warn told why a photo could not be kept */
  constructor(store: Store, limits: Pick<Limits, 'photoPixels' | 'seconds'>, warn: Warn) {
    this.#store = store;
    this.#limits = limits;
    this.#warn = warn;
  }

  /**
   * @param classes one of which the label must be
   * @throws BadLabel, BadPhotos, Overloaded, TimedOut, NotKept
   */
  async keep(photo: PhotoToAnswer, label: string, classes: string[]): Promise<Kept> {
    requireLabel(label, classes);
    const leave = this.#admission.admit(1);
    return withDeadline(undefined, this.#limits.seconds, (signal) =>
      this.#inTurn(async () => {
        signal.throwIfAborted();
        return this.#put(photo, label);
      }).finally(() => leave(true)),
    );
  }

  async #put({ name, bytes }: PhotoToAnswer, label: string): Promise<Kept> {
    const format = await this.#formatOf({ name, bytes });
    const sha256 = sha256Of(bytes);
    const keyOf = (each: string) => `train/${each}/${sha256}.${formats[format]?.endings[0]}`;
    try {
      const there = await this.#present(keyOf);
      const key = keyOf(label);
      if (!there.includes(key)) await this.#create(key, bytes);
      const others = there.filter((each) => each !== key);
      // After the other is there: what breaks off between is mended by telling it again.
      for (const other of others) await this.#store.remove(other);
      const outcome =
        others.length > 0 ? 'relabelled' : there.length > 0 ? 'known' : ('kept' as const);
      return { sha256, label, outcome };
    } catch (error) {
      if (!(error instanceof GillnetError)) throw error;
      this.#warn(error.code, `A photo of feedback was not kept: ${error.message}`);
      throw new NotKept();
    }
  }

  async #formatOf({ name, bytes }: PhotoToAnswer): Promise<string> {
    try {
      await requirePhoto(bytes, this.#limits.photoPixels);
      return (await inspect(bytes)).format;
    } catch (error) {
      if (codeOf(error) !== 'NOT_A_PHOTO') throw error;
      throw new BadPhotos([{ photo: name, detail: (error as Error).message }]);
    }
  }

  async #present(keyOf: (label: string) => string): Promise<string[]> {
    const present: string[] = [];
    // By every label that was ever told, not the model's alone: it may have been told of another model's answer.
    const keys = (await this.#store.folders('train/')).map(keyOf);
    const found = mapConcurrent(keys, lookedForAtOnce, (key) => this.#store.find(key));
    for await (const object of found) if (object) present.push(object.key);
    return present;
  }

  async #create(key: string, bytes: Uint8Array): Promise<void> {
    try {
      await this.#store.create(key, bytes);
    } catch (error) {
      // Another server was told the same meanwhile; its name is of its content.
      if (codeOf(error) !== 'EXISTS') throw error;
    }
  }
}

function requireLabel(label: string, classes: string[]): void {
  if (!classes.includes(label)) {
    throw new BadLabel(
      `The model knows no label ${JSON.stringify(label)}. Expected one of ${classes.join(', ')}.`,
    );
  }
  if (!isFolderName(label)) {
    throw new BadLabel(
      `The label ${JSON.stringify(label)} can't be a folder's name, so that no photo is kept by it.`,
    );
  }
}

/** Labels of models from elsewhere may be anything. */
function isFolderName(label: string): boolean {
  return !['', '.', '..'].includes(label) && !/[/\\\0]/.test(label);
}
