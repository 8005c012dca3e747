import { type Instance, render } from 'ink';
import type { Control, Face } from '../face.js';
import { farewell } from './farewell.js';
import { type FullScreen, leave, takeFullScreen } from './full-screen.js';
import { KeyReader } from './key-reader.js';
import { type Action, initialView, type Press, press } from './keys.js';
import { takeOutput } from './own-output.js';
import { Stages } from './stages.js';
import { initialState, reduce, request, requestStop, summary } from './state.js';
import { Trainer } from './trainer.js';

/** Between two frames that events ask for; keys are answered at once. */
const frameMilliseconds = 200;
const showCursor = '\u001b[?25h';
const options = { exitOnCtrlC: false, patchConsole: false, maxFps: 10 };
/** Whole frames, of which the full screen writes what changed. */
const fullScreenOptions = { ...options, debug: true };

/** The interactive trainer: lines until a training starts, then its full screen until all is over. */
export function terminalFace(control: Control): Face {
  let state = { ...initialState, watching: control.watching };
  let view = initialView;
  let fullScreen: FullScreen | null = null;
  /** Lines that the terminal has already, as from before the full screen. */
  let printed = 0;
  let frame: NodeJS.Timeout | undefined;
  let left = () => {};

  const size = () => ({ columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 });
  const stop = () => {
    control.stop();
    state = requestStop(state);
  };
  const act = (action: Action) => {
    if (action.kind === 'leave') left();
    else if (action.kind === 'stop') stop();
    else {
      state = request(state, action.request);
      control.ask(action.request);
    }
  };
  const onPress = (key: Press) => {
    const { paused, stopping, watching } = state;
    const training = state.training !== null && state.saved === null && !watching;
    const done = state.done !== null;
    const pressed = press(view, key, { paused, training, stopping, watching, done });
    view = pressed.view;
    if (pressed.action) act(pressed.action);
    drawNow();
  };
  const onStagePress = (key: Press) => {
    if ('name' in key ? key.name === 'ctrl-c' : key.character === 'q') stop();
    drawNow();
  };

  const stages = () => (
    <>
      <Stages state={state} columns={size().columns} />
      <KeyReader onPress={onStagePress} />
    </>
  );
  const trainer = () => (
    <>
      <Trainer state={state} view={view} size={size()} now={Date.now()} />
      <KeyReader onPress={onPress} />
    </>
  );
  const draw = () => {
    clearTimeout(frame);
    frame = undefined;
    instance.rerender(fullScreen ? trainer() : stages());
  };
  const drawSoon = () => {
    frame ??= setTimeout(draw, frameMilliseconds).unref();
  };
  const resized = () => {
    fullScreen?.clear();
    draw();
  };
  /** After all the keys that came together. */
  const drawNow = () => {
    clearTimeout(frame);
    frame = setTimeout(draw, 0);
  };
  // While nothing is told, the seconds of what is waited for move on.
  const clock = setInterval(() => {
    if (fullScreen && !state.done && !state.paused) draw();
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
  let instance: Instance = render(stages(), { ...options, stdout: output.stdout });

  const enter = () => {
    fullScreen = takeFullScreen(output.stdout);
    instance = render(trainer(), { ...fullScreenOptions, stdout: fullScreen.output });
    process.stdout.on('resize', resized);
  };
  /** The live region goes, the lines stay. */
  const endStages = () => {
    output.collect();
    state = { ...state, running: null };
    draw();
    instance.unmount();
    printed = state.log.length;
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
      const begins = event.type === 'started' && !fullScreen;
      if (begins) endStages();
      state = reduce(state, event);
      if (begins) enter();
      setLastWords();
      if (event.type === 'started') view = initialView;
      if (event.type === 'done') view = { ...initialView, tab: 'result' };
      drawSoon();
    },
    async close() {
      if (fullScreen) {
        draw();
        await seen();
      } else endStages();
      clearInterval(clock);
      process.stdout.off('resize', resized);
      process.off('SIGHUP', hangUp);
      instance.unmount();
      await instance.waitUntilExit();
      fullScreen?.restore();
      output.release();
      clearTimeout(frame);
      const lines = summary(state).filter(({ key }) => key >= printed);
      process.stdout.write(lines.map(({ text }) => `${text}\n`).join(''));
    },
  };
}
