import { loadIfThere } from './addon-files.js';

/** The terminal's own addon: descriptors and signals, which JavaScript can't take; it knows no LibTorch. */
export interface NativeTerminal {
  /**
   * Descriptors 1 and 2, as far as they are a terminal, write into `file` from here on, and a signal that ends
   * the process gives the terminal back first. Both as they were before `release`.
   * @param file open for appending and reading
   * @param drawn libuv's own descriptor of the terminal, to which Node writes
   * @throws Error when they can't be taken; nothing has changed then
   */
  hold(file: number, drawn: number): void;
  /** What a crash writes: first `restore`, of 64 bytes at most, and below the file's end `farewell`, of 1,000. */
  setLastWords(restore: string, farewell: string): void;
  /** How many of the file's bytes have been told: a crash writes what comes behind, 4 kB at most. */
  setTold(bytes: number): void;
  /** Idempotent. */
  release(): void;
}

/** Null where there is none: what only native code could take stays on the screen then. */
export const loadNativeTerminal = () =>
  loadIfThere<NativeTerminal>('../../build/Release/gillnet_terminal.node');
