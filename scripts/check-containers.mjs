// npm run check:containers: docker-compose.yml and the Dockerfile, held against Docker's own code and
// hadolint, without a container engine.
//   npm run check:containers              half a minute the first time, seconds later
//   npm run check:containers -- --root    the image's stages in Debian folders too, run and used; as root
//   … --root --keep FOLDER                there, and left there
import { parseArgs } from 'node:util';
import { checkCompose } from './containers/compose.mjs';
import { checkDockerfile, lint } from './containers/dockerfile.mjs';
import { Skip, totals } from './containers/report.mjs';
import { checkImage } from './containers/root.mjs';

const { values } = parseArgs({
  options: { root: { type: 'boolean' }, keep: { type: 'string' } },
});

const parts = [
  ['docker-compose.yml', checkCompose],
  ['Dockerfile', checkDockerfile],
  ['hadolint', lint],
  ...(values.root ? [['image', () => checkImage(values.keep)]] : []),
];
for (const [name, part] of parts) {
  try {
    await part();
  } catch (error) {
    if (error instanceof Skip) {
      totals.skipped += 1;
      console.log(`skipped  ${name}: ${error.message}`);
    } else {
      totals.failed += 1;
      console.log(`FAILED   ${name}: ${error.message}`);
    }
  }
}
if (!values.root) console.log('not run  the image: --root builds and uses it, some four minutes');
const { passed, failed, skipped } = totals;
if (skipped > 0) console.log(`${skipped} skipped: what they need is not on this machine`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
