import { useInput, useStdin } from 'ink';
import type { Press } from './keys.js';
import { pressesOf } from './press.js';

/** Reads the keyboard while it is drawn; draws nothing. */
export function KeyReader({ onPress }: { onPress: (key: Press) => void }) {
  const { isRawModeSupported } = useStdin();
  useInput((input, key) => pressesOf(input, key).forEach(onPress), {
    // Undefined where stdin is no terminal, which Ink takes for true.
    isActive: Boolean(isRawModeSupported),
  });
  return null;
}
