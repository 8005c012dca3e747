import type { Settings } from '../config.js';
import { type FoundDevice, findDevice } from '../model/device.js';
import { event, type GillnetEvent } from '../pipeline/events.js';

/**
 * What computes a training or an evaluation, where `auto` that should be a card and can't is told.
 * @throws GillnetError NO_DEVICE
 */
export async function* deviceOf({
  device,
}: Pick<Settings, 'device'>): AsyncGenerator<GillnetEvent, FoundDevice> {
  const found = await findDevice(device);
  if (found.missing) {
    const message = `${found.missing}. The processor computes instead.`;
    yield event('warning', { code: 'NO_DEVICE', message });
  }
  return found;
}

/**
 * What computes predictions: `auto` is the processor, which has answered before CUDA has started. int8 is its own, too.
 * @throws GillnetError NO_DEVICE
 */
export async function deviceToPredict({ device }: Pick<Settings, 'device'>): Promise<FoundDevice> {
  return findDevice(device === 'auto' ? 'cpu' : device);
}
