import type { CatalogPhoto } from '../catalog/catalog.js';
import { wrongest } from '../metrics/judgement.js';
import { argmax } from '../metrics/softmax.js';
import type { GillnetEvent } from './events.js';
import type { Judged } from './judge.js';

const mostShown = 10;

export interface MostWrong {
  photo: CatalogPhoto;
  /** As the event `epoch` tells of it. */
  told: GillnetEvent<'epoch'>['wrongest'][number];
}

/** The photos that the model is surest to be something else, ten at most, the worst first. */
export function mostWrong({ photos, judgements }: Judged, classes: string[]): MostWrong[] {
  return wrongest(judgements, mostShown).map((index) => {
    const { confidences } = judgements[index] as Judged['judgements'][number];
    const photo = photos[index] as CatalogPhoto;
    const predicted = argmax(confidences);
    return {
      photo,
      told: {
        ...{ photo: photo.key, label: photo.label },
        predicted: classes[predicted] ?? '',
        confidence: confidences[predicted] ?? 0,
      },
    };
  });
}
