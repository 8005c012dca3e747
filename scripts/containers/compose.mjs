// docker-compose.yml: read by the code of Docker Compose, then held against what the service promises.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { check } from '../checks.mjs';
import { root } from '../shell.mjs';
import { askDocker } from './docker.mjs';

const file = path.join(root, 'docker-compose.yml');
const example = path.join(root, '.env.example');

/** In no `up` but that of their profile. */
const monitoring = ['prometheus', 'grafana'];
const servers = ['minio', 'mysql', 'phpmyadmin', 'mlflow', ...monitoring];
const oneShots = ['upload', 'extraction', 'training', 'training-gpu', 'predict'];
/** Comes back as they do, on as many processors as it may have. */
const own = ['serve', 'serve-gpu'];
/** The same on a GPU, in no `up` but that of their profile. */
const gpu = {
  'training-gpu': { twin: 'training', device: 'auto' },
  'serve-gpu': { twin: 'serve', device: 'cuda' },
};
const healthy = 'service_healthy';

/** As the original service has it, where extraction fills the table before training reads it. */
const waitsFor = {
  phpmyadmin: { mysql: healthy },
  upload: { minio: healthy },
  extraction: { minio: healthy, mysql: healthy },
  training: { minio: healthy, mysql: healthy, extraction: 'service_completed_successfully' },
  predict: { minio: healthy, mysql: healthy },
  serve: { minio: healthy },
  grafana: { prometheus: healthy },
};
const ports = {
  minio: ['9000:9000', '9001:9001'],
  mysql: ['3306:3306'],
  phpmyadmin: ['8080:80'],
  mlflow: ['5001:5001'],
  serve: ['3000:3000'],
  prometheus: ['9090:9090'],
  grafana: ['3001:3000'],
};
const changed = {
  MINIO_ROOT_USER: 'changed-user',
  MINIO_ROOT_PASSWORD: 'changed-secret',
  MYSQL_ROOT_PASSWORD: 'changed-root',
  PUBLISH_ADDRESS: '192.0.2.1',
  MINIO_PUBLIC_ENDPOINT: 'http://photos.example:9000',
  MLFLOW_ALLOWED_HOSTS: 'photos.example:5001',
  GILLNET_PHOTOS: '/changed/photos',
  TRAINING_WEIGHTS: 'none',
  TRAINING_THREADS: '7',
  TRAINING_DEVICE: 'cuda',
  TRAINING_CPUS: '1.5',
  TRAINING_MEMORY: '9g',
  TRAINING_TRACKER: '',
  SERVE_API_KEYS: 'changed-key-0123456789',
  SERVE_METRICS_KEY: 'changed-key-0123456789',
  SERVE_CPUS: '1.25',
  SERVE_MEMORY: '5g',
  GRAFANA_USER: 'changed-person',
  GRAFANA_PASSWORD: 'changed-look',
};

export function checkCompose() {
  const project = askDocker('compose', file);
  check('docker-compose.yml is a valid compose file', []);
  const { services } = project;
  check(
    'it has the original’s seven services, and upload, serve, GPUs and monitoring beside them',
    [
      ...differences(Object.keys(services), [...servers, ...oneShots, ...own]),
      ...['upload', ...monitoring, ...Object.keys(gpu)]
        .filter((name) => !(services[name].profiles?.length > 0))
        .map((name) => `${name} runs with every \`up\``),
      ...unmounted(services),
    ],
  );
  check('every image that is fetched has a fixed tag', unpinned(services));
  check('what runs on a GPU reserves one, and is otherwise what runs without', onGpu(services));
  check('servers come back, and nothing else does', restarts(services));
  check('memory, log files and privileges are bounded', unbounded(services));
  check('servers tell whether they are healthy', [
    ...[...servers, ...own].map(
      (name) => !services[name].healthcheck?.test && `${name} has no health check`,
    ),
    // localhost means the socket to MySQL's client.
    !services.mysql.healthcheck.test.join(' ').includes('--host=127.0.0.1') &&
      'mysql’s does not ask over TCP',
  ]);
  check('each waits for what the original waits for', waits(services));
  check('ports are the original’s, on this machine alone', published(services, '127.0.0.1'));
  check('.env.example tells every setting and its default', [
    ...differences(settingsIn(example), settingsUsed()),
    ...differences(Object.keys(changed), settingsUsed()),
    !isDeepStrictEqual(askDocker('compose', file, example), project) &&
      'with it another project comes out than without',
  ]);
  check('every setting of an .env arrives, and no default stays', overridden());
}

