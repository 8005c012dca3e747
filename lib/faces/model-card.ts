import { titleOf } from '../model/architecture.js';
import type { ModelToWrite } from '../model/model-file.js';
import type { GillnetEvent } from '../pipeline/events.js';
import { count, figureWithin, percent, percentWithin, plural, printable } from './format.js';

/** What the card tells of besides the model's own description. */
export interface CardFacts {
  model: string;
  sha256: string;
  description: ModelToWrite['description'];
  /** Who signed it; null for nobody. */
  signedBy: string | null;
  /** What the run has told, where a run of gillnet's has made it. */
  guarded?: GillnetEvent<'guarded'> | null;
  doubted?: GillnetEvent<'doubted'> | null;
  evaluated?: GillnetEvent<'evaluated'> | null;
}

/**
 * A model card in Markdown, by the headings of Mitchell et al. 2019 (arXiv:1810.03993). What gillnet can't know, such
 * as who may be harmed, is left to the person who publishes the model, in so many words.
 */
export function modelCard(facts: CardFacts): string {
  const { model, description } = facts;
  const sections: [string, string[]][] = [
    ['Model details', details(facts)],
    ['Intended use', intendedUse(facts)],
    ['Factors', factors(facts)],
    ['Metrics', metrics(facts)],
    ['Evaluation data', evaluationData(facts)],
    ['Training data', trainingData(facts)],
    ['Quantitative analyses', analyses(facts)],
    ['Ethical considerations', [unwritten('who is affected by its answers, and how')]],
    ['Caveats and recommendations', caveats(facts)],
  ];
  const body = sections.map(([title, lines]) => `## ${title}\n\n${lines.join('\n')}\n`);
  return `${frontMatter}# ${printable(model)}\n\n${lead(description)}\n\n${body.join('\n')}`;
}

/** By which shelves of models find it. */
const frontMatter = `---
library_name: gillnet
pipeline_tag: image-classification
tags:
- image-classification
- pytorch
- resnet
---

`;

function lead({ architecture, classes }: CardFacts['description']): string {
  return `A ${titleOf(architecture)} that tells ${plural(classes.length, 'class', 'classes')} of photos apart: ${classes.map(text).join(', ')}.`;
}

function details({ sha256, description, signedBy }: CardFacts): string[] {
  const { architecture, imageSize, mean, std, resize, temperature, threshold, int8 } = description;
  const {
    createdAt,
    recipe,
    dtype = 'float32',
    seed,
    selection,
    baseWeights,
    parent,
    versions,
    machine,
  } = description;
  return table({
    Network: `${titleOf(architecture)}, torchvision's names (He et al. 2015, arXiv:1512.03385)`,
    Made: createdAt,
    'SHA-256': code(sha256),
    'Signed by': signedBy && code(signedBy),
    Input: `${imageSize} × ${imageSize} RGB, the ${resize}; scaled to 0…1, less ${mean.join(', ')}, over ${std.join(', ')}`,
    'Logits divided by': temperature === undefined ? null : temperature.toFixed(3),
    'Sure from': threshold === undefined ? null : percent(threshold),
    'In int8': int8 && `validation accuracy ${percent(int8.valAccuracy)}`,
    'Began with': baseWeights
      ? `${text(baseWeights.name)}, SHA-256 ${code(baseWeights.sha256)}`
      : 'random weights',
    Parent: parent ? `${text(parent.model)}, SHA-256 ${code(parent.sha256)}` : null,
    Recipe:
      recipe &&
      `${recipe.name} in ${dtype}: ${plural(recipe.epochs, 'epoch')}, batch ${recipe.batchSize}, ${recipe.optimizer.algorithm} with learning rate ${recipe.learningRate} (${recipe.schedule}), seed ${seed}`,
    Selection:
      selection &&
      `policy ${selection.policy}, validation ${selection.validation === 'split' ? `${percent(selection.valFraction)} of train` : 'the val split'}`,
    Software: `gillnet ${versions.gillnet}${versions.commit ? ` (${versions.commit})` : ''}, LibTorch ${versions.libtorch}`,
    Machine:
      machine &&
      `${machine.platform}, ${text(machine.processor)}, ${machine.device}, ${plural(machine.threads, 'thread')}`,
  });
}

function intendedUse({ description: { classes } }: CardFacts): string[] {
  return [
    `Photos of one of its ${plural(classes.length, 'class', 'classes')}, of the kind that it was trained on. It has no answer for anything else: a photo of none of them gets one of their names.`,
    '',
    unwritten('what it is meant for, and what it must not be used for'),
  ];
}

