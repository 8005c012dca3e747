import { writeFileSync } from 'node:fs';
import { Classifier } from '../../lib/model/classifier.js';
import { writeTorchFile } from '../../lib/model/formats/write-torch-file.js';

/** Weights to begin with, of a network that has learnt nothing: other ones for each seed. */
export async function writeRandomWeights(file: string, seed: number): Promise<void> {
  const network = new Classifier({ classes: ['any'], imageSize: 64, seed });
  const state = await network.state();
  network.dispose();
  writeFileSync(file, writeTorchFile({ state, records: new Map() }));
}
