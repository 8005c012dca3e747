/** What a shell does for a program, without its habit of mending the terminal afterwards: see terminal.ts. */
import { execFileSync, spawn } from 'node:child_process';
import { report } from './terminal-report.js';

const [rows = '', columns = '', ...command] = process.argv.slice(2);
const stty = (...args: string[]) =>
  execFileSync('stty', args, { stdio: ['inherit', 'pipe', 'inherit'], encoding: 'utf8' });

stty('rows', rows, 'cols', columns);
const settings = stty('-a');
for (const ordinal of ['first', 'second', 'third'])
  process.stdout.write(`the ${ordinal} earlier line\n`);

const [file = '', ...args] = command;
const program = spawn(file, args, { stdio: 'inherit' });
// Ctrl-C reaches all who look at a terminal that is not in raw mode; a shell stays.
process.on('SIGINT', () => {});
program.on('error', (error) => process.stdout.write(`${error.message}\n`));
program.on('spawn', () => {
  const tty = execFileSync('tty', { stdio: ['inherit', 'pipe', 'inherit'], encoding: 'utf8' });
  process.stdout.write(report('started', { pid: program.pid, tty: tty.trim(), settings }));
});
program.on('exit', (status, signal) => {
  process.stdout.write(report('ended', { status, signal }));
  // Whoever looks at the terminal's settings ends this.
  setInterval(() => {}, 1000);
});
