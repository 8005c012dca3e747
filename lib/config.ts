// Long, because every flag stands here once, with its environment variable, default, unit and check.
import { InvalidArgumentError, Option } from 'commander';
import { type Graphics, graphics } from './faces/terminal/pictures/graphics.js';
import {
  bytes,
  channels,
  count,
  edge,
  port,
  positive,
  share,
  span,
  wholeNumber,
} from './flag-values.js';
import { type Architecture, architectures } from './model/architecture.js';
import { type Device, isDevice } from './model/device.js';
import { dtypes } from './model/dtype.js';
import type { Channels } from './model/normalization.js';
import { policies, type Selection, validations } from './model/selection.js';
import type { Dtype } from './native.js';
import { type RecipeChoice, recipes } from './pipeline/recipes.js';
import { defaultRankSeconds } from './ranks/placement.js';
import { type ServingSettings, servingOptions } from './serving-flags.js';
import { withoutCredentials } from './tracking/server-address.js';

/** What a person may set, as every command sees it: flag over environment over default. */
export interface Settings extends RecipeChoice, Selection {
  /** A folder or bucket; undefined means the generated sample, or where the catalog's photos were read. */
  data?: string;
  catalog: string;
  models: string;
  runs: string;
  /** `imagenet`, `none` or a file; undefined means `imagenet`, and `none` for the sample. */
  weights?: string;
  /** Of the network to train; undefined means `resnet18`. */
  architecture?: Architecture;
  device: Device;
  /** What training computes in; undefined means what the device does the fastest. */
  dtype?: Dtype;
  /** Of cards: products of float32 in TensorFloat-32. */
  tf32?: boolean;
  /** Of cards: not the same bits from every run. */
  nondeterministic?: boolean;
  /** A training also looks for what int8 needs; what infers does so in int8. */
  int8?: boolean;
  /** Of LibTorch; undefined means `fittingThreads`. */
  threads?: number;
  /** Undefined means `defaultSeed`; where photos are drawn to be tried, another one each time. */
  seed?: number;
  maxMinutes?: number;
  /** Undefined means the training's own. */
  checkpointSeconds?: number;
  /** Seconds of an operation on all ranks; of commands that train. */
  rankTimeout?: number;
  /** Batch norms normalise by the photos of all ranks. */
  syncBatchNorm?: boolean;
  /** File of the private key that signs the model. */
  sign?: string;
  /** File of the public keys of which a model must be signed by one. */
  trustedKey?: string;
  /** A run's id or folder. */
  resume?: string;
  /** Address of an MLflow server that is told of the run; undefined means none, or the resumed run's. */
  mlflow?: string;
  /** Of MLflow's, to which the run belongs; undefined means `gillnet`. */
  experiment?: string;
  /** Bytes of what grows with the photos: of decoded ones, or of fingerprints and their search. */
  memory: number;
  /** Bytes of a bucket's objects kept on disk. */
  downloadCache: number;
  /** A model's file name or path; undefined means the newest. */
  model?: string;
  /** To which a model is promoted; undefined means `production`. */
  stage?: string;
  /** Newest models, and best ones, that a prune keeps. */
  keep?: number;
  keepBest?: number;
  /** Seconds; what is younger a prune keeps. */
  olderThan?: number;
  split: string;
  /** Undefined means the predicted one. */
  label?: string;
  /** A folder; of an export also a file. Undefined means the working directory. */
  out?: string;
  /** What a model is exported to. */
  format?: ExportFormat;
  /** Of a model that is imported: names with commas between them, or `@FILE`. */
  classes?: string;
  /** Per channel, of pixels scaled to 0…1; undefined means ImageNet's. */
  mean?: Channels;
  std?: Channels;
  top?: number;
  /** How the terminal shows photos; undefined means as it can. */
  pictures?: Graphics;
  /** Port at which a training is shown; undefined means nowhere. */
  serve?: number;
  /** Looks for no labels that are wrong. */
  trustLabels?: boolean;
  /** Begins, or deletes, without asking. */
  yes?: boolean;
  json?: boolean;
  plain?: boolean;
  debug?: boolean;
}

