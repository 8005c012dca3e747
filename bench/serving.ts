/**
 * Requests a second of `gillnet serve`, of one photo each over 16 connections, beside onnxruntime-node behind the same HTTP
 * server, and beside itself without batches: in turns, and the 99th percentiles of what the requests took.
 *
 *   node dist/bench/serving.js --ort FOLDER [--rounds 5] [--requests 320] [--json]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { encodeOnnx } from '../lib/model/export/onnx.js';
import { encodeModel } from '../lib/model/model-file.js';
import { publish } from '../lib/model/registry.js';
import { openStore } from '../lib/store/open.js';
import { version } from '../lib/version.js';
import { imageSize, modelOf, noise } from './inference-network.js';
import { type Contestant, median, slowestHundredth, takeTurns, tell } from './pairs.js';

const { values } = parseArgs({
  options: {
    ort: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    requests: { type: 'string', default: '320' },
    json: { type: 'boolean' },
  },
});
const { ort } = values;
if (!ort) throw new Error('Give --ort FOLDER, where `npm install onnxruntime-node` ran');
const [rounds, requests] = [Number(values.rounds), Number(values.requests)];
const connections = 16;
const command = 'npm run bench -- serving';

interface Serving extends Contestant {
  /** Milliseconds of all requests. */
  times: number[];
}

const agent = new Agent({ keepAlive: true, maxSockets: connections });

/** @returns the body of the answer */
function post(address: string, photo: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'image/jpeg', 'content-length': photo.length };
    const asked = request(`${address}/v1/predict`, { method: 'POST', agent, headers }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (text) => {
        body += text;
      });
      answer.on('end', () =>
        answer.statusCode === 200
          ? resolve(body)
          : reject(new Error(`${answer.statusCode} ${body}`)),
      );
    });
    asked.on('error', reject);
    asked.end(photo);
  });
}

/** A server that says `at ADDRESS;` once it listens. */
async function contestant(name: string, args: string[]): Promise<Serving> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const address = await addressOf(child);
  const times: number[] = [];
  const one = async () => {
    const began = performance.now();
    await post(address, photo);
    times.push(performance.now() - began);
  };
  // Both tell all labels, by their confidences.
  const [first] = JSON.parse(await post(address, photo)).predictions;
  confidences.push(first.ranked.map(({ confidence }: { confidence: number }) => confidence));
  return {
    ...{ name, times },
    async turn() {
      const began = performance.now();
      let left = requests;
      const client = async () => {
        while (left > 0) {
          left -= 1;
          await one();
        }
      };
      await Promise.all(Array.from({ length: connections }, client));
      return (1000 * requests) / (performance.now() - began);
    },
    async end() {
      const ended = once(child, 'close');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout?.setEncoding('utf8').on('data', (text) => {
      const address = /at (http:[^;]+);/.exec(text)?.[1];
      if (address) resolve(address);
    });
    child.once('close', (status) => reject(new Error(`A server ended with ${status}.`)));
  });
}

/** The same network as a model of gillnet's and as ONNX. */
async function writeModels(folder: string) {
  const model = await modelOf('resnet18');
  const onnx = path.join(folder, 'model.onnx');
  writeFileSync(onnx, encodeOnnx(model));
  const models = path.join(folder, 'models');
  await publish(await openStore(models), encodeModel(model));
  return { onnx, models };
}

const { pixels } = noise('serving', 1);
const photo = await sharp(pixels, { raw: { width: imageSize, height: imageSize, channels: 3 } })
  .blur(2)
  .resize(640, 480, { fit: 'fill' })
  .jpeg()
  .toBuffer();
const confidences: number[][] = [];
const folder = mkdtempSync(path.join(tmpdir(), 'gillnet-serving-'));
const all: Serving[] = [];
try {
  const { onnx, models } = await writeModels(folder);
  const script = (name: string) => fileURLToPath(new URL(name, import.meta.url));
  const gillnet = [script('../../scripts/gillnet.mjs'), 'serve', '--port', '0', '--models', models];
  const ours = `gillnet ${version} serve`;
  const together = await contestant(ours, gillnet);
  all.push(together);
  const single = await contestant(`${ours} --max-batch 1`, [...gillnet, '--max-batch', '1']);
  all.push(single);
  const peerArgs = [script('serving-onnx.js'), '--ort', ort, '--onnx', onnx];
  const peer = await contestant('onnxruntime-node behind Fastify 5', peerArgs);
  all.push(peer);
  const [own = [], , theirs = []] = confidences;
  const apart = own.map((confidence, place) => Math.abs(confidence - (theirs[place] as number)));
  if (!(Math.max(...apart) < 1e-3)) throw new Error(`Their confidences differ by ${apart}.`);

  for (const one of all) {
    await one.turn();
    one.times.length = 0;
  }
  const figures = await takeTurns(all, rounds, 0);
  const figuresOf = (one: Serving) => figures[all.indexOf(one)];
  const told = (name: string, other: Serving, goal: string) => {
    const about = { name: `serving, ${name}`, unit: 'requests/s', goal, command };
    const versions = { ours: together.name, theirs: other.name };
    tell({ ...about, versions }, figuresOf(together), figuresOf(other), values.json);
  };
  told('16 connections, vs onnxruntime-node', peer, '≥ 1.1');
  told('16 connections, vs its own one by one', single, '≥ 1.5');
  const versions = { ours: together.name, theirs: peer.name };
  const about = { name: 'serving, p99, vs onnxruntime-node', unit: 'ms', goal: '≤ 1', command };
  const [slowest, slowestOfPeer] = [together, peer].map(({ times }) => [slowestHundredth(times)]);
  tell({ ...about, versions }, slowest, slowestOfPeer, values.json);
  if (!values.json) {
    for (const each of all) console.log(`${each.name}: median ${median(each.times).toFixed(0)} ms`);
  }
} finally {
  for (const each of all) await each.end();
  agent.destroy();
  rmSync(folder, { recursive: true, force: true });
}
