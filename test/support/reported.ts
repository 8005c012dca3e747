import sharp from 'sharp';
import { emptyRecord, type RunRecord, reduce } from '../../lib/faces/report/record.js';
import { event, type GillnetEvent } from '../../lib/pipeline/events.js';
import { random } from '../../lib/random.js';
import { done, epoch, evaluationOf, started } from './story.js';

/** Runs that a report is hard to write of. */

export const recordOf = (events: GillnetEvent[], run = '20260101T000000Z'): RunRecord =>
  events.reduce(reduce, emptyRecord(run));

const swatch = async (red: number) =>
  (
    await sharp({
      create: { width: 40, height: 30, channels: 3, background: { r: red, g: 90, b: 90 } },
    })
      .webp()
      .toBuffer()
  ).toString('base64');
const [image, heat] = await Promise.all([swatch(30), swatch(220)]);

/** Some classes, some epochs, and as many photos of all that a report shows, with names that `named` gives. */
export function storyOf(
  classCount: number,
  epochCount: number,
  named: (index: number) => string = (index) => `class ${index + 1}`,
): GillnetEvent[] {
  const labels = Array.from({ length: classCount }, (_, index) => named(index));
  const draws = random(1, 'confusion');
  const confusion = labels.map((_, row) =>
    labels.map((_, column) => (row === column ? 9 : draws.integer(40) === 0 ? 2 : 0)),
  );
  const [label, predicted] = [labels[0] as string, labels.at(-1) as string];
  const placed = (index: number) => ({
    photo: `test/${named(index)}/${index}.jpg`,
    split: 'test' as const,
    label,
  });
  const picture = (index: number) => event('picture', { photo: placed(index).photo, image });
  const evaluated = evaluationOf(labels, confusion);
  const { accuracy, accuracyInterval, balancedAccuracy, macroF1, macroF1Interval } = evaluated;
  return [
    event('stage', { stage: 'extract', detail: named(0) }),
    event('skipped', { photo: named(1), reason: named(2) }),
    event('stage', { stage: 'guard', detail: 'policy allow' }),
    event('guarded', {
      ...{ groups: 3, leaks: 2, quarantined: 2, folded: 1, kept: { train: 64, val: 0, test: 8 } },
      ...{ policy: 'allow', list: 'runs/guard.json' },
      kinds: { 'same bytes': 2, 'same pixels': 0, 'same photo': 1, 'same scene': 0 },
      seen: { val: { photos: 0, of: 0 }, test: { photos: 2, of: 8 } },
    }),
    event('warning', { code: 'X', message: named(3) }),
    ...[1, 2].map(picture),
    event('paired', { kind: 'same photo', conflict: true, photos: [placed(1), placed(2)] }),
    ...[3].map(picture),
    event('doubted', {
      ...{ checked: 64, found: 2, list: null },
      photos: [3, 4].map((index) => ({ ...placed(index), suggested: predicted, quality: 0.03 })),
    }),
    event('stage', { stage: 'train', detail: named(4) }),
    { ...started, classes: labels, epochs: epochCount },
    ...Array.from({ length: epochCount }, (_, index) => ({
      ...epoch(index + 1, 0.9 - 0.5 / (index + 1), true),
      epochs: epochCount,
    })),
    event('asked', { epoch: 1, step: 4, kind: 'note', text: named(5) }),
    event('calibrated', { photos: 64, temperature: 1.25, threshold: 0.7 }),
    event('saved', { model: named(6), place: named(7), sha256: 'ab'.repeat(32), bytes: 44.8e6 }),
    event('stage', { stage: 'evaluate', detail: '8 photos of test' }),
    ...[8, 9].map(picture),
    ...[8, 9].map((index) =>
      event('mistaken', { ...placed(index), predicted, confidence: 0.97, heat }),
    ),
    {
      ...{ ...evaluated, leaks: 2, split: named(10) },
      unseen: { photos: 6, accuracy, accuracyInterval, balancedAccuracy, macroF1, macroF1Interval },
    },
    done,
  ];
}

/** Names that would break out of a page, out of a line or out of a sentence. */
export const hostileNames = [
  '</title></style><script>document.title="broken"</script>',
  '"><img src=x onerror="document.title=\'broken\'">',
  "it's <b>bold</b> & 'quoted' &amp; \"so\"",
  'control \u0000\u0007\u001b[2J\u009b\r\n\t characters',
  'W'.repeat(400),
  'two words '.repeat(80),
  'سمكة ذهبية (1)',
  '\u202egpj.ehcaP\u2067 right to left',
  'Meeräsche 🐟 鯔',
  ']]>--><!--',
  'javascript:alert(1)',
];
export const hostileStory = () =>
  storyOf(hostileNames.length, 3, (index) => hostileNames[index % hostileNames.length] as string);
