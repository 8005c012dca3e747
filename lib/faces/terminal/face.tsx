import { render, useInput, useStdin, useStdout } from 'ink';
import { useSyncExternalStore } from 'react';
import type { Control, Face } from '../face.js';
import { Screen } from './screen.js';
import { initialState, reduce, requestStop, type ScreenState } from './state.js';

/** The interactive trainer: Ink draws what the events have made of the state. */
export function terminalFace(control: Control): Face {
  let state = initialState;
  const listeners = new Set<() => void>();
  const change = (next: ScreenState) => {
    state = next;
    for (const listener of listeners) listener();
  };
  const subscribe = (listener: () => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const stop = () => {
    control.stop();
    change(requestStop(state));
  };

  function App() {
    const current = useSyncExternalStore(subscribe, () => state);
    const { stdout } = useStdout();
    const { isRawModeSupported } = useStdin();
    useInput(
      (input, key) => {
        if (input === 'q' || (key.ctrl && input === 'c')) stop();
      },
      { isActive: isRawModeSupported },
    );
    return <Screen state={current} columns={stdout.columns || 80} />;
  }

  const instance = render(<App />, { exitOnCtrlC: false, patchConsole: false });
  return {
    read: (event) => change(reduce(state, event)),
    async close() {
      change({ ...state, running: null, training: null });
      instance.unmount();
      await instance.waitUntilExit();
    },
  };
}
