import { spawnSync } from 'node:child_process';
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { fittingThreads, processors } from '../lib/processors.js';
import { suite, temporaryFolder } from './support/suite.js';

const test = suite('processors');

/** A file system with these files, as Linux has them. */
function systemWith(files: Record<string, string>): string {
  const root = temporaryFolder();
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }
  return root;
}

const status = (list: string) => ({
  'proc/self/status': `Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t${list}\nMems_allowed_list:\t0\n`,
});
const siblings = (lists: Record<number, string>) =>
  Object.fromEntries(
    Object.entries(lists).map(([processor, list]) => [
      `sys/devices/system/cpu/cpu${processor}/topology/thread_siblings_list`,
      `${list}\n`,
    ]),
  );

test('hardware threads of one core count once, and only those that the process may run on', () => {
  const two = { 0: '0,4', 1: '1,5', 2: '2,6', 3: '3,7', 4: '0,4', 5: '1,5', 6: '2,6', 7: '3,7' };
  const told = (list: string) => processors(systemWith({ ...status(list), ...siblings(two) }));
  assert.equal(told('0-7'), { logical: 8, cores: 4, quota: null });
  assert.equal(told('0-1,4'), { logical: 3, cores: 2, quota: null });
  assert.equal(told('5'), { logical: 1, cores: 1, quota: null });
  const unknown = processors(systemWith(status('0-3')));
  assert.equal(unknown, { logical: 4, cores: 4, quota: null });
});

const four = { ...status('0-3'), ...siblings({ 0: '0', 1: '1', 2: '2', 3: '3' }) };
const quotaWith = (files: Record<string, string>) =>
  processors(systemWith({ ...four, ...files })).quota;

test('cgroup v2: the tightest group upwards counts', () => {
  const inSlice = { 'proc/self/cgroup': '0::/user.slice/job.scope\n' };
  const max = (group: string, text: string) => ({
    [`sys/fs/cgroup/${group}/cpu.max`]: `${text}\n`,
  });
  assert.is(quotaWith({ ...inSlice, ...max('user.slice/job.scope', 'max 100000') }), null);
  assert.is(quotaWith({ ...inSlice, ...max('user.slice/job.scope', '150000 100000') }), 1.5);
  const both = {
    ...max('user.slice', '50000 100000'),
    ...max('user.slice/job.scope', '200000 100000'),
  };
  assert.is(quotaWith({ ...inSlice, ...both }), 0.5);
  // In a container the path is the host's or `/`, and the limit stands at the mount.
  assert.is(quotaWith({ ...inSlice, ...max('', '250000 100000') }), 2.5);
  assert.is(quotaWith({ 'proc/self/cgroup': '0::/\n', ...max('', '300000 100000') }), 3);
});

test('cgroup v1, and both at once', () => {
  const group = (folder: string, quota: number, period = 100_000) => ({
    [`sys/fs/cgroup/${folder}/cpu.cfs_quota_us`]: `${quota}\n`,
    [`sys/fs/cgroup/${folder}/cpu.cfs_period_us`]: `${period}\n`,
  });
  const lines = '12:pids:/docker/1f\n4:cpu,cpuacct:/docker/1f\n1:name=systemd:/docker/1f\n0::/x\n';
  const inDocker = { 'proc/self/cgroup': lines };
  assert.is(quotaWith({ ...inDocker, ...group('cpu,cpuacct/docker/1f', -1) }), null);
  assert.is(quotaWith({ ...inDocker, ...group('cpu,cpuacct/docker/1f', 100_000, 50_000) }), 2);
  assert.is(quotaWith({ ...inDocker, ...group('cpu,cpuacct', 50_000) }), 0.5);
  const v2 = { 'sys/fs/cgroup/x/cpu.max': '100000 100000\n' };
  assert.is(quotaWith({ ...inDocker, ...group('cpu,cpuacct', 300_000), ...v2 }), 1);
});

test('each thread gets a core of its own, and time for all of it', () => {
  assert.is(fittingThreads({ logical: 8, cores: 4, quota: null }), 4);
  assert.is(fittingThreads({ logical: 8, cores: 4, quota: 2.5 }), 2);
  assert.is(fittingThreads({ logical: 8, cores: 4, quota: 0.5 }), 1);
  assert.is(fittingThreads({ logical: 8, cores: 4, quota: 64 }), 4);
});

test('on this machine there are as many as Node finds', () => {
  const { logical, cores } = processors();
  assert.ok(logical >= availableParallelism());
  assert.ok(cores >= 1 && cores <= logical);
});

const cgroup = '/sys/fs/cgroup/cpu';
/** As root, where the groups are of version 1. */
const canLimit = process.getuid?.() === 0 ? `${cgroup}/cpu.cfs_period_us` : '/none';

test.needs(canLimit, 'a real quota is seen by a process under it', () => {
  const group = path.join(cgroup, `gillnet-test-${process.pid}`);
  mkdirSync(group);
  try {
    writeFileSync(path.join(group, 'cpu.cfs_quota_us'), '120000');
    const module = new URL('../lib/processors.js', import.meta.url).href;
    const script = `import { fittingThreads, processors } from '${module}';
      console.log(JSON.stringify([processors().quota, fittingThreads()]));`;
    const { stdout, stderr } = spawnSync(
      'sh',
      [
        '-c',
        'echo $$ > "$1/cgroup.procs" && exec "$2" --input-type=module --eval "$3"',
        'sh',
        group,
        process.execPath,
        script,
      ],
      { encoding: 'utf8' },
    );
    assert.is(stderr, '');
    assert.equal(JSON.parse(stdout), [1.2, 1]);
  } finally {
    rmdirSync(group);
  }
});

test.run();
