// npm start: the set-up, then `gillnet run ARGS`.
import { orExplain, setUp } from './setup.mjs';

await orExplain(setUp);
const { main } = await import('../dist/lib/cli.js');
process.exitCode = await main(['run', ...process.argv.slice(2)]);
