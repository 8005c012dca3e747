// npm run check:containers: docker-compose.yml and the Dockerfiles, held against Docker's own code and
// hadolint, without a container engine.
//   npm run check:containers              half a minute the first time, seconds later
//   npm run check:containers -- --root    the images' stages in folders too, run and used; as root
//   … --root --image Dockerfile.cuda      of one image alone
//   … --root --keep FOLDER                there, and left there
import { parseArgs } from 'node:util';
import { check, end, Skip, skip } from './checks.mjs';
import { checkCompose } from './containers/compose.mjs';
import { checkDockerfile, checkSameness, dockerfiles, lint } from './containers/dockerfile.mjs';
import { checkImage } from './containers/root.mjs';

const { values } = parseArgs({
  options: { root: { type: 'boolean' }, image: { type: 'string' }, keep: { type: 'string' } },
});

if (values.image && !dockerfiles.includes(values.image)) {
  console.error(`There is no ${values.image}; expected ${dockerfiles.join(' or ')}.`);
  process.exit(2);
}
const images = values.root ? dockerfiles.filter((file) => (values.image ?? file) === file) : [];
const parts = [
  ['docker-compose.yml', checkCompose],
  ...dockerfiles.map((file) => [file, () => checkDockerfile(file)]),
  ['Dockerfile.cuda', checkSameness],
  ['hadolint', lint],
  ...images.map((file) => [`the image of ${file}`, () => checkImage(file, values.keep)]),
];
for (const [name, part] of parts) {
  try {
    await part();
  } catch (error) {
    if (error instanceof Skip) skip(name, error.message);
    else check(name, [error.message]);
  }
}
if (!values.root)
  console.log('not run  the images: --root builds and uses them, some ten minutes each');
end();
