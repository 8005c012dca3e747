import { spawn } from 'node:child_process';
import * as assert from 'uvu/assert';
import { programs } from '../servers/programs.js';
import { ofType } from '../support/events.js';
import { modelsOf, randomModel, serverOf } from '../support/serving.js';
import { suite, temporaryFolder } from '../support/suite.js';

const test = suite('what the API says of itself');

/** Draws requests that fit the description, and such that do not. */
function schemathesis(address: string): Promise<{ status: number | null; output: string }> {
  const args = [
    ...['run', `${address}/openapi.json`, '--no-color', '--max-examples', '50', '--seed', '1'],
    // What it draws is no photo, so that 422 is the right answer to a good request.
    ...['--exclude-checks', 'positive_data_acceptance'],
  ];
  const child = spawn(programs.schemathesis, args, { cwd: temporaryFolder() });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, output })));
}

test.needs(
  programs.schemathesis,
  'every answer of a running server is as its description says, to good and bad requests',
  async () => {
    const { folder } = await modelsOf(await randomModel(1));
    const { server, events, end } = await serverOf(folder);
    const { status, output } = await schemathesis(server.address);
    assert.is(status, 0, output.slice(-6000));
    assert.match(output, /5 selected \/ 5 total/);
    const answered = ofType(events, 'answered');
    for (const expected of [200, 400, 405, 415, 422]) {
      assert.ok(
        answered.some((each) => each.status === expected),
        `${expected}`,
      );
    }
    assert.equal(ofType(events, 'warning'), []);
    await end();
  },
);

test.run();
