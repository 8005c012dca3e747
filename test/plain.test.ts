import * as assert from 'uvu/assert';
import { Classifier } from '../lib/model/classifier.js';
import { findDevice } from '../lib/model/device.js';
import { hasCuda, loadAddon, type NativeBatch, type NativeState } from '../lib/native.js';
import { random } from '../lib/random.js';
import { ended, startGillnet } from './support/command.js';
import { failsWith } from './support/errors.js';
import { ofType } from './support/events.js';
import {
  adam,
  batch,
  floatsOf,
  formulaState,
  momentum,
  sameState,
  stepOptions,
  withClassifier,
  within,
} from './support/native.js';
import { suite, temporaryFolder } from './support/suite.js';
import { training } from './support/training.js';

const test = suite('what a card computes, on the processor');

const plain = { device: 'plain' } as const;
const is1x = loadAddon().libtorchVersion.startsWith('1.');
/** Whose fused optimisers the processor has, too. */
const libtorch2 = is1x ? ['LibTorch 2.x'] : [];

/** Photos in the place of others: of sizes, crops, mirrors and colours that each draws for itself. */
function drawn(count: number, seed: number): NativeBatch {
  const draw = random(seed, 'batch');
  const [height, width] = [80, 96];
  const numbers = (length: number, of: () => number) => Array.from({ length }, of);
  const crop = () => {
    const [across, down] = [32 + draw.integer(width - 32), 32 + draw.integer(height - 32)];
    return [draw.integer(width - across + 1), draw.integer(height - down + 1), across, down];
  };
  return {
    ...{ count, height, width },
    pixels: Uint8Array.from({ length: count * height * width * 3 }, () => draw.integer(256)),
    labels: Int32Array.from(numbers(count, () => draw.integer(3))),
    crops: Int32Array.from(Array.from({ length: count }, crop).flat()),
    flips: Uint8Array.from(numbers(count, () => draw.integer(2))),
    colours: Float32Array.from(numbers(count * 3, () => 0.5 + draw.integer(100) / 100)),
  };
}

test('crops, mirrors and colours are those of the kernels, whatever is drawn', async () => {
  const given = drawn(6, 1);
  const [kernels, operations] = await Promise.all(
    (['cpu', 'plain'] as const).map((device) =>
      withClassifier({ device }, async (classifier) => {
        await classifier.setState(formulaState);
        return classifier.predict(given);
      }),
    ),
  );
  const largest = Math.max(...(kernels ?? []).map(Math.abs));
  kernels?.forEach((logit, at) => {
    within(`logit ${at}`, operations?.[at], logit, largest, 1e-4);
  });
});

/** Batches of one size in a row, which are recorded, with one of another between them. */
const batches = [8, 8, 8, 3, 8, 8, 3, 3, 3, 8].map((count, index) => drawn(count, 10 + index));

async function trainedOn(
  classifier: Classifier,
  ahead: number,
  given = batches,
): Promise<{ losses: number[]; state: NativeState; optimizer: NativeState }> {
  const losses: number[] = [];
  let begun = 0;
  for (const each of given) {
    await classifier.startStep(each, { learningRate: 1e-3, labelSmoothing: 0.1 });
    begun += 1;
    if (begun > ahead) losses.push((await classifier.finishStep()).loss);
    begun = Math.min(begun, ahead);
  }
  for (; begun > 0; begun -= 1) losses.push((await classifier.finishStep()).loss);
  return { losses, state: await classifier.state(), optimizer: await classifier.optimizerState() };
}

test.needs(
  libtorch2,
  'a training begins each step beside another, and goes on bit for bit',
  async () => {
    const whole = await training({}, undefined, 'plain');
    const steps = ofType(whole.events, 'step');
    assert.equal(
      steps.map(({ epoch, step }) => [epoch, step]),
      [1, 2, 3].flatMap((epoch) => [1, 2, 3].map((step) => [epoch, step])),
    );
    for (const stopAfter of [2, 7]) {
      const abort = new AbortController();
      let told = 0;
      const stopped = await training(
        { signal: abort.signal },
        ({ type }) => {
          if (type === 'step') told += 1;
          if (told === stopAfter) abort.abort();
        },
        'plain',
      );
      assert.is(stopped.interrupted, true);
      const resumed = await training(
        { resume: stopped.checkpoint ?? undefined },
        undefined,
        'plain',
      );
      sameState(resumed.state, whole.state);
      const goneOn = ofType(resumed.events, 'step');
      assert.ok(goneOn.length > 0);
      assert.equal(
        goneOn.map(({ loss }) => loss),
        steps.slice(-goneOn.length).map(({ loss }) => loss),
      );
    }
  },
);

test.needs(
  libtorch2,
  'steps that are begun before others have ended are the same, bit by bit',
  async () => {
    const options = { ...plain, optimizer: { algorithm: 'adamw', weightDecay: 0.05 } } as const;
    const [one, again, ahead] = await Promise.all(
      [0, 0, 2].map((steps) =>
        withClassifier(options, (classifier) => trainedOn(classifier, steps)),
      ),
    );
    assert.is(one?.losses.length, batches.length);
    for (const other of [again, ahead]) {
      assert.equal(other?.losses, one?.losses);
      sameState(other?.state ?? {}, one?.state ?? {});
      sameState(other?.optimizer ?? {}, one?.optimizer ?? {});
    }
  },
);

