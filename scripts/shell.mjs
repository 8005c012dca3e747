// What the set-up scripts share: running programs, stamps, a lock, and errors that say what mends them.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** Ends the set-up with one paragraph instead of a stack. */
export class SetUpError extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Set-up speaks on stderr only: stdout belongs to the command that follows. */
export function say(text) {
  process.stderr.write(`gillnet set-up: ${text}\n`);
}

/** Runs a program to its end, its output on stderr. @returns exit status, or the signal's name */
export function run(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 2, 2], ...options });
    // Ctrl-C reaches the child as well; the set-up ends once it has.
    const wait = () => {};
    process.on('SIGINT', wait);
    child.on('error', (error) => {
      process.off('SIGINT', wait);
      reject(error);
    });
    child.on('close', (code, signal) => {
      process.off('SIGINT', wait);
      if (signal === 'SIGINT' || code === 130) reject(new SetUpError('interrupted.', 130));
      else resolve(code ?? signal);
    });
  });
}

/** Runs a program that has to end well. @throws Error otherwise, of which its output tells more */
export async function runWell(program, args, options) {
  const status = await run(program, args, options);
  if (status !== 0) throw new Error(`${program} ended with ${status}; it says why above`);
}

/** Makes a folder whole or not at all. @param fill given an empty one, which takes its name and its place */
export async function wholly(folder, fill) {
  const work = `${folder}.${process.pid}`;
  const parent = path.dirname(folder);
  mkdirSync(parent, { recursive: true });
  // Up to gigabytes each, where an earlier one was killed.
  for (const name of readdirSync(parent)) {
    const [before, owner] = name.split(`${path.basename(folder)}.`);
    if (before === '' && /^\d+$/.test(owner ?? '') && !isAlive(Number(owner)))
      rmSync(path.join(parent, name), { recursive: true, force: true });
  }
  mkdirSync(work, { recursive: true });
  try {
    await fill(work);
    rmSync(folder, { recursive: true, force: true });
    renameSync(work, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** First line that a program prints, or null when it can't be run. */
export function ask(program, args, options = {}) {
  const { status, stdout } = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: 30_000,
    ...options,
  });
  return status === 0 ? stdout.trim().split('\n')[0] : null;
}

/** Tests that need the data beside the clone find it beside a copy in this folder. */
export function linkData(folder) {
  const data = path.join(root, '..', 'shared');
  if (existsSync(data)) symlinkSync(data, path.join(folder, 'shared'));
}

/** Hash over texts and over the contents of files and folders below the root, in a fixed order. */
export function fingerprint(parts, files) {
  const hash = createHash('sha256');
  const add = (name) => {
    const file = path.join(root, name);
    const facts = statSync(file, { throwIfNoEntry: false });
    if (facts?.isDirectory()) {
      for (const entry of readdirSync(file).sort()) add(path.join(name, entry));
    } else hash.update(`\0${name}\0`).update(facts ? readFileSync(file) : '');
  };
  for (const part of parts) hash.update(`\0${part}`);
  for (const name of files) add(name);
  return hash.digest('hex');
}

/** What a finished step left behind, or null. */
export function readStamp(file) {
  try {
    return JSON.parse(readFileSync(path.join(root, file), 'utf8'));
  } catch {
    return null;
  }
}

/** Written after a step has succeeded, so that a killed one is done again. */
export function writeStamp(file, value) {
  const target = path.join(root, file);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(`${target}.${process.pid}`, `${JSON.stringify(value, null, 1)}\n`);
  renameSync(`${target}.${process.pid}`, target);
}

/** Runs `work` while no other process of this kind does; a lock whose owner died is taken over. */
export async function locked(file, work) {
  mkdirSync(path.dirname(file), { recursive: true });
  for (let told = false; ; ) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (!ownerLives(file)) {
      // Renaming is atomic: of two that see the dead owner, one gets the file; who took a living one's gives it back.
      const taken = `${file}.${process.pid}`;
      try {
        renameSync(file, taken);
        if (ownerLives(taken)) renameSync(taken, file);
        else rmSync(taken);
      } catch {}
      continue;
    }
    if (!told) say(`waits for another set-up that holds ${file}`);
    told = true;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

function ownerLives(file) {
  try {
    const owner = Number(readFileSync(file, 'utf8'));
    // Its owner is about to fill it, or died before: a second decides.
    return owner ? isAlive(owner) : Date.now() - statSync(file).mtimeMs < 1000;
  } catch {
    return false;
  }
}

/** True while a process of this number runs on this machine. */
export function isAlive(id) {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
