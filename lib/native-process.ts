import { loadIfThere } from './addon-files.js';
import { addonPath, settleLibraries } from './native.js';

/** The begin and the end of a process that computes once, as short as they can be; knows no LibTorch. */
interface NativeProcess {
  /** Loads the libraries of the addon at `path` on a thread. */
  preload(path: string): void;
  /** Waits for it. */
  join(): void;
  /** Ends the process at once: no destructors, no clean-up of Node's. */
  end(status: number): never;
}

/** Profiles and coverage are written as Node ends. */
const isObserved =
  process.execArgv.length > 0 || process.env.NODE_OPTIONS || process.env.NODE_V8_COVERAGE;

/**
 * Begins to load the addon's libraries while JavaScript goes on, so that `loadAddon` has less to wait for. Any other
 * native library that is required before they are there waits for them.
 */
export function preloadAddon(): void {
  settleLibraries();
  const native = load();
  native?.preload(addonPath());
  // Node does not clean up at process.exit().
  process.on('exit', () => native?.join());
}

/**
 * From here on the process ends as soon as it has nothing left to do and all listeners of `exit` have been told:
 * unloading LibTorch takes a tenth of a second.
 */
export function endWithoutUnloading(): void {
  if (!isObserved) process.on('exit', (status) => load()?.end(status));
}

/** Without it everything is the same but for the time. */
const load = () => loadIfThere<NativeProcess>('../../build/Release/gillnet_process.node');
