import type { Stats } from 'node:fs';
import { access, constants, readdir, realpath, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { GillnetError, ioError } from '../errors.js';
import { createFile, makeFolder, readWhole, withHandle } from '../files.js';
import type { Store, StoredObject } from './store.js';

/** A folder as a store: an object's key is its path below `folder`. Symbolic links are followed. */
export function openDirectory(folder: string): Store {
  const root = path.resolve(folder);
  const pathOf = (key: string) => path.join(root, ...key.split('/'));

  /** Only what begins with `prefix`, or leads to it, is looked at. */
  async function* walk(
    below: string,
    prefix: string,
    ancestors: string[],
  ): AsyncGenerator<StoredObject> {
    const here = path.join(root, below);
    const real = await orGone(realpath(here));
    if (real === null || ancestors.includes(real)) return;
    const leads = (name: string) =>
      `${below}${name}`.startsWith(prefix) || prefix.startsWith(`${below}${name}/`);
    const entries = await Promise.all(
      (await readdir(here)).filter(leads).map(async (name) => {
        const facts = await orGone(stat(path.join(here, name)));
        // The slash takes part in the order, so that the walk yields keys sorted.
        return facts && { name: facts.isDirectory() ? `${name}/` : name, facts };
      }),
    );
    const present = entries.filter((entry) => entry !== null);
    present.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const { name, facts } of present) {
      if (facts.isDirectory()) yield* walk(below + name, prefix, [...ancestors, real]);
      else if (facts.isFile()) yield objectOf(below + name, facts);
    }
  }

  return {
    location: folder,

    async *list(prefix = '') {
      const below = prefix.slice(0, prefix.lastIndexOf('/') + 1);
      try {
        for await (const object of walk(below, prefix, [])) {
          if (object.key.startsWith(prefix)) yield object;
        }
      } catch (cause) {
        if (isMissing(cause)) return;
        throw refusal('read', path.join(root, below), cause);
      }
    },

    async find(key) {
      const file = pathOf(key);
      const facts = await stat(file).catch((cause) => {
        // A file in the place of a folder has nothing below it.
        if (isMissing(cause) || cause.code === 'ENOTDIR') return null;
        throw refusal('read', file, cause);
      });
      return facts?.isFile() ? objectOf(key, facts) : null;
    },

    async folders(prefix) {
      const folder = pathOf(prefix);
      const names = await readdir(folder).catch((cause) => {
        if (isMissing(cause)) return [];
        throw refusal('read', folder, cause);
      });
      const facts = await orRefusal(
        'read',
        folder,
        Promise.all(names.map((name) => orGone(stat(path.join(folder, name))))),
      );
      return names.filter((_, index) => facts[index]?.isDirectory());
    },

    get: ({ key }) => orRefusal('read', pathOf(key), readWhole(pathOf(key))),

    getPart: ({ key }, start, end) =>
      orRefusal(
        'read',
        pathOf(key),
        withHandle(pathOf(key), 'r', async (file) => {
          const part = Buffer.alloc(end - start);
          const { bytesRead } = await file.read(part, 0, part.length, start);
          return part.subarray(0, bytesRead);
        }),
      ),

    async holds(object, body) {
      return object.bytes === body.length && (await this.get(object)).equals(body);
    },

    async create(key, body) {
      const target = pathOf(key);
      try {
        await makeFolder(path.dirname(target));
        await createFile(target, body);
      } catch (cause) {
        const { code, syscall } = cause as NodeJS.ErrnoException;
        // Making the folder fails with the same code where a file stands in its place.
        if (code === 'EEXIST' && syscall === 'link') {
          throw new GillnetError('EXISTS', `${target} is there already and is never overwritten.`);
        }
        throw refusal('write', target, cause);
      }
    },

    remove: (key) => orRefusal('delete', pathOf(key), rm(pathOf(key), { force: true })),

    async prepare() {
      await orRefusal('write', root, makeFolder(root));
      await orRefusal('write', root, access(root, constants.W_OK));
    },

    urlOf: (key) => pathToFileURL(pathOf(key)).href,
  };
}

function objectOf(key: string, { size, mtimeMs }: Stats): StoredObject {
  return { key, bytes: size, etag: `${size}-${mtimeMs}` };
}

function isMissing(cause: unknown): boolean {
  return (cause as NodeJS.ErrnoException).code === 'ENOENT';
}

/** Null for what is deleted meanwhile, and for a link to nothing or to itself. */
const orGone = <T>(work: Promise<T>): Promise<T | null> =>
  work.catch((cause) => {
    if (isMissing(cause) || cause.code === 'ELOOP') return null;
    throw cause;
  });

type Verb = 'read' | 'write' | 'delete';

function refusal(verb: Verb, file: string, cause: unknown): GillnetError {
  if (isMissing(cause)) return new GillnetError('NOT_FOUND', `${file} does not exist.`, { cause });
  return ioError(`${verb} ${file}`, cause);
}

/** What the file system does with a file, or its refusal in words. */
const orRefusal = <T>(verb: Verb, file: string, work: Promise<T>): Promise<T> =>
  work.catch((cause) => {
    throw refusal(verb, file, cause);
  });
