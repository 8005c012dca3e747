// What gillnet is measured beside, into its cache: never a dependency of its own.
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cacheFolder } from './libtorch.mjs';
import { installPrograms, programFile } from './programs.mjs';
import { locked, run, SetUpError, say, wholly } from './shell.mjs';

/** Pinned, as figures depend on them. */
const packages = { 'onnxruntime-node': '1.30.0', sharp: '0.35.5' };

/**
 * Installs what is missing of those that are needed.
 * @param needs a set of `torch-python`, `onnxruntime-node`, `minio` and `mc`
 * @returns where they are: a Python with torch, torchvision, onnx and onnxruntime, MinIO's client, and a folder with
 * onnxruntime-node and sharp
 */
export async function installPeers(needs) {
  const programs = [...needs].filter((name) => name !== 'onnxruntime-node');
  await installPrograms(programs);
  const missing = programs.map(programFile).find((file) => !existsSync(file));
  if (missing) throw new SetUpError(`there is no ${missing} to measure beside.`);
  const ort = needs.has('onnxruntime-node') ? await installOnnxruntime() : null;
  return { python: programFile('torch-python'), mc: programFile('mc'), ort };
}

/** Whole or not at all. Its own install script would fetch libraries for GPUs; the processor's are in the package. */
async function installOnnxruntime() {
  const name = `onnxruntime-node-${packages['onnxruntime-node']}`;
  const folder = path.join(cacheFolder(), 'servers', name);
  if (existsSync(folder)) return folder;
  return locked(`${folder}.lock`, async () => {
    if (existsSync(folder)) return folder;
    say('installs onnxruntime-node from npm, beside gillnet (310 MB, once)');
    await wholly(folder, async (work) => {
      const file = path.join(work, 'package.json');
      writeFileSync(file, JSON.stringify({ private: true, dependencies: packages }));
      const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund'];
      const status = await run('npm', args, { cwd: work });
      if (status !== 0)
        throw new SetUpError(`npm install ended with ${status}; it says why above.`);
    });
    return folder;
  });
}
