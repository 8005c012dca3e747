// The image's steps with the commands and settings that docker-compose.yml gives them, against a real S3
// server and a real database; this machine's loopback stands for Compose's network.
import { cpSync, existsSync } from 'node:fs';
import path from 'node:path';
import { check, Skip } from '../checks.mjs';
import { programFile } from '../programs.mjs';
import { orExplain, setUp } from '../setup.mjs';
import { root } from '../shell.mjs';
import { inside } from './chroot.mjs';
import { askDocker } from './docker.mjs';
import { checkServe } from './serving.mjs';
import { wrong } from './use.mjs';

const steps = {
  // One of them is broken, as the sample has it.
  upload: /uploaded 632 photos/,
  extraction: /extracted 631 photos/,
  training: /saved model_v1_/,
  predict: /of 10 right/,
};
/** Shorter than the service's own, which the steps prove as little. */
const shortened = { training: ['--epochs', '1'] };

/** @param image with the drawn sample in its working folder */
export async function checkServices(image) {
  for (const name of ['minio', 'mariadbd']) {
    if (!existsSync(programFile(name))) {
      throw new Skip(`the steps on servers need ${name}: \`node scripts/programs.mjs\``);
    }
  }
  await orExplain(setUp);
  const { services } = askDocker('compose', path.join(root, 'docker-compose.yml'));
  const { startMinio, startMariadb } = {
    ...(await import('../../dist/test/servers/minio.js')),
    ...(await import('../../dist/test/servers/mariadb.js')),
  };
  const { MINIO_ACCESS_KEY: accessKey, MINIO_SECRET_KEY: secretKey } =
    services.training.environment;
  const s3 = await startMinio({ accessKey, secretKey });
  const mysql = await startMariadb();
  const here = (text) =>
    text
      .replace('minio:9000', `${s3.host}:${s3.port}`)
      .replace('mysql:3306', `${mysql.host}:${mysql.port}`);
  try {
    cpSync(path.join(image.folder, image.workdir, '.gillnet/sample'), `${image.folder}/photos`, {
      recursive: true,
    });
    const howOf = ({ environment }) => ({
      quiet: true,
      network: true,
      writable: ['/var/lib/gillnet/.gillnet/runs', '/var/lib/gillnet/.gillnet/cache'],
      env: {
        ...Object.fromEntries(
          Object.entries(environment).map(([key, value]) => [key, here(value ?? '')]),
        ),
        GILLNET_WEIGHTS: 'none',
      },
    });
    const { serve } = services;
    for (const [name, expected] of Object.entries(steps)) {
      const { command } = services[name];
      const how = howOf(services[name]);
      // The last step but one makes the model.
      if (name === 'training') await checkServe(image, serve, howOf(serve), false);
      const args = [...image.entrypoint, ...command, ...(shortened[name] ?? [])];
      const title = `on MinIO and MariaDB, ${name}: gillnet ${command.join(' ')}`;
      check(title, wrong(inside(image, args, how), expected));
    }
    await checkServe(image, serve, howOf(serve), true);
  } finally {
    await s3.discard();
    await mysql.discard();
  }
}