test.needs(libtorch2, 'a training has the losses of the kernels', async () => {
  // Adam makes a whole step of a gradient that is rounding; after some steps it tells with any optimiser.
  const [kernels, operations] = await Promise.all(
    (['cpu', 'plain'] as const).map((device) =>
      withClassifier({ device, optimizer: momentum }, (each) =>
        trainedOn(each, 0, batches.slice(0, 3)),
      ),
    ),
  );
  assert.is(kernels?.losses.length, 3);
  kernels?.losses.forEach((loss, step) => {
    within(`loss ${step}`, operations?.losses[step], loss, 1, 2e-3);
  });
});

test('a step can be finished once, and is in the way of one that is taken whole', async () => {
  for (const device of ['cpu', 'plain'] as const) {
    if (device === 'plain' && is1x) continue;
    await withClassifier({ device }, async (classifier) => {
      await failsWith('INVALID_ARGUMENT', () => classifier.finishStep());
      await classifier.startStep(batch, stepOptions);
      await failsWith('INVALID_ARGUMENT', () => classifier.trainStep(batch, stepOptions));
      assert.is((await classifier.finishStep()).count, batch.count);
      await failsWith('INVALID_ARGUMENT', () => classifier.finishStep());
      assert.is((await classifier.trainStep(batch, stepOptions)).count, batch.count);
    });
  }
});

test.needs(libtorch2, 'a resumed optimiser is taken over by the other device', async () => {
  for (const optimizer of [adam, momentum]) {
    const moved = await withClassifier({ optimizer }, async (classifier) => {
      await classifier.setState(formulaState);
      await classifier.trainStep(batch, stepOptions);
      return { state: await classifier.state(), optimizer: await classifier.optimizerState() };
    });
    await withClassifier({ ...plain, optimizer }, async (classifier) => {
      await classifier.setState(moved.state);
      await classifier.setOptimizerState(moved.optimizer);
      sameState(await classifier.state(), moved.state);
      sameState(await classifier.optimizerState(), moved.optimizer);
      await classifier.trainStep(batch, stepOptions);
      await classifier.setOptimizerState({});
      assert.equal(await classifier.optimizerState(), {});
    });
  }
});

test.needs(
  libtorch2,
  'float16 scales its loss; a step whose gradients go beyond it halves the scale and changes nothing else',
  async () => {
    await withClassifier(
      { ...plain, dtype: 'float16', optimizer: momentum },
      async (classifier) => {
        await classifier.setState(formulaState);
        const losses: number[] = [];
        // Below the first scale the gradients of these weights stand within float16.
        for (let step = 0; step < 12; step += 1) {
          losses.push((await classifier.trainStep(batch, stepOptions)).loss);
        }
        assert.ok((losses.at(-1) ?? 9) < (losses[0] ?? 0), losses.join(' '));
        const kept = await classifier.optimizerState();
        const [scale = 0, steps = 0] = floatsOf(kept, 'loss_scale');
        assert.ok(scale > 1 && Number.isInteger(Math.log2(scale)), String(scale));
        assert.ok(steps > 0, String(steps));

        const before = await classifier.state();
        const data = new Uint8Array(Float32Array.of(2 ** 60, 7).buffer);
        const wide = { ...kept, loss_scale: { dtype: 'float32', shape: [2], data } } as NativeState;
        await classifier.setOptimizerState(wide);
        const { loss } = await classifier.trainStep(batch, stepOptions);
        assert.ok(Number.isFinite(loss));
        const after = await classifier.optimizerState();
        assert.equal([...floatsOf(after, 'loss_scale')], [2 ** 59, 0]);
        for (const name of Object.keys(kept).filter((each) => each !== 'loss_scale')) {
          assert.equal(after[name], kept[name], name);
        }
        const now = await classifier.state();
        for (const name of Object.keys(before).filter((each) => /\.(weight|bias)$/.test(each))) {
          assert.equal(now[name], before[name], name);
        }
      },
    );
  },
);

test('float16 and int8 are refused where they can not be computed', async () => {
  await failsWith(
    'INVALID_ARGUMENT',
    () => new Classifier({ classes: ['a', 'b'], imageSize: 64, dtype: 'float16' }),
  );
  await withClassifier(plain, async (classifier) => {
    await failsWith('INVALID_ARGUMENT', () => classifier.calibrate(batch));
    await failsWith('INVALID_ARGUMENT', () => classifier.quantize(Float32Array.of(1)));
    await classifier.quantize(null);
  });
});

const forProcessors = hasCuda() ? ['a gillnet that was built for processors'] : [];

test.needs(
  forProcessors,
  'a card that can not be used is an error that says what to do',
  async () => {
    for (const asked of ['cuda', 'cuda:3'] as const) {
      const { message } = await failsWith('NO_DEVICE', () => findDevice(asked));
      assert.match(
        message,
        new RegExp(`^--device ${asked} needs .*GILLNET_LIBTORCH=cuda npm run setup`),
      );
    }
    assert.equal(await findDevice('auto'), { device: 'cpu', card: null, missing: null });
    await withClassifier({ device: 'cuda:0' }, async (classifier) => {
      const { message } = await failsWith('NO_DEVICE', () => classifier.predict(batch));
      assert.match(message, /CUDA can't be used.*gillnet_cuda\.so/);
    });
    const doctor = (device: string) =>
      ended(startGillnet(['doctor', '--device', device], { cwd: temporaryFolder() }));
    const wrong = await doctor('gpu');
    assert.is(wrong.status, 2);
    assert.match(wrong.stderr, /Expected auto, cpu, cuda or cuda:N/);
    const { status, stdout } = await doctor('cuda');
    assert.is(status, 1);
    assert.match(stdout, /✗ device +--device cuda needs a gillnet/);
  },
);

test.run();
