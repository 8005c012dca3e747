import { type Instance, render } from 'ink';
import type { GillnetEvent } from '../../pipeline/events.js';
import type { Control, Face } from '../face.js';
import { farewell } from './farewell.js';
import { type FullScreen, leave, takeFullScreen } from './full-screen.js';
import { Keyboard } from './keyboard.js';
import { type Action, initialView, type Press, press } from './keys.js';
import { takeOutput } from './own-output.js';
import { Pace } from './pace.js';
import type { ColourDepth } from './pictures/blocks.js';
import { type Graphics, graphicsOf, smallCell } from './pictures/graphics.js';
import { pictureOverlay } from './pictures/overlay.js';
import {
  initialSetUp,
  pressSetUp,
  type SetUpAction,
  type SetUpView,
  start,
} from './set-up/press.js';
import { SetUp, unattendedMilliseconds } from './set-up/set-up.js';
import { Stages } from './stages.js';
import { initialState, reduce, request, requestStop, summary } from './state.js';
import { onSuspend } from './suspend.js';
import { Trainer, wantedPicture } from './trainer.js';

const [showCursor, hideCursor] = ['\u001b[?25h', '\u001b[?25l'];
/** Until a terminal that says nothing of itself is taken for a plain one. */
const answerMilliseconds = 500;
const options = { exitOnCtrlC: false, patchConsole: false, maxFps: 10 };
/** Whole frames, of which the full screen writes what changed. */
const fullScreenOptions = { ...options, debug: true };

/**
 * The interactive trainer: lines until a training is proposed or starts, then its full screen until all is over.
 * @param pictures how photos are shown; undefined means as the terminal tells that it can
 */
export function terminalFace(control: Control, pictures?: Graphics): Face {
  let state = { ...initialState, watching: control.watching };
  let view = initialView;
  let setUp: SetUpView | null = null;
  let fullScreen: FullScreen | null = null;
  /** Lines that the terminal has already, as from before the full screen. */
  let printed = 0;
  let leaving = false;
  let left = () => {};
  let answered: Promise<void> | undefined;

  const size = () => ({ columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 });
  const stop = () => {
    control.stop();
    state = requestStop(state);
  };
  const act = (action: Action | SetUpAction) => {
    switch (action.kind) {
      case 'leave':
        leaving = true;
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
  /** What a key asks for, wherever the person is; the view moves on. */
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

  const screen = () => {
    const { training, proposal } = state;
    const now = Date.now();
    if (!fullScreen) return <Stages state={state} columns={size().columns} />;
    if (training) return <Trainer state={state} view={view} size={size()} now={now} />;
    if (!proposal || !setUp) return null;
    return <SetUp {...{ state, proposal, view: setUp, size: size(), now }} />;
  };
  const pace = new Pace(() => instance.rerender(screen()));
  const overlay = pictureOverlay(
    () => wantedPicture({ state, view, size: size() }),
    () => pace.now(),
  );
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

  let hungUp = false;
  /** Shell and system may both tell that the terminal closes: a second stop would be at once. */
  const hangUp = () => {
    if (!hungUp) control.stop();
    hungUp = true;
  };
  // Without a listener Ink ends the process at once, on this screen.
  process.on('SIGHUP', hangUp);
  const output = takeOutput(control.overhear);
  const setLastWords = () => output.setLastWords(fullScreen ? leave : showCursor, farewell(state));
  setLastWords();
  let instance: Instance = render(screen(), { ...options, stdout: output.stdout });
  const keyboard = new Keyboard(process.stdin, (key) => {
    const action = pressed(key);
    if (action) act(action);
    pace.now();
  });
  keyboard.hold();
  const forgetSuspend = onSuspend({
    leave() {
      pace.stop();
      keyboard.release();
      if (fullScreen) fullScreen.hide();
      else output.stdout.write(showCursor);
    },
    enter() {
      if (fullScreen) fullScreen.show();
      else output.stdout.write(hideCursor);
      keyboard.hold();
      pace.flush();
    },
  });

  const enter = () => {
    fullScreen = takeFullScreen(output.stdout, overlay);
    instance = render(screen(), { ...fullScreenOptions, stdout: fullScreen.output });
    process.stdout.on('resize', resized);
    answered = learn();
  };
  /** How the terminal shows pictures. */
  const learn = async () => {
    const write = (text: string) => output.stdout.write(text);
    const answers = await keyboard.ask(write, answerMilliseconds);
    overlay.learn({
      graphics: pictures ?? graphicsOf(process.env, answers),
      cell: answers.cell ?? smallCell,
      colourDepth: process.stdout.getColorDepth() as ColourDepth,
    });
  };
  /** The live region goes, the lines stay. */
  const endStages = () => {
    output.collect();
    state = { ...state, running: null };
    pace.flush();
    instance.unmount();
    printed = state.log.length;
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
    if (leaving || !done || !process.stdin.isTTY || (done.interrupted && !stopping && !watching))
      return;
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
      if (begins) endStages();
      state = reduce(state, event);
      look(event);
      if (begins) enter();
      setLastWords();
      pace.soon();
    },
    async close() {
      if (fullScreen) {
        pace.flush();
        await seen();
      } else endStages();
      // An answer that came later would be typed into the shell.
      await answered;
      clearInterval(clock);
      forgetSuspend();
      process.stdout.off('resize', resized);
      process.off('SIGHUP', hangUp);
      instance.unmount();
      await instance.waitUntilExit();
      keyboard.release();
      fullScreen?.restore();
      output.release();
      pace.stop();
      const lines = summary(state).filter(({ key }) => key >= printed);
      process.stdout.write(lines.map(({ text }) => `${text}\n`).join(''));
    },
  };
}
