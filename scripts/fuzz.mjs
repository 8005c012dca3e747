// npm run fuzz: damaged and hostile models and weights, against the readers.
//   npm run fuzz -- --cases 1000000 --seed 7
//   npm run fuzz -- --seed 7 --case 1234     one case again
import path from 'node:path';
import { orExplain, setUp } from './setup.mjs';
import { root, run } from './shell.mjs';

await orExplain(setUp);
const fuzzer = path.join(root, 'dist/test/fuzz/run.js');
const options = { stdio: 'inherit' };
process.exitCode = await run(process.execPath, [fuzzer, ...process.argv.slice(2)], options);
