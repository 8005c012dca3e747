import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import * as assert from 'uvu/assert';
import { loadAddon } from '../../lib/native.js';
import { root, suite } from '../support/suite.js';

const test = suite('the addon’s tests, by the operations that a card is given');

/** Fused optimisers of 1.x are for cards alone. */
const libtorch2 = loadAddon().libtorchVersion.startsWith('1.') ? ['LibTorch 2.x'] : [];

for (const file of ['native-numbers.test.js', 'native-step.test.js', 'native-state.test.js']) {
  test.needs(libtorch2, `${file} passes on the plain device, too`, async () => {
    const env = { ...process.env, GILLNET_TEST_DEVICE: 'plain' };
    const child = spawn(process.execPath, [path.join(root, 'dist/test', file)], { env });
    const [output, [status]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    assert.is(status, 0, output);
    assert.match(output, /Skipped: +0\b/);
  });
}

test.run();
