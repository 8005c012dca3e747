import { GillnetError, messageOf } from '../errors.js';
import { argmax, softmax } from '../metrics/softmax.js';
import type { Classifier } from '../model/classifier.js';
import { decode } from '../photos/decode.js';
import { heatOver } from '../photos/heat.js';
import { event, type GillnetEvent } from './events.js';

export interface PhotoToExplain {
  name: string;
  bytes: () => Promise<Buffer>;
}

export interface ExplainOptions {
  classifier: Classifier;
  photos: PhotoToExplain[];
  /** The label to explain; for each photo the predicted one by default. */
  label?: string | undefined;
  /** Keeps a photo's picture, a PNG. @returns where it is */
  keep: (name: string, picture: Buffer) => Promise<string>;
  signal?: AbortSignal | undefined;
}

/**
 * Model × photo → what speaks for a label, as a picture. A photo that can't be read yields an `error`, and the
 * rest goes on. @throws GillnetError USAGE for a label that the model doesn't know, and what `keep` throws
 */
export async function* explain(options: ExplainOptions): AsyncGenerator<GillnetEvent, void> {
  const { classifier, photos, label, signal, keep } = options;
  const { classes } = classifier;
  if (label !== undefined && !classes.includes(label)) {
    throw new GillnetError('USAGE', `The model knows no ${label}; it knows ${classes.join(', ')}.`);
  }
  for (const { name, bytes } of photos) {
    if (signal?.aborted) return;
    try {
      yield await explained(classifier, name, await bytes(), label, keep);
    } catch (error) {
      if (!(error instanceof GillnetError) || error.exitCode !== 2) throw error;
      yield event('error', { code: error.code, message: messageOf(error), photo: name });
    }
  }
}

async function explained(
  classifier: Classifier,
  name: string,
  bytes: Buffer,
  wanted: string | undefined,
  keep: ExplainOptions['keep'],
): Promise<GillnetEvent> {
  const { classes, imageSize: size } = classifier;
  const photo = {
    pixels: await decode(bytes, size, classifier.resize),
    count: 1,
    height: size,
    width: size,
  };
  const predicted = argmax(await classifier.predict(photo));
  const asked = wanted === undefined ? predicted : classes.indexOf(wanted);
  const labels = Int32Array.of(asked);
  const { logits, maps, rows, columns } = await classifier.explain({ ...photo, labels });
  const picture = await heatOver(bytes, { values: maps, rows, columns });
  return event('explained', {
    photo: name,
    label: classes[asked] as string,
    confidence: softmax(logits, classifier.temperature)[asked] as number,
    predicted: classes[predicted] as string,
    file: await keep(name, picture),
  });
}