const exportFormats = ['onnx', 'torchscript', 'safetensors'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** What a run has settled when it began, by its names in `Settings` and `options`. */
export const settledFlags = [
  ...(['architecture', 'recipe', 'epochs', 'batchSize', 'lr', 'imageSize', 'dtype'] as const),
  ...(['tf32', 'nondeterministic', 'int8', 'seed', 'weights'] as const),
  ...(['policy', 'validation', 'valFraction'] as const),
] satisfies (keyof Settings)[];

export const defaultSeed = 1;

export const defaults = {
  catalog: 'sqlite:.gillnet/catalog.db',
  models: '.gillnet/models',
  runs: '.gillnet/runs',
  sample: '.gillnet/sample',
} as const;

/** Empty for `auto`, which is as if nothing were said. */
function dtype(text: string): Dtype | '' {
  const named = dtypes.find((each) => each === text);
  if (!named && text !== 'auto') {
    throw new InvalidArgumentError(`Expected auto, ${dtypes.join(' or ')}.`);
  }
  return named ?? '';
}

function device(text: string): Device {
  if (isDevice(text)) return text;
  throw new InvalidArgumentError('Expected auto, cpu, cuda or cuda:N.');
}

/** Empty for `none`. What is wrong is told without the password that may stand in it. */
function trackingServer(text: string): string {
  if (text === 'none') return '';
  withoutCredentials(text);
  return text;
}

/** An option whose flag has a second meaning elsewhere, under a name of its own in `Settings`. */
function named(name: keyof ServingSettings, option: Option): Option {
  return Object.assign(option, { attributeName: () => name });
}

/** Every flag there is, by its name in `Settings`. */
export const options = {
  data: new Option(
    '--data <place>',
    'photos as train/<label>/<photo> and test/<label>/<photo>: a folder, or s3://bucket[/prefix]',
  ).env('GILLNET_DATA'),
  catalog: new Option(
    '--catalog <address>',
    'facts about the photos: sqlite:PATH, or mysql://user:password@host:port/database',
  )
    .env('GILLNET_CATALOG')
    .default(defaults.catalog),
  models: new Option('--models <place>', 'where models are kept: a folder, or s3://bucket[/prefix]')
    .env('GILLNET_MODELS')
    .default(defaults.models),
  runs: new Option('--runs <folder>', 'where the record of each run is kept')
    .env('GILLNET_RUNS')
    .default(defaults.runs),
  weights: new Option(
    '--weights <source>',
    'weights to start from: imagenet, none, or a .pth, .pt or .safetensors file ' +
      '(default: imagenet; none for the generated sample)',
  ).env('GILLNET_WEIGHTS'),
  architecture: named(
    'architecture',
    new Option('--model <network>', 'the network to train (default: resnet18)').choices(
      Object.keys(architectures),
    ),
  ),
  device: new Option(
    '--device <device>',
    'what computes: auto, cpu, cuda or cuda:N; auto is a card where there is one, and to predict the processor',
  )
    .env('GILLNET_DEVICE')
    .argParser(device)
    .default('auto'),
  dtype: new Option(
    '--dtype <type>',
    `what training computes in: auto, ${dtypes.join(' or ')} (default: auto, bfloat16 where the device is faster in it)`,
  )
    .env('GILLNET_DTYPE')
    .argParser(dtype),
  tf32: new Option('--tf32', 'on cards, products of float32 in TensorFloat-32'),
  nondeterministic: new Option(
    '--nondeterministic',
    'on cards, faster algorithms whose last digits differ from run to run',
  ),
  int8: new Option('--int8', 'calibrate the model for 8-bit integers, too'),
  inInt8: named('int8', new Option('--int8', 'compute in 8-bit integers')),
  threads: new Option(
    '--threads <count>',
    "LibTorch's threads (default: one per core, as far as a CPU quota allows)",
  )
    .env('GILLNET_THREADS')
    .argParser(count),
  policy: new Option('--policy <policy>', 'what happens to photos that stand in several splits')
    .choices(policies)
    .default('quarantine'),
  trustLabels: new Option('--trust-labels', 'look for no labels that look wrong'),
  validation: new Option(
    '--validation <source>',
    'validate on a part of train, or on the val split',
  )
    .choices(validations)
    .default('split'),
  valFraction: new Option('--val-fraction <share>', 'share of train that validates')
    .argParser(share)
    .default(0.2),
  recipe: new Option(
    '--recipe <name>',
    'how to train (default: quick on pretrained weights, scratch on random ones)',
  ).choices(Object.keys(recipes)),
  epochs: new Option('--epochs <count>', 'instead of the recipe’s').argParser(count),
  batchSize: new Option(
    '--batch-size <photos>',
    'instead of the recipe’s; of all ranks together; auto measures which trains the fastest',
  ).argParser((text: string) => (text === 'auto' ? text : count(text))),
  lr: new Option('--lr <rate>', 'learning rate instead of the recipe’s').argParser(positive),
  imageSize: new Option('--image-size <pixels>', 'edge of the network’s input').argParser(edge),
  seed: new Option(
    '--seed <number>',
    `of all randomness (default: ${defaultSeed}; for trying random photos, another each time)`,
  ).argParser(wholeNumber),
  maxMinutes: new Option(
    '--max-minutes <minutes>',
    'train as many of the recipe’s epochs as fit',
  ).argParser(positive),
  checkpointSeconds: new Option(
    '--checkpoint-seconds <seconds>',
    'what a kill may cost at most (default: 60)',
  ).argParser(positive),
  rankTimeout: new Option(
    '--rank-timeout <seconds>',
    'of several ranks (WORLD_SIZE): how long one may not answer before all end',
  )
    .env('GILLNET_RANK_TIMEOUT')
    .argParser(positive)
    .default(defaultRankSeconds),
  syncBatchNorm: new Option(
    '--sync-batch-norm',
    'of several ranks: batch norms by the photos of all, not by each rank’s own',
  ),
  sign: new Option('--sign <key>', 'sign the model: a private Ed25519 key in PEM').env(
    'GILLNET_SIGN',
  ),
  trustedKey: new Option(
    '--trusted-key <keys>',
    'take only models that one of these has signed: public Ed25519 keys in PEM',
  ).env('GILLNET_TRUSTED_KEY'),
  resume: new Option('--resume <run>', 'go on with an interrupted run'),
  mlflow: new Option(
    '--mlflow <url>',
    'an MLflow server to tell of the run, such as http://127.0.0.1:5001; or none',
  )
    .env('MLFLOW_TRACKING_URI')
    .argParser(trackingServer),
  experiment: new Option(
    '--experiment <name>',
    'of MLflow’s, to which the run belongs (default: gillnet)',
  ).env('MLFLOW_EXPERIMENT_NAME'),
  memory: new Option(
    '--memory <bytes>',
    'memory for decoded photos, and before for the search for duplicates, which does the rest on disk',
  )
    .env('GILLNET_MEMORY')
    .argParser(bytes)
    .default(1e9, '1GB'),
  downloadCache: new Option(
    '--download-cache <bytes>',
    'disk space for what was fetched from a bucket, shared by all runs',
  )
    .env('GILLNET_DOWNLOAD_CACHE')
    .argParser(bytes)
    .default(10e9, '10GB'),
  model: new Option(
    '--model <file>',
    'a model’s file, its name in --models, or a stage that serves one (default: production’s, else the newest)',
  ),
  split: new Option('--split <split>', 'which photos to judge')
    .choices(['train', 'val', 'test'])
    .default('test'),
  label: new Option('--label <label>', 'what to explain (default: the predicted label)'),
  out: new Option('--out <folder>', 'where pictures are written (default: here)'),
  exported: new Option(
    '--out <place>',
    'a new file, or a folder for one that is named after the model (default: here)',
  ),
  comparison: new Option('--out <file>', 'where to write a page with both courses, too'),
  format: new Option('--format <format>', 'what to export to')
    .choices([...exportFormats])
    .makeOptionMandatory(),
  classes: new Option(
    '--classes <names>',
    'a,b,c in the order of the network’s outputs, or @FILE with one name a line',
  ).makeOptionMandatory(),
  importedSize: new Option('--image-size <pixels>', 'edge of the network’s input')
    .argParser(edge)
    .default(224),
  mean: new Option('--mean <r,g,b>', 'of pixels scaled to 0…1 (default: ImageNet’s)').argParser(
    channels(() => true, 'three numbers'),
  ),
  std: new Option('--std <r,g,b>', 'of pixels scaled to 0…1 (default: ImageNet’s)').argParser(
    channels((value) => value > 0, 'three numbers above 0'),
  ),
  top: new Option('--top <count>', 'ranked labels to give').argParser(count),
  pictures: new Option(
    '--pictures <way>',
    'how the terminal shows photos (default: as it tells that it can)',
  )
    .env('GILLNET_PICTURES')
    .choices([...graphics]),
  yes: new Option('-y, --yes', 'train without asking how, also in a terminal'),
  stage: new Option('--stage <name>', 'what serves it (default: production)'),
  keep: new Option('--keep <count>', 'newest models that stay').argParser(wholeNumber),
  keepBest: new Option(
    '--keep-best <count>',
    'models of the highest validation accuracy that stay',
  ).argParser(wholeNumber),
  olderThan: new Option(
    '--older-than <time>',
    'delete none that is younger: 12h, 30d, 8w',
  ).argParser(span),
  deleting: new Option('-y, --yes', 'delete; without it what would go is only told'),
  ...servingOptions,
  shownRuns: named(
    'shownRuns',
    new Option(
      '--runs [folder]',
      'also show the trainings of a folder (default: GILLNET_RUNS, else .gillnet/runs)',
    ),
  ),
  serve: new Option(
    '--serve <port>',
    'show the training on a page at this port, 0 for any that is free',
  ).argParser(port),
  json: new Option('--json', 'JSON lines on stdout, and nothing else there'),
  plain: new Option('--plain', 'lines without cursor control (the default without a terminal)'),
  debug: new Option('--debug', 'stack traces with errors'),
};
