import type { Stats } from 'node:fs';
import { access, constants, open, readdir, realpath, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { GillnetError, messageOf } from '../errors.js';
import { createFile, makeFolder, readWhole } from '../files.js';
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
    const real = await realpath(here);
    if (ancestors.includes(real)) return;
    const leads = (name: string) =>
      `${below}${name}`.startsWith(prefix) || prefix.startsWith(`${below}${name}/`);
    const entries = await Promise.all(
      (await readdir(here)).filter(leads).map(async (name) => {
        const facts = await stat(path.join(here, name)).catch(() => null);
        // The slash takes part in the order, so that the walk yields keys sorted.
        return facts && { name: facts.isDirectory() ? `${name}/` : name, facts };
      }),
    );
    const present = entries.filter((entry) => entry !== null);
    present.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const { name, facts } of present) {
      if (facts.isDirectory()) yield* walk(below + name, prefix, [...ancestors, real]);
      else if (facts.isFile()) {
        yield objectOf(below + name, facts);
      }
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
        throw ioError('read', path.join(root, below), cause);
      }
    },

    async find(key) {
      const file = pathOf(key);
      try {
        const facts = await stat(file);
        return facts.isFile() ? objectOf(key, facts) : null;
      } catch (cause) {
        // A file in the place of a folder has nothing below it.
        if (isMissing(cause) || (cause as NodeJS.ErrnoException).code === 'ENOTDIR') return null;
        throw ioError('read', file, cause);
      }
    },

    async folders(prefix) {
      const folder = pathOf(prefix);
      try {
        const names = await readdir(folder);
        const facts = await Promise.all(
          names.map((name) => stat(path.join(folder, name)).catch(() => null)),
        );
        return names.filter((_, index) => facts[index]?.isDirectory());
      } catch (cause) {
        if (isMissing(cause)) return [];
        throw ioError('read', folder, cause);
      }
    },

    async get({ key }) {
      try {
        return await readWhole(pathOf(key));
      } catch (cause) {
        throw ioError('read', pathOf(key), cause);
      }
    },

    async getPart({ key }, start, end) {
      try {
        const file = await open(pathOf(key));
        try {
          const part = Buffer.alloc(end - start);
          const { bytesRead } = await file.read(part, 0, part.length, start);
          return part.subarray(0, bytesRead);
        } finally {
          await file.close();
        }
      } catch (cause) {
        throw ioError('read', pathOf(key), cause);
      }
    },

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
        throw ioError('write', target, cause);
      }
    },

    async remove(key) {
      try {
        await rm(pathOf(key), { force: true });
      } catch (cause) {
        throw ioError('delete', pathOf(key), cause);
      }
    },

    async prepare() {
      try {
        await makeFolder(root);
        await access(root, constants.W_OK);
      } catch (cause) {
        throw ioError('write', root, cause);
      }
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

function ioError(verb: 'read' | 'write' | 'delete', file: string, cause: unknown): GillnetError {
  if (isMissing(cause)) return new GillnetError('NOT_FOUND', `${file} does not exist.`, { cause });
  return new GillnetError('IO', `Can't ${verb} ${file}: ${messageOf(cause)}.`, { cause });
}
