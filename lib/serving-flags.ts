import { Option } from 'commander';
import type { Settings } from './config.js';
import { bytes, count, origins, port, seconds } from './flag-values.js';
import { defaultLimits } from './serving/limits.js';

/** What a person may set of a server besides what other commands take. */
export interface ServingSettings extends Settings {
  /** Where a server listens. */
  host: string;
  port: number;
  /** Folder of the runs that it shows, true for the one where they are kept; undefined means none. */
  shownRuns?: string | true;
  /** The model that sees the same photos and answers nobody. */
  shadow?: string;
  /** Seconds between two looks for another model. */
  interval: number;
  /** File of the keys of which clients must give one. */
  apiKeys?: string;
  /** Origins of pages that may ask. */
  cors?: string[];
  /** Where photos go whose label a person has corrected. */
  feedback?: string;
  /** Photos that the network sees at once, that wait, and of one request. */
  maxBatch: number;
  maxQueue: number;
  maxPhotos: number;
  /** Bytes of one request. */
  maxBytes: number;
  /** Pixels of one photo. */
  maxPixels: number;
  /** Seconds. */
  timeLimit: number;
}

/** By their names in `ServingSettings`. */
export const servingOptions = {
  host: new Option('--host <address>', 'address to listen at')
    .env('GILLNET_HOST')
    .default('127.0.0.1'),
  port: new Option('--port <number>', 'port to listen at; 0 for any that is free')
    .env('GILLNET_PORT')
    .argParser(port)
    .default(3000),
  shadow: new Option(
    '--shadow <model>',
    'a model or stage that sees the same photos afterwards; its differences are counted',
  ),
  interval: new Option('--interval <seconds>', 'between two looks for another model')
    .argParser(seconds)
    .default(10),
  apiKeys: new Option(
    '--api-keys <file>',
    'a key a line, of which clients must give one (default: the keys in GILLNET_API_KEYS, else none)',
  ),
  cors: new Option('--cors <origins>', 'pages that may ask: origins with commas between them')
    .env('GILLNET_CORS')
    .argParser(origins),
  feedback: new Option(
    '--feedback <where>',
    'folder or s3://bucket/prefix for photos whose label a person corrects, as training data (default: none are taken)',
  ).env('GILLNET_FEEDBACK'),
  maxBatch: new Option('--max-batch <photos>', 'photos that the network sees at once')
    .argParser(count)
    .default(defaultLimits.batch),
  maxQueue: new Option('--max-queue <photos>', 'photos that may wait; beyond them is 429')
    .argParser(count)
    .default(defaultLimits.queue),
  maxPhotos: new Option('--max-photos <count>', 'photos of one request')
    .argParser(count)
    .default(defaultLimits.requestPhotos),
  maxBytes: new Option('--max-bytes <bytes>', 'of one request')
    .argParser(bytes)
    .default(defaultLimits.requestBytes, '32MB'),
  maxPixels: new Option('--max-pixels <pixels>', 'of one photo')
    .argParser(count)
    .default(defaultLimits.photoPixels),
  timeLimit: new Option('--time-limit <seconds>', 'for a request to arrive, and for its answer')
    .argParser(seconds)
    .default(defaultLimits.seconds),
};
