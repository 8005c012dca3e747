import { architectures } from '../../lib/model/architecture.js';

/*
 * Makes ResNet-18 small, here and in the processes that a test starts: one block to a layer and half the channels, a ninth of
 * the weights. For tests of what stands around the network, which take as long as its weights are many; those of its own
 * figures leave it whole.
 */
Object.assign(architectures.resnet18.shape, { layers: [1, 1, 1, 1], channels: 32 });

const { NODE_OPTIONS: given = '' } = process.env;
const flag = `--import=${import.meta.url}`;
if (!given.includes(flag)) process.env.NODE_OPTIONS = `${given} ${flag}`.trim();
