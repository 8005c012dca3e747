import * as assert from 'uvu/assert';
import { GillnetError } from '../lib/errors.js';
import { loadAddon } from '../lib/native.js';
import { batches } from '../lib/photos/batches.js';
import { type Placement, placementOf } from '../lib/ranks/placement.js';
import { Ranks } from '../lib/ranks/ranks.js';
import { freePort } from './servers/ports.js';
import { failsWith } from './support/errors.js';
import { trainAsOne } from './support/rank-curves.js';
import { environments, joined, startRanks } from './support/ranks.js';
import { suite } from './support/suite.js';

const test = suite('ranks');

test('2 processes meet, and train as one does, within 1e-5 of the loss over 20 steps', () =>
  trainAsOne(2));

const endless = `
  const classifier = new Classifier({ classes: ['a', 'b'], imageSize: 64, seed: null });
  const batch = { pixels: new Uint8Array(2 * 64 * 64 * 3), count: 2, height: 64, width: 64, labels: Int32Array.of(0, 1) };
  try {
    const factors = Float32Array.of(0, 0, 0, 0, 0, 1);
    for (let step = 0; ; step += 1) {
      await ranks.trainStep(classifier, batch, { learningRate: 1e-3, frozenStatistics: true, factors });
      if (step === 2 && ranks.rank === 1) await last();
    }
  } catch ({ code, message }) {
    tell({ code, message });
    await ranks.fail(new Error(message));
    await ranks.leave();
  }
`;

for (const [what, last, seconds] of [
  ['is killed', "process.kill(process.pid, 'SIGKILL'); await new Promise(() => {})", 20],
  ['stands still', "process.kill(process.pid, 'SIGSTOP')", 3],
] as const) {
  test(`a rank that ${what} ends the others with its name, within the time-out`, async () => {
    const script = `${joined} const last = async () => { tell(Date.now()); ${last}; };${endless}`;
    const processes = await startRanks(3, script, seconds);
    const others = [0, 2].map((rank) => processes[rank]?.ended);
    const ended = await Promise.all(others);
    const until = Date.now();
    processes[1]?.child.kill('SIGKILL');
    const [since] = ((await processes[1]?.ended)?.told ?? []) as number[];
    for (const each of ended) {
      const [error] = (each?.told ?? []) as { code: string; message: string }[];
      assert.is(error?.code, 'RANK_LOST', each?.stderr);
      assert.match(
        error?.message ?? '',
        /^Rank 1 \(.+, process \d+\) of 3 has gone or does not answer/,
      );
      assert.match(error?.message ?? '', new RegExp(`the time-out is ${seconds} s`));
    }
    // Of the time-out, of finding out who it was, and of the farewell.
    const took = (until - (since ?? 0)) / 1000;
    assert.ok(took < seconds + 12, `${took} s`);
  });
}

test('a rank that fails tells the others why', async () => {
  const script = `${joined}
    const last = async () => { throw Object.assign(new Error('The disk is full.'), { code: 'IO' }); };${endless}`;
  const ended = await Promise.all((await startRanks(2, script)).map(({ ended }) => ended));
  const messages = ended.map(({ told }) => (told as { message: string }[])[0]?.message ?? '');
  assert.is(messages[1], 'The disk is full.');
  assert.match(messages[0] ?? '', /^Rank 1 \(.+\) of 2 has failed: The disk is full\.$/);
});

test('a rank that does not come is named', async () => {
  const [env] = await environments(3);
  const { signal } = new AbortController();
  const ranks = await Ranks.join(placementOf(env) as Placement, { seconds: 1, signal });
  const { message } = await failsWith('RANK_LOST', () => ranks.connect(signal));
  await ranks.leave();
  assert.match(message, /Of 3 ranks rank 1, rank 2 did not come to 127\.0\.0\.1:\d+ within 5 s/);
});

test('a network by which no rank can go is named', async () => {
  const { ProcessGroup } = loadAddon();
  if (!ProcessGroup) return;
  const group = new ProcessGroup({
    ...{ rank: 0, size: 1, host: '127.0.0.1', port: await freePort(), hosts: true, prefix: '' },
    ...{ seconds: 5, interface: 'nowhere0' },
  });
  const error = await group.connect().catch((reason: unknown) => reason);
  assert.is((error as GillnetError).code, 'INVALID_ARGUMENT');
  assert.match((error as GillnetError).message, /GLOO_SOCKET_IFNAME is nowhere0.*`ip link`/);
  group.leave();
});

test('the environment of PyTorch’s launchers says which rank this is', () => {
  const env = { RANK: '3', WORLD_SIZE: '8', MASTER_ADDR: '10.0.0.1', MASTER_PORT: '29500' };
  const placement = { rank: 3, size: 8, onThisMachine: 1, local: 0, host: '10.0.0.1', port: 29500 };
  const rest = { hosts: false, prefix: 'gillnet/0', interface: '' };
  assert.equal(placementOf(env), { ...placement, ...rest });
  assert.is(placementOf({ ...env, RANK: '0' })?.hosts, true);
  const torchrun = {
    ...{ ...env, RANK: '0', LOCAL_RANK: '0', LOCAL_WORLD_SIZE: '4' },
    ...{ TORCHELASTIC_USE_AGENT_STORE: 'True', TORCHELASTIC_RESTART_COUNT: '2' },
  };
  assert.equal(placementOf(torchrun), {
    ...{ ...placement, ...rest, rank: 0, onThisMachine: 4, prefix: 'gillnet/2' },
  });
  const here = placementOf({ ...env, MASTER_ADDR: 'localhost' });
  assert.equal([here?.onThisMachine, here?.local], [8, 3]);
  assert.is(placementOf({ ...env, LOCAL_RANK: '2' })?.local, 2);
  assert.is(placementOf({}), null);
  assert.is(placementOf({ WORLD_SIZE: '1', RANK: '0' }), null);
  for (const name of ['RANK', 'MASTER_ADDR', 'MASTER_PORT']) {
    assert.throws(() => placementOf({ ...env, [name]: '' }), new RegExp(`but ${name} is not`));
  }
  assert.throws(() => placementOf({ ...env, RANK: '8' }), /from 0 to 7 for RANK but received 8/);
});

test('the shares of all ranks make the batch, in its order, and a photo that is broken moves no other', async () => {
  const items = Array.from({ length: 11 }, (_, index) => index);
  const read = async (item: number) => {
    if (item === 5) throw new GillnetError('NOT_A_PHOTO', 'broken');
    return Uint8Array.of(item, item, item);
  };
  const given = async (share?: { rank: number; size: number }) => {
    const told = [];
    for await (const batch of batches(items, { read, batchSize: 4, size: 1, ahead: 3, share }))
      told.push({ index: batch.index, places: batch.places, pixels: [...batch.pixels] });
    return told;
  };
  const whole = await given();
  assert.equal(
    whole.map(({ places }) => places),
    [
      [0, 1, 2, 3],
      [4, 6, 7],
      [8, 9, 10],
    ],
  );
  for (const size of [2, 3, 6]) {
    const shares = await Promise.all(
      Array.from({ length: size }, (_, rank) => given({ rank, size })),
    );
    for (const [index, batch] of whole.entries()) {
      const parts = shares.map((share) => share[index]);
      assert.equal(
        parts.flatMap((part) => part?.places ?? [-1]),
        batch.places,
      );
      assert.equal(
        parts.flatMap((part) => part?.pixels ?? [-1]),
        batch.pixels,
      );
    }
    for (const share of shares) assert.is(share.length, whole.length);
  }
});

test.run();
