#!/usr/bin/env node
// The `gillnet` command; in a clone it sets up first what is missing.
import { orExplain, setUp } from './setup.mjs';

await orExplain(setUp);
const { main } = await import('../dist/lib/cli.js');
process.exitCode = await main(process.argv.slice(2));
