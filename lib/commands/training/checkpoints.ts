import { codeOf, messageOf } from '../../errors.js';
import { readTorchFile } from '../../model/formats/torch-file.js';
import { torchFileParts } from '../../model/formats/write-torch-file.js';
import type { NativeState } from '../../native.js';
import type { Checkpoint, TrainProgress } from '../../pipeline/progress.js';
import type { Run } from '../../runs.js';
import { sha256Of } from '../../sha256.js';
import { cannotResume } from './run-config.js';

/** `checkpoint-<number>-<first half of its SHA-256>.pt`: a file tells itself whether it is whole. */
const namePattern = /^checkpoint-(\d+)-([0-9a-f]{32})\.pt$/;
/** The newest, and the one before for the case that it is damaged. */
const generations = 2;

const progressRecord = 'progress.json';
const prefixes = { model: 'model.', optimizer: 'optimizer.', best: 'best.' };
type Part = keyof typeof prefixes;

/** What a checkpoint must have been made of to belong to a run. */
export interface Identity {
  seed: number;
  dataFingerprint: string;
}

export interface Restored {
  /** Null when the run has none. */
  checkpoint: Checkpoint | null;
  /** Newer ones that can't be used, and why. */
  damaged: { name: string; reason: string }[];
}

/** The checkpoints of a run, in its folder. */
export class Checkpoints {
  #run: Run;
  #identity: Identity;
  /** Written or read whole by this process, the newest first. */
  #whole: string[] = [];
  #number = 0;

  constructor(run: Run, identity: Identity) {
    this.#run = run;
    this.#identity = identity;
  }

  /** The newest that is whole. @throws GillnetError CANNOT_RESUME when there are some and none is, IO */
  async restore(): Promise<Restored> {
    const names = await this.#names();
    this.#number = Number(namePattern.exec(names[0] ?? '')?.[1] ?? 0);
    const damaged: Restored['damaged'] = [];
    for (const name of names) {
      try {
        const bytes = (await this.#run.read(name)) ?? Buffer.alloc(0);
        const checkpoint = decode(name, bytes, this.#identity);
        this.#whole = [name];
        return { checkpoint, damaged };
      } catch (error) {
        if (codeOf(error) === 'IO') throw error;
        damaged.push({ name, reason: messageOf(error) });
      }
    }
    if (damaged.length === 0) return { checkpoint: null, damaged };
    const reasons = damaged.map(({ name, reason }) => `${name}: ${reason}`).join(' ');
    throw cannotResume(
      this.#run,
      `none of its checkpoints is whole. ${reasons} Train a new run, or delete them to begin this one anew`,
    );
  }

  /** Writes one more, and then deletes those that it replaces. @throws GillnetError IO */
  async keep(checkpoint: Checkpoint): Promise<void> {
    const parts = encode(checkpoint, this.#identity);
    const name = `checkpoint-${this.#number + 1}-${hashOf(parts)}.pt`;
    await this.#run.write(name, parts);
    this.#number += 1;
    this.#whole = [name, ...this.#whole].slice(0, generations);
    for (const other of await this.#names()) {
      if (!this.#whole.includes(other)) await this.#run.remove(other);
    }
  }

  /** Deletes what only an unfinished run needs. */
  async forget(): Promise<void> {
    for (const name of await this.#names()) await this.#run.remove(name);
  }

  /** The newest first. */
  async #names(): Promise<string[]> {
    const numberOf = (name: string) => Number(namePattern.exec(name)?.[1]);
    const names = (await this.#run.names()).filter((name) => namePattern.test(name));
    return names.sort((a, b) => numberOf(b) - numberOf(a));
  }
}

function encode({ progress, ...states }: Checkpoint, identity: Identity): Uint8Array[] {
  const parts = Object.entries(prefixes).map(([part, prefix]) =>
    prefixed(prefix, states[part as Part] ?? {}),
  );
  const record = Buffer.from(JSON.stringify({ ...identity, ...progress }));
  const records = new Map([[progressRecord, record]]);
  return torchFileParts({ state: Object.assign({}, ...parts), records });
}

/** @throws Error that says what is wrong */
function decode(name: string, bytes: Buffer, identity: Identity): Checkpoint {
  if (hashOf([bytes]) !== namePattern.exec(name)?.[2]) {
    throw new Error('It is not what was written: its bytes have another checksum than its name.');
  }
  const { state, records } = readTorchFile(bytes);
  const progress = progressIn(records.get(progressRecord), identity);
  const best = unprefixed(prefixes.best, state);
  if ((progress.best === null) !== (Object.keys(best).length === 0)) {
    throw new Error('It says another best epoch than it holds.');
  }
  return {
    progress,
    model: unprefixed(prefixes.model, state),
    optimizer: unprefixed(prefixes.optimizer, state),
    best: progress.best && best,
  };
}

function progressIn(record: Uint8Array | undefined, identity: Identity): TrainProgress {
  if (!record) throw new Error(`It has no ${progressRecord}.`);
  const { seed, dataFingerprint, ...value }: Partial<TrainProgress & Identity> = Object(
    JSON.parse(Buffer.from(record).toString()),
  );
  if (seed !== identity.seed || dataFingerprint !== identity.dataFingerprint) {
    throw new Error('It is of another run: its seed or its photos are others.');
  }
  const { epochs, steps, lossSum, correct, photosSeen, plan, best, history } = value;
  const isCount = (count: unknown) => Number.isSafeInteger(count) && Number(count) >= 0;
  const factor = plan?.learningRateFactor;
  const isPlan =
    isCount(plan?.epochs) &&
    isCount(plan?.scheduledEpochs) &&
    Number.isFinite(factor) &&
    Number(factor) > 0;
  const isBest = best === null || (isCount(best?.epoch) && Number.isFinite(best?.valAccuracy));
  const isEpoch = epochs === -1 || isCount(epochs);
  const counts = [steps, correct, photosSeen].every(isCount) && Number.isFinite(lossSum);
  const first = Number(epochs) + 1 - (history?.length ?? 0);
  const isHistory =
    Array.isArray(history) &&
    (first === 0 || first === 1) &&
    history.every((each, index) => each?.type === 'epoch' && each.epoch === first + index);
  if (!isEpoch || !counts || !isPlan || !isBest || !isHistory) {
    throw new Error(`Its ${progressRecord} is no training's progress.`);
  }
  return value as TrainProgress;
}

function hashOf(parts: Uint8Array[]): string {
  return sha256Of(...parts).slice(0, 32);
}

function prefixed(prefix: string, state: NativeState): NativeState {
  return Object.fromEntries(Object.entries(state).map(([name, tensor]) => [prefix + name, tensor]));
}

function unprefixed(prefix: string, state: NativeState): NativeState {
  return Object.fromEntries(
    Object.entries(state)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
}
