import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { GillnetError, ioError } from './errors.js';
import { makeFolder, replaceFile, syncFolder } from './files.js';

/** Of two runs that began in one second the later one has the higher number. */
const byTime = new Intl.Collator('en', { numeric: true }).compare;

/** The folder of one run, `<runs>/<id>/`: everything that tells what was done and how to go on. */
export class Run {
  private constructor(
    readonly id: string,
    readonly folder: string,
  ) {}

  /** Makes a new folder named by the time; two runs never share one. */
  static async create(runs: string, now = new Date()): Promise<Run> {
    const stamp = now.toISOString().replace(/[-:]|\.\d+/g, '');
    try {
      await makeFolder(runs);
      for (let attempt = 1; ; attempt += 1) {
        const id = attempt === 1 ? stamp : `${stamp}-${attempt}`;
        try {
          await mkdir(path.join(runs, id));
          await syncFolder(runs);
          return new Run(id, path.join(runs, id));
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        }
      }
    } catch (cause) {
      throw ioError(`make a run folder in ${runs}`, cause);
    }
  }

  /** @param name a run's id, or the path of its folder @throws GillnetError NOT_FOUND */
  static async open(runs: string, name: string): Promise<Run> {
    const folder = name.includes('/') ? name : path.join(runs, name);
    const present = await readdir(folder).catch(() => null);
    if (!present) {
      const ids = (await readdir(runs).catch(() => [])).sort().reverse().slice(0, 5);
      throw new GillnetError(
        'NOT_FOUND',
        `There is no run ${folder}.${ids.length > 0 ? ` Newest runs: ${ids.join(', ')}.` : ''}`,
      );
    }
    return new Run(path.basename(path.resolve(folder)), folder);
  }

  /** All runs, the oldest first. */
  static async all(runs: string): Promise<Run[]> {
    const ids = (await readdir(runs).catch(() => [])).sort(byTime);
    return ids.map((id) => new Run(id, path.join(runs, id)));
  }

  /** The newest run that has this file. @throws GillnetError NOT_FOUND */
  static async newest(runs: string, file: string): Promise<Run> {
    for (const run of (await Run.all(runs)).reverse()) {
      if (await run.has(file)) return run;
    }
    throw new GillnetError(
      'NOT_FOUND',
      `There is no run in ${runs}. \`npx gillnet run\` makes one; --runs says where they are.`,
    );
  }

  pathOf(name: string): string {
    return path.join(this.folder, name);
  }

  async has(name: string): Promise<boolean> {
    return (await stat(this.pathOf(name)).catch(() => null))?.isFile() ?? false;
  }

  /** Writes one of the run's files, whole or not at all. @throws GillnetError IO */
  async write(name: string, body: Uint8Array | string): Promise<void> {
    try {
      await replaceFile(this.pathOf(name), body);
    } catch (cause) {
      throw ioError(`write ${this.pathOf(name)}`, cause);
    }
  }

  /** Null when the run has no such file. @throws GillnetError IO */
  async read(name: string): Promise<Buffer | null> {
    try {
      return await readFile(this.pathOf(name));
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw ioError(`read ${this.pathOf(name)}`, cause);
    }
  }

  /** Of the run's files. @throws GillnetError IO */
  async names(): Promise<string[]> {
    try {
      return await readdir(this.folder);
    } catch (cause) {
      throw ioError(`read ${this.folder}`, cause);
    }
  }

  /** Deletes one of the run's files, if it is there. */
  async remove(name: string): Promise<void> {
    await rm(this.pathOf(name), { force: true });
  }
}
