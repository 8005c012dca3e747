import { codeOf, GillnetError, messageOf } from '../errors.js';
import {
  hasCuda,
  loadAddon,
  type NativeCudaDevice,
  type NativeDevice,
  toldLater,
} from '../native.js';

/** What computes, as a person names it: the best there is, the processor, the first card, or one of them. */
export type Device = 'auto' | 'cpu' | 'cuda' | `cuda:${number}`;

export function isDevice(text: string): text is Device {
  return /^(auto|cpu|cuda(:\d{1,3})?)$/.test(text);
}

/** What computes, as it was found. */
export interface FoundDevice {
  device: Exclude<NativeDevice, 'plain'>;
  /** Null for the processor. */
  card: NativeCudaDevice | null;
  /** Why `auto` is the processor although gillnet was built for cards. */
  missing: string | null;
}

const processor: FoundDevice = { device: 'cpu', card: null, missing: null };

/**
 * `auto` looks for a card where gillnet was built with a LibTorch for CUDA, and never fails.
 * @throws GillnetError NO_DEVICE for a card that isn't there, ADDON
 */
export async function findDevice(asked: Device): Promise<FoundDevice> {
  if (asked === 'cpu' || (asked === 'auto' && !hasCuda())) return processor;
  if (!hasCuda()) {
    throw new GillnetError(
      'NO_DEVICE',
      `--device ${asked} needs a gillnet that was built with a LibTorch for CUDA, and this one was not: ` +
        '`GILLNET_LIBTORCH=cuda npm run setup` fetches it and builds anew. `--device cpu` computes here.',
    );
  }
  try {
    const cards = await toldLater(loadAddon().cudaDevices());
    const index = asked.startsWith('cuda:') ? Number(asked.slice('cuda:'.length)) : 0;
    const card = cards[index];
    if (card) return { device: `cuda:${index}`, card, missing: null };
    const there = cards.map(({ name }, each) => `cuda:${each} (${name})`).join(', ');
    throw new GillnetError('NO_DEVICE', `There is no card ${asked}; there are: ${there}`);
  } catch (error) {
    if (codeOf(error) !== 'NO_DEVICE') throw error;
    if (asked === 'auto') return { ...processor, missing: messageOf(error) };
    throw new GillnetError(
      'NO_DEVICE',
      `${messageOf(error)}. \`--device cpu\` computes without one.`,
      { cause: error },
    );
  }
}
