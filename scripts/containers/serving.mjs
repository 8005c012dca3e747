// The service `serve` of docker-compose.yml in the finished image: before there is a model, and with one.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { check } from '../checks.mjs';
import { inside, startInside } from './chroot.mjs';
import { firstChild, photo } from './use.mjs';

const key = 'key-of-the-check-0123456789';

/**
 * Starts the service as Compose does and uses it as its health check and clients do.
 * @param service as docker-compose.yml has it
 * @param how the service's environment, and what is writable
 * @param hasModel photos are answered; otherwise runs alone are shown
 */
export async function checkServe(image, service, how, hasModel) {
  const { freePort } = await import('../../dist/test/servers/ports.js');
  const port = await freePort();
  // This machine's loopback stands for the container's: 3000 may be taken here.
  const env = { ...how.env, GILLNET_API_KEYS: key, GILLNET_PORT: String(port) };
  const here = { ...how, env };
  const serving = startInside(image, [...image.entrypoint, ...service.command], here);
  let output = '';
  for (const stream of [serving.stdout, serving.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  const ended = new Promise((resolve) => serving.on('close', resolve));
  const over = ended.then(() => true);
  const problems = [];
  const health = service.healthcheck.test
    .slice(1)
    .map((part) => part.replace('127.0.0.1:3000', `127.0.0.1:${port}`));
  const isHealthy = () => inside(image, health, here).status === 0;
  let tries = 0;
  while (!isHealthy()) {
    tries += 1;
    if (tries === 60 || (await Promise.race([over, pause(500, false)]))) {
      problems.push('it does not get healthy');
      break;
    }
  }
  if (problems.length === 0) problems.push(...(await answersOf(image, port, hasModel)));
  const began = performance.now();
  // What has ended has no process left.
  if (serving.exitCode === null) process.kill(firstChild(serving.pid), 'SIGTERM');
  const status = await ended;
  const seconds = (performance.now() - began) / 1000;
  if (status !== 0) problems.push(`ended with ${status} after SIGTERM`);
  if (seconds > 20) problems.push(`took ${seconds.toFixed(1)} s to end`);
  if (!hasModel && !/no model yet/.test(output))
    problems.push('it does not say that there is no model');
  const title = hasModel ? 'answers photos and shows runs' : 'without a model, shows runs alone';
  check(
    `on MinIO, serve: gillnet ${service.command.join(' ')} ${title}`,
    problems.length === 0 ? [] : [...problems, ...output.trim().split('\n').slice(-12)],
  );
}

async function answersOf(image, port, hasModel) {
  const headers = { 'x-api-key': key };
  const ask = (address, init = {}) =>
    fetch(`http://127.0.0.1:${port}${address}`, { headers, ...init }).catch((error) => ({
      status: error.message,
    }));
  const problems = [];
  const expect = async (what, answer, wanted, holds = () => true) => {
    const { status } = answer;
    const body = status === 200 ? await answer.json() : null;
    if (status !== wanted) problems.push(`${what}: ${status}, not ${wanted}`);
    else if (body !== null && !holds(body)) problems.push(`${what}: ${JSON.stringify(body)}`);
  };
  await expect('without a key', await ask('/v1/runs', { headers: {} }), 401);
  await expect('runs', await ask('/v1/runs'), 200, ({ runs }) =>
    hasModel ? runs.some(({ state, model }) => state === 'done' && model) : true,
  );
  const body = readFileSync(path.join(image.folder, image.workdir, photo));
  const predicting = {
    ...{ method: 'POST', body },
    headers: { ...headers, 'content-type': 'image/jpeg' },
  };
  await expect('a photo', await ask('/v1/predict', predicting), hasModel ? 200 : 404, (answer) =>
    /^model_v1_/.test(answer.model.name),
  );
  return problems;
}
