// npm run soak: a server under load, whose memory must stay flat.
//   npm run soak -- --requests 100000
import path from 'node:path';
import { orExplain, setUp } from './setup.mjs';
import { root, run } from './shell.mjs';

await orExplain(setUp);
const soak = path.join(root, 'dist/test/soak/run.js');
process.exitCode = await run(process.execPath, [soak, ...process.argv.slice(2)], {
  stdio: 'inherit',
});
