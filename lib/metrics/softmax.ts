export interface RankedLabel {
  label: string;
  confidence: number;
}

/** Softmax of one row of logits, each divided by `temperature`. */
export function softmax(logits: ArrayLike<number>, temperature = 1): number[] {
  const row = Array.from(logits, (logit) => logit / temperature);
  const highest = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const exponentials = row.map((logit) => Math.exp(logit - highest));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((value) => value / sum);
}

/** Labels with their softmax, highest first; equal ones in the order of `classes`. */
export function rank(logits: ArrayLike<number>, classes: string[], temperature = 1): RankedLabel[] {
  const confidences = softmax(logits, temperature);
  return classes
    .map((label, index) => ({ label, confidence: confidences[index] ?? 0 }))
    .sort((a, b) => b.confidence - a.confidence);
}

/** Index of the highest value, the first of equal ones. */
export function argmax(row: ArrayLike<number>): number {
  let best = 0;
  for (let index = 1; index < row.length; index += 1) {
    if ((row[index] as number) > (row[best] as number)) best = index;
  }
  return best;
}
