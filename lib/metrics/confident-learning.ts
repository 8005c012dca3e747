import { sum } from './arithmetic.js';
import type { Judgement } from './judgement.js';
import { argmax } from './softmax.js';

/**
 * Confident learning (Northcutt, Jiang & Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels",
 * JAIR 70, arXiv:1911.00068) as cleanlab 2.9 does it. The `truth` of a judgement is here the label that the photo has,
 * right or wrong; its confidences are those of a model that has not seen the photo.
 */

/** A photo whose label is likely wrong. */
export interface LabelIssue {
  /** Of its judgement. */
  index: number;
  /** Confidence in the label that it has (cleanlab's self-confidence), 0…1: the lower, the likelier wrong. */
  quality: number;
  /** The class of the highest confidence. */
  suggested: number;
}

/**
 * What is taken for wrong, by cleanlab's names. `prune_by_noise_rate`: of the photos labelled one class, as many as are
 * counted to be of another, those furthest from their label to it. `both`: of these, the ones that are also among the
 * least confident of their label, as many as are counted to be of any other.
 */
export type IssueFilter = 'prune_by_noise_rate' | 'both';

/** Photos by the label that they have, and the class that they are confidently of: `[labelled][confident]`. */
export type ConfidentJoint = number[][];

/** Within this, cleanlab takes confidences for equal. */
const tolerance = 1e-6;

/**
 * Counts the photos that are confidently of a class: as confident as those labelled so are on average. Every class has
 * one that is labelled right at least.
 */
export function confidentJoint(judgements: Judgement[], classCount: number): ConfidentJoint {
  const thresholds = byLabel(judgements, classCount).map((indices, label) => {
    const own = sum(indices.map((index) => confidenceIn(label, judgements[index])));
    return indices.length === 0 ? Number.POSITIVE_INFINITY : own / indices.length;
  });
  const joint = Array.from({ length: classCount }, () => new Array<number>(classCount).fill(0));
  for (const { truth, confidences } of judgements) {
    const isConfident = (confidence: number, label: number) =>
      confidence >= Math.max(tolerance, (thresholds[label] as number) - tolerance);
    const first = confidences.findIndex(isConfident);
    if (first < 0) continue;
    const confident =
      first === confidences.findLastIndex(isConfident) ? first : argmax(confidences);
    const row = joint[truth] as number[];
    row[confident] = (row[confident] as number) + 1;
  }
  return joint.map((row, label) => row.with(label, Math.max(1, row[label] as number)));
}

/** The joint, scaled so that each row sums to the number of photos with that label. */
export function calibrated(joint: ConfidentJoint, judgements: Judgement[]): ConfidentJoint {
  return byLabel(judgements, joint.length).map(({ length }, label) => {
    const row = joint[label] as number[];
    const total = sum(row);
    return wholeParts(row.map((count) => (count / total) * length));
  });
}

/** Photos whose label is likely wrong, the likeliest first. */
export function labelIssues(
  judgements: Judgement[],
  classCount: number,
  filter: IssueFilter,
): LabelIssue[] {
  const joint = calibrated(confidentJoint(judgements, classCount), judgements);
  const qualityOf = (index: number) =>
    confidenceIn(judgements[index]?.truth ?? 0, judgements[index]);
  return byLabel(judgements, classCount)
    .flatMap((indices, label) => {
      const counts = joint[label] as number[];
      // One photo at least keeps its label: where it is rounded away, the counts of the others are ones.
      if (counts[label] === 0) return [];
      const wrong = new Set<number>();
      for (const [other, count] of counts.entries()) {
        if (other === label) continue;
        const margin = (index: number) =>
          confidenceIn(other, judgements[index]) - confidenceIn(label, judgements[index]);
        const furthest = indices.toSorted((a, b) => margin(b) - margin(a));
        for (const index of furthest.slice(0, count)) wrong.add(index);
      }
      if (filter === 'prune_by_noise_rate') return [...wrong];
      const others = indices.length - (counts[label] as number);
      const least = indices.toSorted((a, b) => qualityOf(a) - qualityOf(b)).slice(0, others);
      return least.filter((index) => wrong.has(index));
    })
    .map((index) => {
      const suggested = argmax(judgements[index]?.confidences ?? []);
      return { index, quality: qualityOf(index), suggested };
    })
    .filter(
      ({ index, quality, suggested }) =>
        quality + tolerance < confidenceIn(suggested, judgements[index]),
    )
    .sort((a, b) => a.quality - b.quality || a.index - b.index);
}

/** Indices of the judgements, by their label. */
function byLabel(judgements: Judgement[], classCount: number): number[][] {
  const indices = Array.from({ length: classCount }, (): number[] => []);
  for (const [index, { truth }] of judgements.entries()) indices[truth]?.push(index);
  return indices;
}

function confidenceIn(label: number, judgement: Judgement | undefined): number {
  return judgement?.confidences[label] ?? 0;
}

/** Whole numbers of the same sum, which is whole: rounded, then those changed that were rounded furthest. */
function wholeParts(values: number[]): number[] {
  const parts = values.map(roundHalfToEven);
  const missing = Math.round(sum(values)) - sum(parts);
  const gap = (index: number) => (values[index] as number) - (parts[index] as number);
  const order = [...parts.keys()].sort((a, b) => gap(a) - gap(b));
  const changed = missing > 0 ? order.slice(-missing) : order.slice(0, -missing);
  for (const index of changed) parts[index] = (parts[index] as number) + Math.sign(missing);
  return parts;
}

function roundHalfToEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
}
