#!/usr/bin/env node
// node predict.js photo.jpg …: `gillnet predict` without the set-up's checks, which cost time at each start.
import { existsSync } from 'node:fs';

const cli = new URL('./dist/lib/cli.js', import.meta.url);
if (!existsSync(cli)) {
  const { orExplain, setUp } = await import('./scripts/setup.mjs');
  await orExplain(setUp);
}
const { endWithoutUnloading, preloadAddon } = await import('./dist/lib/native-process.js');
preloadAddon();
const { main } = await import(cli.href);
process.exitCode = await main(['predict', ...process.argv.slice(2)]);
endWithoutUnloading();
