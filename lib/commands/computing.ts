import { type Device, type FoundDevice, findDevice } from '../model/device.js';
import { event, type GillnetEvent } from '../pipeline/events.js';

/**
 * What computes a training or an evaluation, where `auto` that should be a card and can't is told.
 * @throws GillnetError NO_DEVICE
 */
export async function* deviceOf(asked: Device): AsyncGenerator<GillnetEvent, FoundDevice> {
  const found = await findDevice(asked);
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
export function deviceToPredict(asked: Device): Promise<FoundDevice> {
  return findDevice(asked === 'auto' ? 'cpu' : asked);
}