function differences(found, expected) {
  return [
    ...found.filter((each) => !expected.includes(each)).map((each) => `${each} is unexpected`),
    ...expected.filter((each) => !found.includes(each)).map((each) => `${each} is missing`),
  ];
}

/** A name without a tag, or with one that moves. */
export function isPinned(image) {
  return (
    /@sha256:[0-9a-f]{64}$/.test(image) ||
    /:(?!latest$)[^:/]*\d+\.\d+[^:/]*$|:RELEASE\.[^:/]+$/.test(image)
  );
}

/** What is mounted from this clone and is not there. */
function unmounted(services) {
  return Object.entries(services).flatMap(([name, { volumes = [] }]) =>
    volumes
      .filter(({ type, source }) => type === 'bind' && source.includes('docs/'))
      .filter(({ source }) => !existsSync(path.resolve(root, source)))
      .map(({ source }) => `${name} wants ${source}, which is not there`),
  );
}

function unpinned(services) {
  return Object.entries(services)
    .filter(([, { build, image }]) => !build && !isPinned(image))
    .map(([name, { image }]) => `${name} has ${image}`);
}

function onGpu(services) {
  const reserved = [{ driver: 'nvidia', count: 1, capabilities: ['gpu'] }];
  return Object.entries(gpu).flatMap(([name, { twin, device }]) => {
    const { build, image, profiles, deploy, environment, ...rest } = services[name];
    const { build: _, image: __, environment: without, ...others } = services[twin];
    return [
      build.dockerfile !== 'Dockerfile.cuda' && `${name} is built by ${build.dockerfile}`,
      image === services[twin].image && `${name} has the image of ${twin}`,
      !isDeepStrictEqual(profiles, ['gpu']) && `${name} is in ${profiles}`,
      !isDeepStrictEqual(deploy?.resources?.reservations?.devices, reserved) &&
        `${name} reserves ${JSON.stringify(deploy)}`,
      !isDeepStrictEqual(environment, { ...without, GILLNET_DEVICE: device }) &&
        `${name} has another environment than ${twin}`,
      !isDeepStrictEqual(rest, others) && `${name} differs from ${twin}`,
    ];
  });
}

function restarts(services) {
  const wanted = (name) => ([...servers, ...own].includes(name) ? 'unless-stopped' : 'no');
  return Object.entries(services)
    .filter(([name, { restart }]) => restart !== wanted(name))
    .map(([name, { restart }]) => `${name} has restart: ${restart}, not ${wanted(name)}`);
}

function unbounded(services) {
  return Object.entries(services).flatMap(([name, service]) => [
    !(Number(service.mem_limit) > 0) && `${name} has no mem_limit`,
    servers.includes(name) && !service.cpus && `${name} has no cpus`,
    !service.logging?.options?.['max-size'] && `${name} has no bounded log`,
    !service.security_opt?.includes('no-new-privileges:true') && `${name} has no no-new-privileges`,
    Boolean(service.privileged) && `${name} is privileged`,
  ]);
}

function waits(services) {
  return Object.entries(services).map(([name, { depends_on: found = {} }]) => {
    const conditions = Object.fromEntries(
      Object.entries(found).map(([other, { condition }]) => [other, condition]),
    );
    const wanted = waitsFor[gpu[name]?.twin ?? name] ?? {};
    return (
      !isDeepStrictEqual(conditions, wanted) &&
      `${name} waits for ${JSON.stringify(conditions)}, not ${JSON.stringify(wanted)}`
    );
  });
}

