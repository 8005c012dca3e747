import { metricsOf } from '../../lib/metrics/metrics.js';
import { event, type GillnetEvent } from '../../lib/pipeline/events.js';

/** What happens in a small run, for the faces that show it. */

export const started = event('started', {
  ...{ run: '20260101T000000Z', model: 'resnet18', device: 'cpu', dtype: 'float32', threads: 2 },
  ...{
    recipe: 'classic',
    weights: 'imagenet',
    weightsSha256: 'a'.repeat(64),
    classes: ['a', 'b'],
    trainPhotos: 64,
    valPhotos: 16,
  },
  ...{ parameters: 11_178_051, epochs: 4, batchSize: 16, imageSize: 224, seed: 1 },
  ...{ optimizer: 'adam', learningRate: 0.001, schedule: 'constant' },
  dataFingerprint: 'b'.repeat(64),
  versions: { gillnet: '0.1.0', libtorch: '2.13.0' },
});
export const step = (epoch: number, index: number, loss: number) =>
  event('step', {
    ...{ epoch, step: index, steps: 4, loss, accuracy: 0.75, learningRate: 0.001 },
    imagesPerSecond: 16,
    ...{ waitSeconds: 0.1, computeSeconds: 0.9, memory: 1.2e9 },
  });
export const epoch = (index: number, valAccuracy: number, best: boolean) =>
  event('epoch', {
    ...{ epoch: index, epochs: 4, trainLoss: 1 / index, valLoss: 0.5, valAccuracy },
    trainAccuracy: 1 - 0.4 / index,
    ...{ seconds: 5, imagesPerSecond: 16, best },
    classes: [
      { label: 'a', accuracy: 0.75, photos: 8 },
      { label: 'b', accuracy: 1, photos: 8 },
    ],
    wrongest: [{ photo: 'train/a/dark.jpg', label: 'a', predicted: 'b', confidence: 0.97 }],
  });
export const done = event('done', {
  ...{
    run: '20260101T000000Z',
    model: 'model_v1_20260101T000000Z.pt',
    valAccuracy: 0.9,
    testAccuracy: 0.85,
  },
  ...{ seconds: 75, interrupted: false, leaks: 0 },
});
export const story: GillnetEvent[] = [
  event('stage', { stage: 'extract', detail: 'photos → catalog' }),
  event('skipped', { photo: 'train/a/x.jpg', reason: 'cut off' }),
  event('guarded', {
    ...{ groups: 3, leaks: 2, quarantined: 2, folded: 1, kept: { train: 64, val: 0, test: 8 } },
    ...{ policy: 'quarantine', list: 'runs/guard.json' },
    kinds: { 'same bytes': 2, 'same pixels': 0, 'same photo': 1, 'same scene': 0 },
    seen: { val: { photos: 0, of: 0 }, test: { photos: 2, of: 8 } },
  }),
  event('stage', { stage: 'train', detail: 'run' }),
  started,
  step(1, 1, 1.5),
  epoch(1, 0.5, true),
  step(2, 1, 0.7),
  epoch(2, 0.9, true),
  epoch(3, 0.8, false),
];

/** Ten test photos of each of the labels, two of which are taken for each other at times. */
export const evaluated = (labels: string[]) =>
  evaluationOf(
    labels,
    labels.map((_, row) =>
      labels.map((_, column) => {
        const missed = row === 0 ? 3 : row === 1 ? 2 : 0;
        if (row === column) return 10 - missed;
        return row + column === 1 ? missed : 0;
      }),
    ),
  );

/** An evaluation that comes to these counts, by a model that is always nine tenths sure. */
export function evaluationOf(labels: string[], confusion: number[][]) {
  const judgements = confusion.flatMap((row, truth) =>
    row.flatMap((count, predicted) =>
      Array.from({ length: count }, () => ({
        truth,
        confidences: labels.map((_, index) =>
          index === predicted ? 0.9 : 0.1 / (labels.length - 1),
        ),
      })),
    ),
  );
  const { perClass, ...metrics } = metricsOf(judgements, labels.length);
  return event('evaluated', {
    ...{ model: 'model.pt', split: 'test', int8: false, photos: judgements.length, ...metrics },
    classes: perClass.map((figures, index) => ({ label: labels[index] as string, ...figures })),
    ...{
      temperature: 1.25,
      eceUncalibrated: 0.125,
      leaks: 0,
      unseen: null,
      report: 'runs/report.html',
    },
  });
}
