import './support/small-network.js';
import * as assert from 'uvu/assert';
import type { Classifier } from '../lib/model/classifier.js';
import { findDevice } from '../lib/model/device.js';
import {
  hasCuda,
  loadAddon,
  type NativeBatch,
  type NativeState,
  type NativeTensor,
} from '../lib/native.js';
import { random } from '../lib/random.js';
import { failsWith } from './support/errors.js';
import { ofType } from './support/events.js';
import { gillnetHere } from './support/here.js';
import {
  adam,
  batch,
  floatsOf,
  formulaState,
  isParameter,
  momentum,
  sameState,
  stepOptions,
  withClassifier,
  within,
} from './support/native.js';
import { suite, temporaryFolder } from './support/suite.js';
import { float32 } from './support/tensors.js';
import { recipe, training } from './support/training.js';

const test = suite('what a card computes, on the processor');

const plain = { device: 'plain' } as const;
const is1x = loadAddon().libtorchVersion.startsWith('1.');
/** Whose fused optimisers the processor has, too. */
const libtorch2 = is1x ? ['LibTorch 2.x'] : [];

const parametersOf = (state: NativeState): NativeState =>
  Object.fromEntries(Object.entries(state).filter(([name]) => isParameter(name)));

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
      withClassifier({ device, seed: null }, async (classifier) => {
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

async function trainedOn(
  classifier: Classifier,
  given: NativeBatch[],
  ahead = 0,
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
    const short = { ...recipe, epochs: 2 };
    const whole = await training({ recipe: short }, undefined, 'plain');
    const steps = ofType(whole.events, 'step');
    assert.equal(
      steps.map(({ epoch, step }) => [epoch, step]),
      [1, 2].flatMap((epoch) => [1, 2, 3].map((step) => [epoch, step])),
    );
    for (const stopAfter of [2, 4]) {
      const abort = new AbortController();
      let told = 0;
      const stopped = await training(
        { recipe: short, signal: abort.signal },
        ({ type }) => {
          if (type === 'step') told += 1;
          if (told === stopAfter) abort.abort();
        },
        'plain',
      );
      assert.is(stopped.interrupted, true);
      const resumed = await training(
        { recipe: short, resume: stopped.checkpoint ?? undefined },
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
    // Batches of one size in a row, which are recorded, with one of another between them.
    const batches = [3, 3, 3, 2, 3, 2, 2, 2, 3].map((count, index) => drawn(count, 10 + index));
    const optimizer = { algorithm: 'adamw', weightDecay: 0.05 } as const;
    const options = { ...plain, imageSize: 32, optimizer };
    const ahead = (steps: number) =>
      withClassifier(options, (classifier) => trainedOn(classifier, batches, steps));
    const [one, other] = [await ahead(0), await ahead(2)];
    assert.is(one.losses.length, batches.length);
    assert.equal(other.losses, one.losses);
    sameState(other.state, one.state);
    sameState(other.optimizer, one.optimizer);
  },
);

test.needs(libtorch2, 'a training has the losses of the kernels', async () => {
  const batches = [10, 11, 12].map((seed) => drawn(8, seed));
  // Adam makes a whole step of a gradient that is rounding; after some steps it tells with any optimiser.
  const [kernels, operations] = await Promise.all(
    (['cpu', 'plain'] as const).map((device) =>
      withClassifier({ device, optimizer: momentum }, (each) => trainedOn(each, batches)),
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
    await withClassifier({ device, seed: null }, async (classifier) => {
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
    const moved = await withClassifier({ optimizer, seed: null }, async (classifier) => {
      await classifier.setState(formulaState);
      await classifier.trainStep(batch, stepOptions);
      return { state: await classifier.state(), optimizer: await classifier.optimizerState() };
    });
    await withClassifier({ ...plain, optimizer, seed: null }, async (classifier) => {
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
    const options = { ...plain, dtype: 'float16', optimizer: momentum, seed: null } as const;
    await withClassifier(options, async (classifier) => {
      await classifier.setState(formulaState);
      const losses: number[] = [];
      const fallen = () => (losses.at(-1) ?? 9) < 0.5 * (losses[0] ?? 0);
      // Below the first scale the gradients of these weights stand within float16.
      while (losses.length < 12 && !fallen()) {
        losses.push((await classifier.trainStep(batch, stepOptions)).loss);
      }
      assert.ok(fallen(), losses.join(' '));
      const kept = await classifier.optimizerState();
      const { loss_scale: _, ...averages } = kept;
      const [scale = 0, steps = 0] = floatsOf(kept, 'loss_scale');
      assert.ok(scale > 1 && Number.isInteger(Math.log2(scale)), String(scale));
      assert.ok(steps > 0, String(steps));

      const before = parametersOf(await classifier.state());
      await classifier.setOptimizerState({ ...kept, loss_scale: float32([2], [2 ** 60, 7]) });
      const { loss } = await classifier.trainStep(batch, stepOptions);
      assert.ok(Number.isFinite(loss));
      const after = await classifier.optimizerState();
      assert.equal([...floatsOf(after, 'loss_scale')], [2 ** 59, 0]);
      sameState({ ...averages, loss_scale: after.loss_scale as NativeTensor }, after);
      sameState(parametersOf(await classifier.state()), before);
    });
  },
);

test('int8 is refused where it can not be computed', async () => {
  await withClassifier({ ...plain, seed: null }, async (classifier) => {
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
    await withClassifier({ device: 'cuda:0', seed: null }, async (classifier) => {
      const { message } = await failsWith('NO_DEVICE', () => classifier.predict(batch));
      assert.match(message, /CUDA can't be used.*gillnet_cuda\.so/);
    });
    const doctor = (device: string) =>
      gillnetHere(['doctor', '--device', device], { cwd: temporaryFolder() });
    const wrong = await doctor('gpu');
    assert.is(wrong.status, 2);
    assert.match(wrong.stderr, /Expected auto, cpu, cuda or cuda:N/);
    const { status, stdout } = await doctor('cuda');
    assert.is(status, 1);
    assert.match(stdout, /✗ device +--device cuda needs a gillnet/);
  },
);

test.run();
