import * as assert from 'uvu/assert';
import { GillnetError } from '../lib/errors.js';
import { loadAddon } from '../lib/native.js';
import { batches } from '../lib/photos/batches.js';
import { placementOf } from '../lib/ranks/placement.js';
import { startRanks } from './support/ranks.js';
import { suite } from './support/suite.js';

const test = suite('ranks');

/** What each rank of a script told, which all have to end well. */
async function toldBy(size: number, source: string): Promise<unknown[][]> {
  const ended = await Promise.all((await startRanks(size, source)).map(({ ended }) => ended));
  for (const { status, stderr } of ended) assert.is(status, 0, stderr);
  for (const { stderr } of ended) assert.is(stderr, '');
  return ended.map(({ told }) => told);
}

const joined = `
  const ranks = await Ranks.join(placementOf(), { seconds, signal });
  await ranks.connect(signal);
`;
const parted = `
  if (ranks.leads) await ranks.end({ interrupted: false });
  else tell(await ranks.outcome());
  await ranks.leave();
`;

test('four processes meet, and know what the others have', async () => {
  const told = await toldBy(
    4,
    `${joined}
    tell(await ranks.first({ from: ranks.rank }));
    const all = await ranks.gather(Buffer.from('x'.repeat(ranks.rank)));
    tell(all.map((bytes) => Buffer.from(bytes).toString()));
    tell((await ranks.gather(new Uint8Array())).map(({ length }) => length));
    ${parted}`,
  );
  told.forEach((lines, rank) => {
    const end = rank === 0 ? [] : [{ interrupted: false }];
    assert.equal(lines, [{ from: 0 }, ['', 'x', 'xx', 'xxx'], [0, 0, 0, 0], ...end]);
  });
});

/*
 * Twenty steps of ResNet-18 at 64² on eight photos, one of them on three, of which one of four ranks gets none: by
 * statistics that are frozen, as on pretrained weights, and by those of all ranks' photos. Each process has its share.
 * Rates are low where batch norms go by so few photos: one process that gets the same photos in reverse order is 1e-4 apart
 * after ten steps with a factor of 1 everywhere. The last mode computes by the operations that a card is given.
 */
const training = `
  const size = 64;
  const photos = Array.from({ length: 8 }, (_, at) =>
    Uint8Array.from(noisyPixels(size * size * 3, at), (value, i) => value / 2 + 100 * ((at + (i >> 9)) % 3 === 0)));
  const part = (count, { rank, size }) =>
    Array.from({ length: count }, (_, at) => at)
      .slice(Math.floor((count * rank) / size), Math.floor((count * (rank + 1)) / size));
  const batchOf = (places) => ({
    pixels: Buffer.concat(places.map((at) => photos[at])), count: places.length, height: size, width: size,
    labels: Int32Array.from(places, (at) => at % 3),
  });
  async function curve(given, step) {
    const classifier = new Classifier({ classes: ['a', 'b', 'c'], imageSize: size, seed: 1, optimizer: given.optimizer, device: given.device });
    const trained = [];
    for (let at = 0; at < 20; at += 1) {
      const count = at === 1 ? 3 : 8;
      const { loss, correct, count: counted } = await step(classifier, count, { labelSmoothing: 0.1, ...given });
      trained.push({ loss, correct, count: counted });
    }
    const state = await classifier.state();
    const bytes = Buffer.concat(Object.entries(state).filter(([name]) => !/running|tracked/.test(name) || given.syncBatchNorm).map(([, { data }]) => data));
    const { createHash } = await import('node:crypto');
    classifier.dispose();
    return { trained, weights: createHash('sha256').update(bytes).digest('hex') };
  }
`;
/** Whose fused optimisers are for cards alone. */
const is1x = loadAddon().libtorchVersion.startsWith('1.');
const modes = `[
  {
    ...{ frozenStatistics: true, factors: Float32Array.of(0, 0, 0, 1, 0, 1) },
    ...{ optimizer: { algorithm: 'adamw', weightDecay: 0.05 }, learningRate: 3e-6 },
  },
  {
    ...{ syncBatchNorm: true, factors: Float32Array.of(0.02, 0.02, 0.02, 1, 0, 1) },
    ...{ optimizer: { algorithm: 'sgd', momentum: 0.9 }, learningRate: 2e-5 },
  },
  ...(${is1x} ? [] : [{
    ...{ frozenStatistics: true, factors: Float32Array.of(0, 0, 0, 1, 0, 1), device: 'plain' },
    ...{ optimizer: { algorithm: 'adamw', weightDecay: 0.05 }, learningRate: 3e-6 },
  }]),
]`;

interface Curve {
  trained: { loss: number; correct: number; count: number }[];
  /** SHA-256 */
  weights: string;
}

test('2 and 4 processes train as one does, within 1e-5 of the loss over 20 steps', async () => {
  const [alone = []] = (await toldBy(
    1,
    `${training}
    const whole = { rank: 0, size: 1 };
    for (const mode of ${modes})
      tell(await curve(mode, (classifier, count, options) => classifier.trainStep(batchOf(part(count, whole)), options)));`,
  )) as Curve[][];
  assert.is(alone.length, is1x ? 2 : 3);
  for (const size of [2, 4]) {
    const told = (await toldBy(
      size,
      `${training}${joined}
      for (const mode of ${modes})
        tell(await curve(mode, (classifier, count, options) => ranks.trainStep(classifier, batchOf(part(count, ranks)), options)));
      await ranks.first(null);
      ${parted}`,
    )) as Curve[][];
    alone.forEach(({ trained }, mode) => {
      const [first] = told.map((curves) => curves[mode] as Curve);
      trained.forEach(({ loss, correct, count }, step) => {
        const apart = Math.abs((first?.trained[step]?.loss ?? Number.NaN) - loss);
        const text = `step ${step} of ${size} ranks in mode ${mode}: ${apart} apart`;
        assert.ok(apart <= 1e-5, text);
        assert.is(first?.trained[step]?.correct, correct, text);
        assert.is(first?.trained[step]?.count, count, text);
      });
      // The loss has gone down, so that there was something to be equal in.
      assert.ok((trained[19]?.loss ?? 9) < 0.9 * (trained[0]?.loss ?? 0));
      for (const curves of told) assert.equal(curves[mode], first);
    });
  }
});

const endless = `
  const classifier = new Classifier({ classes: ['a', 'b'], imageSize: 64, seed: 1 });
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
  const script = `
    try {
      const placement = placementOf({ ...process.env, WORLD_SIZE: '3' });
      const ranks = await Ranks.join(placement, { seconds: 1, signal });
      await ranks.connect(signal);
    } catch ({ code, message }) {
      tell({ code, message });
    }
    process.exit();`;
  const [told] = await toldBy(1, script);
  const [error] = told as { code: string; message: string }[];
  assert.is(error?.code, 'RANK_LOST');
  assert.match(
    error?.message ?? '',
    /Of 3 ranks rank 1, rank 2 did not come to 127\.0\.0\.1:\d+ within 5 s/,
  );
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
