/** Takes a terminal's output, writes in the ways that its first argument names, and tells what it heard. */
import { spawnSync } from 'node:child_process';
import { writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { takeOutput } from '../../lib/faces/terminal/own-output.js';

/** As much of it as is used here: the types of Node's own version have none of it. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: { read: () => number } };
};

/** `(module (memory 1) (func (export "read") (result i32) i32.const -1 i32.load))` */
const readingTooFar = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7f],
  ...[0x03, 0x02, 0x01, 0x00, 0x05, 0x03, 0x01, 0x00, 0x01, 0x07, 0x08, 0x01, 0x04, 0x72, 0x65],
  ...[0x61, 0x64, 0x00, 0x00, 0x0a, 0x09, 0x01, 0x07, 0x00, 0x41, 0x7f, 0x28, 0x02, 0x00, 0x0b],
);

const heard: string[] = [];
const output = takeOutput((line) => heard.push(line));
output.stdout.write('drawn\n');

const ways: Record<string, () => void | Promise<void>> = {
  mixed() {
    process.stdout.write('1 from JavaScript\n');
    writeSync(1, '2 to the descriptor\n');
    spawnSync('echo', ['3 from a child process'], { stdio: 'inherit' });
    console.error('4 from JavaScript');
    writeSync(2, '\n  \n5 to the descriptor');
  },
  async soon() {
    writeSync(2, 'one line\nhalf a');
    await pause(500);
    heard.push('after half a second');
    writeSync(2, ' line\n');
  },
  flood() {
    for (let index = 0; index < 300; index += 1) writeSync(1, `${'x'.repeat(9_999)}\n`);
  },
  trap() {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readingTooFar));
    try {
      exports.read();
    } catch (error) {
      heard.push(String(error));
    }
  },
  async crash() {
    output.setLastWords('\x1b[?25h', 'the last words\n');
    output.stdout.write('\x1b[?25l');
    writeSync(2, 'told before\n');
    await pause(500);
    writeSync(2, 'why it ended: \x1b[2J\n');
    process.abort();
  },
};

const [, , way = ''] = process.argv;
await ways[way]?.();
output.release();
output.release();
writeSync(1, 'given back\n');
process.stdout.write(`heard ${JSON.stringify(heard)}\n`);
