import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom/worker';
import { sum } from '../../metrics/arithmetic.js';
import type { Confusion } from '../../metrics/confusion.js';
import type { ReliabilityBin } from '../../metrics/reliability.js';
import type { GillnetEvent } from '../../pipeline/events.js';
import { loss, percent } from '../format.js';

/** The report's charts, as SVG whose colours are the page's own. */

const { document } = parseHTML('<html></html>');

/** Pixels; a phone shows it nearly as large, and a page two of them side by side. */
const width = 400;
const height = 240;
/** Of a chart that has the page to itself. */
const wide = 640;
/** With more epochs than this a line is clear without dots. */
const mostDots = 30;

function draw(options: Plot.PlotOptions): string {
  const style = { fontSize: '13px', background: 'transparent', fontFamily: 'inherit' };
  const margins = { marginLeft: 48, marginTop: 28, marginBottom: 40 };
  const frame = document.createElement('div');
  frame.append(Plot.plot({ document, width, height, style, ...margins, ...options }) as never);
  // A picture is read as one, so that its parts may have no names; the page's style knows them by these.
  for (const part of frame.querySelectorAll('[aria-label]')) {
    part.setAttribute('class', (part.getAttribute('aria-label') ?? '').replaceAll(' ', '-'));
    part.removeAttribute('aria-label');
  }
  return frame.innerHTML;
}

type Epoch = GillnetEvent<'epoch'>;

/** What epochs are judged by, and the axis of its chart. */
export const courses = [
  {
    title: 'Loss',
    trained: 'trainLoss',
    validated: 'valLoss',
    text: loss,
    axis: { unit: 'cross-entropy', percent: false },
  },
  {
    title: 'Accuracy',
    trained: 'trainAccuracy',
    validated: 'valAccuracy',
    text: percent,
    axis: { unit: 'right', percent: true },
  },
] as const;
type Course = (typeof courses)[number];

export interface Curve {
  epochs: Epoch[];
  figure: Course['trained' | 'validated'];
}

/** Two curves over epochs, the first dashed, with the best epoch of the second marked. */
export function curves(
  dashed: Curve,
  solid: Curve,
  { unit, percent }: Course['axis'],
  best?: Epoch,
): string {
  const numbers = [...dashed.epochs, ...solid.epochs].map(({ epoch }) => epoch);
  const [first, last] = [Math.min(...numbers), Math.max(...numbers)];
  const line = ({ epochs, figure }: Curve, colour: string, dash: string) => {
    const place = { x: 'epoch', y: figure, stroke: colour };
    return [
      Plot.line(epochs, { ...place, strokeDasharray: dash, strokeWidth: 2 }),
      epochs.length > mostDots ? null : Plot.dot(epochs, { ...place, fill: colour, r: 2.5 }),
    ];
  };
  return draw({
    x: {
      label: 'epoch',
      // A single epoch has its place in the middle.
      domain: first === last ? [first - 1, last + 1] : [first, last],
      ticks: first === last ? [first] : Math.min(8, last - first),
      tickFormat: (epoch: number) => (Number.isInteger(epoch) ? String(epoch) : ''),
    },
    y: {
      ...{ label: percent ? `${unit}, %` : unit, grid: true, nice: true, ticks: 5, percent },
      ...(percent ? {} : { zero: true }),
    },
    marks: [
      best && Plot.ruleX([best.epoch], { stroke: 'var(--muted)', strokeDasharray: '2,3' }),
      line(dashed, 'var(--other)', '6,4'),
      line(solid, 'var(--main)', 'none'),
      best &&
        Plot.dot([best], {
          x: 'epoch',
          y: solid.figure,
          r: 5.5,
          stroke: 'var(--main)',
          fill: 'var(--paper)',
          strokeWidth: 2.5,
        }),
    ],
  });
}

/** The edges of a bin beside what it holds. */
function edged(bins: ReliabilityBin[]) {
  return bins.map((bin, index) => ({
    ...bin,
    from: index / bins.length,
    to: (index + 1) / bins.length,
  }));
}

const confidence = { label: 'confidence, %', percent: true, domain: [0, 100], ticks: 5 };

/** How often photos were right, by how sure the model was: on the diagonal where both are the same. */
export function reliability(bins: ReliabilityBin[]): string {
  const filled = edged(bins).filter(({ count }) => count > 0);
  return draw({
    ...{ height: 300, x: confidence },
    y: { label: 'right, %', percent: true, domain: [0, 100], ticks: 5, grid: true },
    marks: [
      Plot.rect(filled, {
        ...{ x1: 'from', x2: 'to', y: 'accuracy', y1: 0, inset: 0.5 },
        ...{ fill: 'var(--main)', fillOpacity: 0.35, stroke: 'var(--main)' },
      }),
      Plot.line([0, 1], {
        x: (at) => at,
        y: (at) => at,
        stroke: 'var(--muted)',
        strokeDasharray: '5,4',
      }),
      Plot.dot(filled, { x: 'confidence', y: 'accuracy', fill: 'var(--main)', r: 3.5 }),
    ],
  });
}

/** How many photos the model was how sure of. */
export function confidences(bins: ReliabilityBin[]): string {
  return draw({
    ...{ height: 300, x: confidence },
    y: { label: 'photos', grid: true, ticks: 5, nice: true },
    marks: [
      Plot.rect(edged(bins), {
        x1: 'from',
        x2: 'to',
        y1: 0,
        y2: 'count',
        inset: 0.5,
        fill: 'var(--muted)',
        fillOpacity: 0.6,
      }),
      Plot.ruleY([0]),
    ],
  });
}

/** The confusion matrix of many classes, by their number in the table of the classes; empty cells are left out. */
export function heatMap(confusion: Confusion): string {
  const cells = confusion.flatMap((row, truth) => {
    const support = Math.max(1, sum(row));
    return row.map((count, predicted) => ({
      ...{ truth: truth + 1, predicted: predicted + 1, count, share: count / support },
    }));
  });
  const numbers = confusion.map((_, index) => index + 1);
  const every = Math.ceil(numbers.length / 10);
  const ticks = numbers.filter((number) => number === 1 || number % every === 0);
  const colour = ({ truth, predicted }: { truth: number; predicted: number }) =>
    truth === predicted ? 'var(--main)' : 'var(--other)';
  return draw({
    ...{ width: wide, height: wide, margin: 48, padding: 0.05 },
    x: { label: 'predicted', labelOffset: 40, domain: numbers, ticks, axis: 'top', type: 'band' },
    y: { label: 'true label', labelOffset: 44, domain: numbers, ticks, type: 'band' },
    marks: [
      Plot.frame({ stroke: 'var(--line)' }),
      Plot.cell(
        cells.filter(({ count }) => count > 0),
        {
          ...{ x: 'predicted', y: 'truth', fill: colour },
          fillOpacity: ({ share }: { share: number }) => 0.35 + 0.65 * share,
        },
      ),
    ],
  });
}
