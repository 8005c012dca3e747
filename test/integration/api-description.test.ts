import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import * as assert from 'uvu/assert';
import { programs } from '../servers/programs.js';
import { ofType } from '../support/events.js';
import { writeLog } from '../support/run-logs.js';
import { modelsOf, randomModel, serverOf } from '../support/serving.js';
import { done, evaluated, story } from '../support/story.js';
import { suite, temporaryFolder } from '../support/suite.js';

const test = suite('what the API says of itself');

/** One that was stopped, one that is done, and one that has told nothing. */
function folderOfRuns(): string {
  const runs = temporaryFolder();
  const logs = {
    '20260101T000000Z': [...story, { ...done, interrupted: true }],
    '20260102T000000Z': [...story, evaluated(['a', 'b']), done],
    '20260103T000000Z': [],
  };
  for (const [id, log] of Object.entries(logs)) writeLog(runs, id, log);
  return runs;
}

/** Draws requests that fit the description, and such that do not. */
async function schemathesis(address: string) {
  const args = [
    ...['run', `${address}/openapi.json`, '--no-color', '--max-examples', '50', '--seed', '1'],
    // What it draws is no photo, so that 422 is the right answer to a good request.
    ...['--exclude-checks', 'positive_data_acceptance'],
  ];
  const child = spawn(programs.schemathesis, args, { cwd: temporaryFolder() });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const [status] = await once(child, 'close');
  return { status, output: (await output).join('') };
}

test.needs(
  programs.schemathesis,
  'every answer of a running server is as its description says, to good and bad requests',
  async () => {
    const { folder } = await modelsOf(await randomModel(1));
    const shown = { feedback: temporaryFolder(), runs: folderOfRuns() };
    const { server, events, end } = await serverOf(folder, shown);
    const { status, output } = await schemathesis(server.address);
    assert.is(status, 0, output.slice(-6000));
    assert.match(output, /9 selected \/ 9 total/);
    const answered = ofType(events, 'answered');
    for (const expected of [200, 400, 404, 405, 415, 422]) {
      assert.ok(
        answered.some((each) => each.status === expected),
        `${expected}`,
      );
    }
    const heard = (path: RegExp) =>
      answered.some((each) => each.status === 200 && path.test(each.path));
    assert.ok(heard(/^\/v1\/runs\/20260102T000000Z$/), 'the link to a run leads there');
    assert.ok(heard(/^\/v1\/runs\/20260102T000000Z\/events$/), 'and to its stream');
    assert.equal(ofType(events, 'warning'), []);
    await end();
  },
);

test.run();
