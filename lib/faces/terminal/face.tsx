import { type Instance, render } from 'ink';
import type { GillnetEvent } from '../../pipeline/events.js';
import type { Control, Face } from '../face.js';
import { type FullScreen, takeFullScreen } from './full-screen.js';
import { Keyboard } from './keyboard.js';
import { type Action, initialView, type Press, press } from './keys.js';
import { Pace } from './pace.js';
import {
  initialSetUp,
  pressSetUp,
  type SetUpAction,
  type SetUpView,
  start,
} from './set-up/press.js';
import { SetUp, unattendedMilliseconds } from './set-up/set-up.js';
import { Stages } from './stages.js';
import { initialState, overhear, reduce, request, requestStop, summary } from './state.js';
import { onSuspend } from './suspend.js';
import { Trainer } from './trainer.js';

const options = { exitOnCtrlC: false, patchConsole: false, maxFps: 10 };
/** Whole frames, of which the full screen writes what changed. */
const fullScreenOptions = { ...options, debug: true };

/** The interactive trainer: lines until a training is proposed or starts, then its full screen until all is over. */
export function terminalFace(control: Control): Face {
  let state = { ...initialState, watching: control.watching };
  let view = initialView;
  let setUp: SetUpView | null = null;
  let fullScreen: FullScreen | null = null;
  /** Lines that the terminal has already, from before the full screen. */
  let printed = 0;
  let left = () => {};

  const size = () => ({ columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 });
  const stop = () => {
    control.stop();
    state = requestStop(state);
  };
  const act = (action: Action | SetUpAction) => {
    switch (action.kind) {
      case 'leave':
        return left();
      case 'stop':
        return stop();
      case 'suspend':
        return process.kill(0, 'SIGTSTP');
      case 'answer':
        return control.answer(action.answer);
      case 'ask':
        state = request(state, action.request);
        return control.ask(action.request);
    }
  };
  /** The view after a key, wherever the person is. */
  const pressed = (key: Press): Action | SetUpAction | null => {
    if ('name' in key && key.name === 'ctrl-z') return { kind: 'suspend' };
    const { paused, stopping, watching, training, proposal } = state;
    if (!training) {
      const leaves = 'name' in key ? key.name === 'ctrl-c' : key.character === 'q';
      if (leaves) return { kind: 'stop' };
      if (!proposal || !setUp || watching) return null;
      const next = pressSetUp(setUp, key, proposal.proposed);
      setUp = next.view;
      return next.action;
    }
    const takes = state.saved === null && !watching;
    const done = state.done !== null;
    const next = press(view, key, { paused, training: takes, stopping, watching, done });
    view = next.view;
    return next.action;
  };
  const onPress = (key: Press) => {
    const action = pressed(key);
    if (action) act(action);
    pace.now();
  };
  const keyboard = new Keyboard(process.stdin, onPress);

  const screen = () => {
    const { training, proposal } = state;
    const now = Date.now();
    if (!fullScreen) return <Stages state={state} columns={size().columns} />;
    if (training) return <Trainer state={state} view={view} size={size()} now={now} />;
    if (!proposal || !setUp) return null;
    return <SetUp {...{ state, proposal, view: setUp, size: size(), now }} />;
  };
  const pace = new Pace(() => instance.rerender(screen()));
  const resized = () => {
    fullScreen?.clear();
    pace.flush();
  };
  /** A terminal that nobody sits at does not wait for ever. */
  const beginUnattended = () => {
    if (!setUp || setUp.touched || setUp.started || state.watching) return;
    const asked = Date.parse(state.proposal?.proposed.time ?? '');
    if (Date.now() - asked < unattendedMilliseconds) return;
    const begun = start(setUp);
    setUp = begun.view;
    act(begun.action);
  };
  // While nothing is told, the seconds of what is waited for move on.
  const clock = setInterval(() => {
    if (!fullScreen || state.done || state.paused) return;
    beginUnattended();
    pace.soon();
  }, 1000).unref();

  let instance: Instance = render(screen(), options);
  keyboard.hold();
  const forgetSuspend = onSuspend({
    leave() {
      pace.stop();
      keyboard.release();
      fullScreen?.hide();
    },
    enter() {
      fullScreen?.show();
      keyboard.hold();
      pace.flush();
    },
  });

  const enter = () => {
    fullScreen = takeFullScreen((line) => {
      state = overhear(state, line);
      pace.soon();
    });
    instance = render(screen(), { ...fullScreenOptions, stdout: fullScreen.output });
    process.stdout.on('resize', resized);
  };
  /** The live region goes, the lines stay. */
  const endStages = () => {
    state = { ...state, running: null };
    pace.flush();
    instance.unmount();
  };
  const look = (event: GillnetEvent) => {
    if (event.type === 'proposed') setUp = initialSetUp(event);
    if (event.type === 'started') {
      view = initialView;
      setUp = null;
    }
    if (event.type === 'done') view = { ...initialView, tab: 'result' };
  };
  /** Until a person has seen how it ended; a signal from elsewhere is nobody's wish to look. */
  const seen = async () => {
    const { done, stopping, watching } = state;
    if (!done || !process.stdin.isTTY || (done.interrupted && !stopping && !watching)) return;
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
    await new Promise<void>((resolve) => {
      left = resolve;
      for (const signal of signals) process.once(signal, left);
      process.stdin.once('end', left);
    });
    for (const signal of signals) process.off(signal, left);
  };

  return {
    read(event) {
      const begins = (event.type === 'proposed' || event.type === 'started') && !fullScreen;
      if (begins) {
        endStages();
        printed = state.log.length;
      }
      state = reduce(state, event);
      look(event);
      if (begins) enter();
      pace.soon();
    },
    async close() {
      if (fullScreen) {
        pace.flush();
        await seen();
      } else endStages();
      clearInterval(clock);
      pace.stop();
      forgetSuspend();
      process.stdout.off('resize', resized);
      instance.unmount();
      await instance.waitUntilExit();
      keyboard.release();
      if (!fullScreen) return;
      fullScreen.restore();
      const lines = summary(state).filter(({ key }) => key >= printed);
      process.stdout.write(lines.map(({ text }) => `${text}\n`).join(''));
    },
  };
}
