// Long trials, which are no tests: of the readers of models, and of a server.
//   npm run fuzz -- --cases 1000000 --seed 7    damaged and hostile models and weights, against the readers
//   npm run fuzz -- --seed 7 --case 1234        one case again
//   npm run soak -- --requests 100000           a server under load, whose memory must stay flat
import path from 'node:path';
import { orExplain, setUp } from './setup.mjs';
import { root, run } from './shell.mjs';

const [name, ...args] = process.argv.slice(2);
await orExplain(setUp);
const file = path.join(root, 'dist/test', name, 'run.js');
process.exitCode = await run(process.execPath, [file, ...args], { stdio: 'inherit' });
