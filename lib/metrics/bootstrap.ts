import { random } from '../random.js';
import { quantile, sum } from './arithmetic.js';
import type { Confusion } from './confusion.js';
import type { Interval } from './interval.js';

const resamples = 2_000;

/**
 * 95 % percentile interval of macro F1 (Efron 1979), of 2,000 resamples stratified by the true class. A test set is
 * gathered class by class, so its supports are no outcome of chance; and without strata a resample would lose a class
 * of few photos now and then, and with it the mean that is estimated. The classes of the mean are those that occur
 * in `confusion`. Null where every resample would be the same, since that says nothing of how sure the figure is.
 */
export function macroF1Interval(confusion: Confusion, seed = 0): Interval | null {
  if (confusion.every((row) => row.filter((count) => count > 0).length <= 1)) return null;
  const supports = confusion.map(sum);
  const occurring = supports.filter(
    (support, index) => support > 0 || confusion.some((row) => (row[index] ?? 0) > 0),
  ).length;
  // The predicted class of each photo, class by class: a resample draws within each.
  const predictions = confusion.map((row) =>
    Int32Array.from(row.flatMap((count, predicted) => new Array<number>(count).fill(predicted))),
  );
  const { integer } = random(seed, 'bootstrap');
  const right = new Int32Array(confusion.length);
  const predicted = new Int32Array(confusion.length);
  const resample = () => {
    right.fill(0);
    predicted.fill(0);
    for (const [truth, ofClass] of predictions.entries()) {
      for (let drawn = 0; drawn < ofClass.length; drawn += 1) {
        const guess = ofClass[integer(ofClass.length)] as number;
        predicted[guess] = (predicted[guess] as number) + 1;
        if (guess === truth) right[truth] = (right[truth] as number) + 1;
      }
    }
    let total = 0;
    for (const [index, support] of supports.entries()) {
      const either = support + (predicted[index] as number);
      if (either > 0) total += (2 * (right[index] as number)) / either;
    }
    return total / occurring;
  };
  const figures = Float64Array.from({ length: resamples }, resample).sort();
  return [quantile(figures, 0.025), quantile(figures, 0.975)];
}
