import { Text } from 'ink';
import { size } from '../format.js';
import type { Training } from './state.js';

/** Figures of the steps just done. */
export function Status({ training }: { training: Training }) {
  const { step, imagesPerSecond, waitShare } = training;
  const figures = step
    ? [
        `${imagesPerSecond.toFixed(1)} images/s`,
        `learning rate ${step.learningRate.toPrecision(2)}`,
        waitShare !== null &&
          `data ${Math.round(100 * waitShare)} %, compute ${Math.round(100 * (1 - waitShare))} %`,
        step.memory > 0 && `memory ${size(step.memory)}`,
      ].filter(Boolean)
    : ['images/s, learning rate and memory follow with the first step'];
  return (
    <Text dimColor wrap="truncate">
      {figures.join('  ')}
    </Text>
  );
}
