// npm run bench: gillnet beside other programs, pair by pair; a table of ratios, and all figures as JSON.
//   npm run bench -- predict-start      that pair alone
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { installPeers } from './peers.mjs';
import { orExplain, setUp } from './setup.mjs';
import { root, SetUpError, say } from './shell.mjs';

/** Each by its name: the peers that it needs, and programs of bench/ that print records with --json, one a line. */
const pairs = {
  'train-step': {
    needs: ['torch-python'],
    programs: ({ python, dtypes }) =>
      dtypes.map((dtype) => ['train-step', '--python', python, '--dtype', dtype]),
  },
  inference: {
    needs: ['torch-python', 'onnxruntime-node'],
    programs: ({ python, ort }) => [
      ['inference', '--python', python, '--ort', ort],
      ['inference', '--python', python, '--ort', ort, '--batch', '32', '--calls', '4'],
    ],
  },
  'predict-start': {
    needs: ['torch-python', 'onnxruntime-node'],
    programs: ({ python, ort }) => [['predict-start', '--python', python, '--ort', ort]],
  },
  serving: {
    needs: ['onnxruntime-node'],
    programs: ({ ort }) => [['serving', '--ort', ort]],
  },
  extraction: { needs: ['minio', 'mc'], programs: ({ mc }) => [['extraction', '--mc', mc]] },
};

const given = process.argv.slice(2);
const names = given.length > 0 ? given : Object.keys(pairs);
const peers = await orExplain(async () => {
  const unknown = names.find((name) => !Object.hasOwn(pairs, name));
  if (unknown) {
    throw new SetUpError(`no pair ${unknown}; expected ${Object.keys(pairs).join(', ')}.`, 2);
  }
  await setUp();
  return installPeers(new Set(names.flatMap((name) => pairs[name].needs)));
});

// bfloat16 only where a training would choose it: elsewhere a step takes a minute.
const { fastestDtype } = await import('../dist/lib/model/dtype.js');
const dtypes = [...new Set(['float32', fastestDtype()])];
const { newestOf, recordsIn, tableOf } = await import('../dist/bench/table.js');
const records = [];
for (const name of names) {
  say(`measures ${name}; anything else that this machine does meanwhile shows in the figures`);
  for (const [program, ...args] of pairs[name].programs({ ...peers, dtypes })) {
    const command = [path.join(root, 'dist/bench', `${program}.js`), ...args, '--json'];
    const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };
    const { error, status, stdout } = spawnSync(process.execPath, command, options);
    if (error) throw error;
    // What was measured before it failed counts.
    records.push(...recordsIn(stdout));
    if (status !== 0) process.exitCode = 1;
  }
}

const folder = path.join(root, '.gillnet/bench');
const file = path.join(folder, `${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}.json`);
mkdirSync(folder, { recursive: true });
writeFileSync(file, `${JSON.stringify(records, null, 1)}\n`);
console.log(tableOf(newestOf(records)));
say(`the same as JSON: ${file}`);
