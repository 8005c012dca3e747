/**
 * npm run soak: a server under load for as many requests as are asked for, whose memory, native memory too, must stay
 * flat. Photos of all kinds, bad ones, explanations, clients that go away, and models that take over from each other.
 *   npm run soak -- --requests 100000
 */
import { parseArgs } from 'node:util';
import { random } from '../../lib/random.js';
import { modelsOf, noisePhoto, randomModel, startServe } from '../support/serving.js';
import { temporaryFolder } from '../support/suite.js';

const { values } = parseArgs({ options: { requests: { type: 'string', default: '3000' } } });
const requests = Number(values.requests);
if (!Number.isSafeInteger(requests) || requests < 1000) {
  throw new Error('Expected a whole number of --requests, 1000 or more.');
}
const connections = 16;
/** Looks at the memory, of which the first third is warming up. */
const looks = 60;
/** What the last third may take more than the second: the heap's own to and fro. */
const allowed = { share: 1.05, bytes: 24e6 };
const promotions = 20;

const models = await modelsOf(await randomModel(1), await randomModel(2));
await models.promoted(0);
const photos = await Promise.all(
  Array.from({ length: 12 }, (_, index) => noisePhoto(index, 64 + 60 * index)),
);
const bad = photos[3]?.subarray(0, 2000) as Buffer;

const { child, end, address } = await startServe(['--models', models.folder, '--interval', '0.2'], {
  cwd: temporaryFolder(),
  env: { GILLNET_API_KEYS: '' },
});
if (address === '') throw new Error((await end).stderr);

const counts: Record<string, number> = {};
const memory: number[] = [];

async function ask(number: number): Promise<string> {
  const draw = random(1, 'soak', number);
  const kind = draw.integer(20);
  const photo = photos[draw.integer(photos.length)] as Buffer;
  const body = kind === 0 ? bad : photo;
  const gone = new AbortController();
  const query = kind === 1 ? '?explain=true' : '';
  const answer = fetch(`${address}/v1/predict${query}`, {
    ...{ method: 'POST', body, signal: gone.signal },
    headers: { 'content-type': 'image/png' },
  });
  if (kind === 2) setTimeout(() => gone.abort(), draw.integer(20));
  try {
    const { status } = await answer.then(async (one) => {
      await one.arrayBuffer();
      return one;
    });
    return String(status);
  } catch (error) {
    if (!gone.signal.aborted) throw error;
    return 'gone';
  }
}

async function look(): Promise<void> {
  const text = await (await fetch(`${address}/metrics`)).text();
  memory.push(Number(/^process_resident_memory_bytes (.*)$/m.exec(text)?.[1]));
}

let sent = 0;
async function client(): Promise<void> {
  while (sent < requests) {
    const number = sent++;
    const outcome = await ask(number);
    counts[outcome] = (counts[outcome] ?? 0) + 1;
    if (number % Math.floor(requests / looks) === 0) await look();
    if (number % Math.floor(requests / promotions) === 0) {
      await models.promoted(Math.floor((promotions * number) / requests) % 2);
    }
  }
}
const began = performance.now();
await Promise.all(Array.from({ length: connections }, client));
const seconds = (performance.now() - began) / 1000;
child.kill('SIGTERM');
const { status } = await end;

const third = Math.floor(memory.length / 3);
/** Their lower quartile, which what stays raises, and not what a model takes while it takes over. */
const kept = (looked: number[]) => looked.sort((a, b) => a - b)[looked.length >> 2] ?? 0;
const [second, last] = [kept(memory.slice(third, 2 * third)), kept(memory.slice(2 * third))];
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
console.log(
  `${requests} requests in ${seconds.toFixed(0)} s: ${JSON.stringify(counts)}; resident memory, of each third the lower ` +
    `quartile, ${megabytes(second)} in the second, ${megabytes(last)} in the last, ${megabytes(Math.max(...memory))} at most`,
);
const unexpected = Object.keys(counts).filter((one) => !['200', '422', 'gone'].includes(one));
const failures = [
  ...(last > allowed.share * second + allowed.bytes ? ['its memory grows'] : []),
  ...(unexpected.length > 0 ? [`it answered ${unexpected.join(', ')}`] : []),
  ...(status === 0 ? [] : [`it ended with ${status}`]),
];
for (const failure of failures) console.log(`FAILED  ${failure}`);
console.log(`${3 - failures.length} passed, ${failures.length} failed`);
process.exitCode = failures.length > 0 ? 1 : 0;
