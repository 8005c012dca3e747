import type { CatalogPhoto } from '../catalog/catalog.js';
import { wrongest } from '../metrics/judgement.js';
import { argmax } from '../metrics/softmax.js';
import type { Judged } from './judge.js';

export interface Mistake {
  photo: CatalogPhoto;
  predicted: string;
  confidence: number;
}

/** The photos that the model is surest to be something else, `count` at most, the surest first. */
export function mostWrong(
  { photos, judgements }: Pick<Judged, 'photos' | 'judgements'>,
  classes: string[],
  count: number,
): Mistake[] {
  return wrongest(judgements, count).map((index) => {
    const { confidences } = judgements[index] as Judged['judgements'][number];
    const predicted = argmax(confidences);
    return {
      photo: photos[index] as CatalogPhoto,
      predicted: classes[predicted] as string,
      confidence: confidences[predicted] as number,
    };
  });
}
