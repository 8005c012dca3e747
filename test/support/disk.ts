import path from 'node:path';

/** What a disk holds after a power cut, told from what a program asked of it. */

export type Operation =
  | { kind: 'create' | 'sync' | 'unlink' | 'mkdir'; path: string }
  | { kind: 'write'; path: string; bytes: number }
  | { kind: 'rename' | 'link'; path: string; to: string };

/** The system calls that `operationsOf` understands. */
export const tracedCalls =
  'mkdir,openat,write,pwrite64,fsync,fdatasync,rename,link,unlink,unlinkat,ftruncate';

/** The operations of a trace by `strace -f -y -s 0` on `folder` and below, in the order in which they ended. */
export function operationsOf(trace: string, folder: string): Operation[] {
  const begun = new Map<string, string>();
  const operations: Operation[] = [];
  for (const line of trace.split('\n')) {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const [, head] = /^(.*)<unfinished \.\.\.>$/.exec(rest) ?? [];
    if (head !== undefined) {
      begun.set(thread, head);
      continue;
    }
    const call = rest.replace(/^<\.\.\. \w+ resumed>/, () => begun.get(thread) ?? '');
    const operation = call.includes(folder) ? operationOf(call) : null;
    if (operation) operations.push(operation);
  }
  return operations;
}

/** Null for a call that failed, or that changes nothing. */
function operationOf(call: string): Operation | null {
  const [, name = '', args = '', result = ''] = /^(\w+)\((.*)\) += (-?\d+)/.exec(call) ?? [];
  if (result === '' || Number(result) < 0) return null;
  const [, opened = ''] = /^\d+<([^>]*)>/.exec(args) ?? [];
  const [path = '', to = ''] = [...args.matchAll(/"([^"]*)"/g)].map(([, text = '']) => text);
  switch (name) {
    case 'openat':
      return args.includes('O_CREAT') ? { kind: 'create', path } : null;
    case 'write':
    case 'pwrite64':
      return { kind: 'write', path: opened, bytes: Number(result) };
    case 'fsync':
    case 'fdatasync':
      return { kind: 'sync', path: opened };
    case 'rename':
    case 'link':
      return { kind: name, path, to };
    case 'unlink':
    case 'mkdir':
      return { kind: name, path };
    case 'unlinkat':
      return { kind: 'unlink', path };
    default:
      throw new Error(`The disk knows no ${call}`);
  }
}

/** A file's content, by the name under which it was made. */
export interface Content {
  name: string;
  written: number;
  /** Bytes that a power cut leaves. */
  flushed: number;
}

/** What a folder's names change to; the rename's two at once. */
interface Change {
  folder: string;
  /** Null for a folder. */
  adds?: [name: string, content: Content | null];
  removes?: string;
}

type Names = Map<string, Content | null>;

/** Files by their path, with how many of their bytes are there. */
export type Shown = Map<string, { content: Content; bytes: number }>;

/** POSIX promises no more: bytes stay that were flushed, names that their folder's flush came after. */
export class Disk {
  /** As the program sees it. */
  #names: Names = new Map();
  /** As it is at least. */
  #kept: Names = new Map();
  #pending: Change[] = [];

  do(operation: Operation): void {
    const { path: file } = operation;
    const folder = path.dirname(file);
    const content = this.#names.get(file);
    if ('to' in operation) {
      if (!content) throw new Error(`${file} is not there`);
      const removed = operation.kind === 'rename' && { removes: file };
      this.#change({ folder, adds: [operation.to, content], ...removed });
    } else if (operation.kind === 'create') {
      const made = { name: file, written: 0, flushed: 0 };
      if (!content) this.#change({ folder, adds: [file, made] });
    } else if (operation.kind === 'write') {
      if (content) content.written += operation.bytes;
    } else if (operation.kind === 'sync') {
      if (content) content.flushed = content.written;
      else this.#flush(file);
    } else if (operation.kind === 'mkdir') {
      this.#change({ folder, adds: [file, null] });
    } else {
      this.#change({ folder, removes: file });
    }
  }

  /** What a power cut would take of a file; null where it is not there. */
  contentOf(file: string): Content | null {
    return this.#names.get(file) ?? null;
  }

  /** Names that a power cut might take. */
  unflushedNames(): string[] {
    return this.#pending.flatMap(({ adds }) => (adds ? [adds[0]] : []));
  }

  /** All that may be there after a power cut now: each change of names done or not, of bytes none, half or all. */
  *afterPowerCut(): Generator<Shown> {
    const changes = this.#pending.slice(-mostAtOnce);
    for (let done = 0; done < 2 ** changes.length; done += 1) {
      const names = new Map(this.#kept);
      for (const [index, change] of changes.entries()) {
        if (done & (1 << index)) apply(names, change);
      }
      for (const share of [0, 0.5, 1]) yield this.#shown(names, share);
    }
  }

  #shown(names: Names, share: number): Shown {
    const lost = [...this.#names.keys()].filter(
      (name) => this.#names.get(name) === null && !names.has(name),
    );
    const shown: Shown = new Map();
    for (const [file, content] of names) {
      if (!content || lost.some((folder) => file.startsWith(folder + path.sep))) continue;
      const { written, flushed } = content;
      shown.set(file, { content, bytes: flushed + Math.floor((written - flushed) * share) });
    }
    return shown;
  }

  #change(change: Change): void {
    apply(this.#names, change);
    this.#pending.push(change);
  }

  #flush(folder: string): void {
    for (const change of this.#pending) if (change.folder === folder) apply(this.#kept, change);
    this.#pending = this.#pending.filter((change) => change.folder !== folder);
  }
}

/** Changes of which each may have happened or not. */
const mostAtOnce = 8;

function apply(names: Names, { adds, removes }: Change): void {
  if (removes !== undefined) names.delete(removes);
  if (adds) names.set(...adds);
}
