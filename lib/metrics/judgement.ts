import { argmax } from './softmax.js';

/** One judged photo: the true class, and the softmax over all classes. */
export interface Judgement {
  truth: number;
  confidences: number[];
}

/** True when the class with the highest confidence is the true one. */
export function isRight({ truth, confidences }: Judgement): boolean {
  return argmax(confidences) === truth;
}

/** Accuracy of each class, in their order; 0 for one without photos. */
export function classAccuracies(judgements: Judgement[], classes: string[]) {
  return classes.map((label, index) => {
    const ofClass = judgements.filter(({ truth }) => truth === index);
    const right = ofClass.filter(isRight).length;
    return { label, accuracy: right / Math.max(1, ofClass.length), photos: ofClass.length };
  });
}
