import type { CatalogPhoto, Split } from '../catalog/catalog.js';
import { countBy } from '../count-by.js';
import type { DuplicateGroup } from './guard.js';

/** What a person should know of their photos before they believe a figure about them. */
export interface Note {
  code: string;
  message: string;
}

/**
 * Below this, one photo moves a class's recall by five points, and the 95 % interval of a recall of 90 % is some
 * 27 points wide (Wilson 1927).
 */
const fewToJudge = 20;
/** Times as many photos: a model that always guesses the larger class looks good then. */
const imbalance = 5;
/** Of the shorter edge, in pixels: less than any network here sees. */
const tiny = 64;
/** Share of the training photos: more than bursts of a few shots take. */
const manyScenes = 0.1;
const named = 5;

/** @param photos what the guard has left @param groups those that it has found */
export function notesOn(photos: CatalogPhoto[], groups: DuplicateGroup[] = []): Note[] {
  const labelsOf = (split: Split) =>
    countBy(photos.filter((photo) => photo.split === split).map(({ label }) => label));
  const train = labelsOf('train');
  const test = labelsOf('test');
  const labels = [...train.keys()];
  const [least, ...others] = [...train].sort(([, a], [, b]) => a - b);
  const most = others.at(-1);

  const notes: Note[] = [];
  const note = (code: string, message: string) => notes.push({ code, message });
  const disputed = groups.filter(({ conflicting }) => conflicting.length > 0);
  if (disputed.length > 0) {
    note(
      'LABEL_CONFLICT',
      `The same photo stands under several labels: ${list(disputed.map(inWords))}.`,
    );
  }
  const keys = new Set(photos.map(({ key }) => key));
  const scenes = groups
    .filter(({ kind }) => kind === 'same scene')
    .flatMap((group) =>
      group.photos.filter(({ key, split }) => split === 'train' && !keys.has(key)),
    );
  const left = [...train.values()].reduce((sum, count) => sum + count, 0);
  if (scenes.length > manyScenes * (left + scenes.length)) {
    note(
      'MANY_SCENES',
      `Of train ${scenes.length} show the scene of a photo that judges, and were taken out. ` +
        'Photos of fixed cameras are better divided into train and test by camera or by day.',
    );
  }
  const untaught = [...test.keys()].filter((label) => !train.has(label));
  if (train.size > 0 && untaught.length > 0) {
    note(
      'NOT_TAUGHT',
      `Test has photos of ${list(untaught)}, and train has none: the model can't be judged on test.`,
    );
  }
  const few = labels.filter((label) => (test.get(label) ?? 0) < fewToJudge);
  if (test.size > 0 && few.length > 0) {
    const counts = few.map((label) => `${label} (${test.get(label) ?? 0})`);
    note(
      'FEW_TO_JUDGE',
      `Fewer than ${fewToJudge} photos in test to judge by: ${list(counts)}. One photo more or less moves their figures by five points and more.`,
    );
  }
  if (least && most && most[1] >= imbalance * least[1]) {
    note(
      'IMBALANCE',
      `Train has ${most[1]} photos of ${most[0]} and ${least[1]} of ${least[0]}: accuracy says little about the small classes; look at macro F1.`,
    );
  }
  const small = photos.filter(({ width, height }) => Math.min(width, height) < tiny);
  if (small.length > 0) {
    note(
      'TINY_PHOTOS',
      `Smaller than ${tiny} pixels: ${list(small.map(({ key }) => key))}. They are enlarged, which shows no more of them.`,
    );
  }
  return notes;
}

function inWords({ conflicting }: DuplicateGroup): string {
  return conflicting.map(({ key }) => key).join(' = ');
}

/** `a, b, c and 4 more` */
function list(names: string[]): string {
  const shown = names.slice(0, named).join(', ');
  return names.length > named ? `${shown} and ${names.length - named} more` : shown;
}