function factors({ evaluated }: CardFacts): string[] {
  const weakest = evaluated?.classes.filter(({ recall }) => recall !== null);
  weakest?.sort((a, b) => (a.recall ?? 0) - (b.recall ?? 0));
  const [worst] = weakest ?? [];
  const weak =
    worst &&
    `It is weakest on ${text(worst.label)}: ${percentWithin(worst.recall ?? 0, worst.recallInterval)} of them are told.`;
  return [weak ?? 'Not looked at.', '', unwritten('cameras, light, places and other conditions')];
}

function metrics({ description, evaluated }: CardFacts): string[] {
  const validation =
    description.metrics &&
    `Validation accuracy ${percent(description.metrics.valAccuracy)}, by which epoch ${description.metrics.epoch} was chosen: it flatters.`;
  if (!evaluated) return [validation ?? 'None.', '', 'It was not evaluated on a test set.'];
  const { accuracy, accuracyInterval, macroF1, macroF1Interval, ece, photos, split } = evaluated;
  return [
    ...table({
      [`Accuracy on ${plural(photos, 'photo')} of ${text(split)}`]: percentWithin(
        accuracy,
        accuracyInterval,
      ),
      'Macro F1': figureWithin(macroF1, macroF1Interval),
      'Expected calibration error': percent(ece),
    }),
    '',
    'Intervals are of 95 %: Wilson’s for shares, the stratified bootstrap’s for F1.',
    ...(validation ? [validation] : []),
  ];
}

function evaluationData({ evaluated, guarded }: CardFacts): string[] {
  if (!evaluated) return ['None.'];
  const { photos, split, leaks, unseen } = evaluated;
  const clean = `${plural(photos, 'photo')} of ${text(split)}. `;
  if (leaks > 0) {
    const alone =
      unseen &&
      ` On the ${unseen.photos} others it tells ${percentWithin(unseen.accuracy, unseen.accuracyInterval)}.`;
    return [
      `${clean}**Training has seen ${plural(leaks, 'photo')} of them in some version: the figures flatter.**${alone ?? ''}`,
    ];
  }
  return [
    `${clean}${guarded ? 'The guard found no version of them in training, or has taken it out of training.' : 'They were not held against training.'}`,
  ];
}

function trainingData({ description, guarded, doubted }: CardFacts): string[] {
  const { photos, dataFingerprint } = description;
  if (!photos) return ['It was trained elsewhere; the photos are not known.'];
  return [
    ...table({
      'Photos that train': count(photos.train),
      'Photos that validate': count(photos.val),
      'Data fingerprint': dataFingerprint && code(dataFingerprint),
      'Groups that show the same': guarded && count(guarded.groups),
      'Photos taken out by the guard': guarded && count(guarded.quarantined + guarded.folded),
      'Labels that look wrong': doubted && `${count(doubted.found)} of ${count(doubted.checked)}`,
    }),
    '',
    'The model file lists them with their hashes; `gillnet verify` checks the list.',
  ];
}

function analyses({ evaluated }: CardFacts): string[] {
  if (!evaluated) return ['None.'];
  const figure = (value: number | null) => (value === null ? '–' : value.toFixed(3));
  const perClass = evaluated.classes.map(({ label, precision, recall, f1, support }) => [
    ...[text(label), figure(precision), figure(recall), figure(f1), count(support)],
  ]);
  const labels = evaluated.classes.map(({ label }) => text(label));
  const confused = evaluated.confusion.map((row, index) => [
    labels[index] ?? '',
    ...row.map(String),
  ]);
  return [
    ...rows([['Class', 'Precision', 'Recall', 'F1', 'Photos'], ...perClass]),
    '',
    'Confusion: true classes in rows, told ones in columns.',
    '',
    ...rows([['', ...labels], ...confused]),
  ];
}

function caveats({ evaluated, description }: CardFacts): string[] {
  const few = evaluated && evaluated.photos < 200;
  const uncalibrated = description.temperature === undefined;
  return [
    ...(few ? ['- The test set is small: mind the intervals.'] : []),
    ...(uncalibrated ? ['- Its confidences are not calibrated.'] : []),
    ...(description.leaks
      ? ['- It was trained under `--policy allow`, with photos that judge it.']
      : []),
    '- Judge it on photos of your own before you rely on it: `gillnet evaluate --data FOLDER`.',
  ];
}

const unwritten = (what: string) =>
  `_Not known to gillnet, and for whoever publishes it to write: ${what}._`;

function table(facts: Record<string, string | null | undefined>): string[] {
  const known = Object.entries(facts).filter((fact): fact is [string, string] => Boolean(fact[1]));
  return rows([['', ''], ...known]);
}

function rows([head = [], ...body]: string[][]): string[] {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...body.map(line)];
}

const code = (value: string) => `\`${value}\``;

/** What comes from files, as text of Markdown. */
function text(value: string): string {
  return printable(value).replace(/[\\`*_{}[\]<>|#~]/g, '\\$&');
}