function published(services, address) {
  return Object.entries(services).flatMap(([name, service]) => {
    const found = (service.ports ?? []).map(({ published, target }) => `${published}:${target}`);
    return [
      ...differences(found, ports[gpu[name]?.twin ?? name] ?? []).map(
        (problem) => `${name}: ${problem}`,
      ),
      ...(service.ports ?? [])
        .filter(({ host_ip }) => host_ip !== address)
        .map(({ published, host_ip }) => `${name}: ${published} is on ${host_ip}, not ${address}`),
    ];
  });
}

function overridden() {
  const folder = mkdtempSync(path.join(tmpdir(), 'gillnet-compose-'));
  try {
    const env = path.join(folder, 'env');
    writeFileSync(
      env,
      Object.entries(changed)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    );
    const { services, configs } = askDocker('compose', file, env);
    const text = JSON.stringify(services);
    const { training, upload, serve, grafana } = services;
    const wanted = [
      [training.environment.GILLNET_CATALOG, 'mysql://root:changed-root@mysql:3306/mlops'],
      [training.environment.MINIO_ACCESS_KEY, services.minio.environment.MINIO_ROOT_USER],
      [training.environment.MINIO_SECRET_KEY, services.minio.environment.MINIO_ROOT_PASSWORD],
      [services.minio.environment.MINIO_ROOT_PASSWORD, changed.MINIO_ROOT_PASSWORD],
      [services.mysql.environment.MYSQL_ROOT_PASSWORD, changed.MYSQL_ROOT_PASSWORD],
      [training.environment.MINIO_PUBLIC_ENDPOINT, changed.MINIO_PUBLIC_ENDPOINT],
      [training.environment.GILLNET_WEIGHTS, changed.TRAINING_WEIGHTS],
      [training.environment.GILLNET_THREADS, changed.TRAINING_THREADS],
      [services['training-gpu'].environment.GILLNET_DEVICE, changed.TRAINING_DEVICE],
      [training.environment.MLFLOW_TRACKING_URI, ''],
      [String(training.cpus), changed.TRAINING_CPUS],
      [training.mem_limit, String(9 * 2 ** 30)],
      [serve.environment.GILLNET_API_KEYS, changed.SERVE_API_KEYS],
      [serve.environment.MINIO_SECRET_KEY, changed.MINIO_ROOT_PASSWORD],
      [configs['metrics-key'].content, changed.SERVE_METRICS_KEY],
      [grafana.environment.GF_SECURITY_ADMIN_USER, changed.GRAFANA_USER],
      [grafana.environment.GF_SECURITY_ADMIN_PASSWORD, changed.GRAFANA_PASSWORD],
      [String(serve.cpus), changed.SERVE_CPUS],
      [serve.mem_limit, String(5 * 2 ** 30)],
      [services.mlflow.command.at(-1), '--allowed-hosts=photos.example:5001'],
      [upload.volumes.find(({ target }) => target === '/photos').source, changed.GILLNET_PHOTOS],
    ];
    return [
      ...published(services, changed.PUBLISH_ADDRESS),
      ...wanted
        .filter(([found, expected]) => found !== expected)
        .map(([found, expected]) => `${found} instead of ${expected}`),
      ...['admin-user', 'admin-password', 'root:root', '"root"']
        .filter((each) => text.includes(each))
        .map((each) => `${each} is still there`),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function settingsIn(env) {
  return [...readFileSync(env, 'utf8').matchAll(/^(\w+)=/gm)].map(([, name]) => name);
}

function settingsUsed() {
  const text = readFileSync(file, 'utf8');
  return [...new Set([...text.matchAll(/(?<!\$)\$\{(\w+)/g)].map(([, name]) => name))];
}
