import { type Instance, render } from 'ink';
import type { Control, Face } from '../face.js';
import { farewell } from './farewell.js';
import { type FullScreen, leave, takeFullScreen } from './full-screen.js';
import { Keyboard } from './keyboard.js';
import type { Action } from './keys.js';
import type { Size } from './layout.js';
import { takeOutput } from './own-output.js';
import { Pace } from './pace.js';
import type { ColourDepth } from './pictures/blocks.js';
import { type Graphics, graphicsOf, smallCell } from './pictures/graphics.js';
import { PictureLayer } from './pictures/layer.js';
import { initialPlace, type Moved, placeAfter, pressAt, unattended } from './place.js';
import { SetUp } from './set-up/set-up.js';
import { Stages } from './stages.js';
import { initialState, reduce, request, summary } from './state.js';
import { onSuspend } from './suspend.js';
import { Trainer, wantedPicture } from './trainer.js';

const [showCursor, hideCursor] = ['\u001b[?25h', '\u001b[?25l'];
const options = { exitOnCtrlC: false, patchConsole: false, maxFps: 10 };
/** Whole frames, of which the full screen writes what changed. */
const fullScreenOptions = { ...options, debug: true };

/**
 * The interactive trainer: lines until a training is proposed or starts, then its full screen until all is over.
 * @param pictures how photos are shown; undefined means as the terminal tells that it can
 */
export function terminalFace(control: Control, pictures?: Graphics): Face {
  let state = { ...initialState, watching: control.watching };
  let place = initialPlace;
  let fullScreen: FullScreen | null = null;
  /** Lines that the terminal has already, as from before the full screen. */
  let printed = 0;
  let leaving = false;
  let left = () => {};
  let answered: Promise<void> | undefined;

  const size = (): Size => ({
    columns: process.stdout.columns || 80,
    rows: process.stdout.rows || 24,
  });
  const act = (action: Action) => {
    switch (action.kind) {
      case 'leave':
        leaving = true;
        return left();
      case 'stop':
        control.stop();
        state = { ...state, stopping: true };
        return;
      case 'suspend':
        return process.kill(0, 'SIGTSTP');
      case 'answer':
        return control.answer(action.answer);
      case 'ask':
        state = request(state, action.request);
        return control.ask(action.request);
    }
  };
  const move = (moved: Moved | null) => {
    if (!moved) return;
    place = moved.place;
    if (moved.action) act(moved.action);
  };

  const screen = () => {
    const { training, proposal } = state;
    const { view, setUp } = place;
    const now = Date.now();
    if (!fullScreen) return <Stages state={state} columns={size().columns} />;
    if (training) return <Trainer state={state} view={view} size={size()} now={now} />;
    if (!proposal || !setUp) return null;
    return <SetUp {...{ state, proposal, view: setUp, size: size(), now }} />;
  };
  const pace = new Pace(() => instance.rerender(screen()));
  const layer = new PictureLayer(
    () => wantedPicture({ state, view: place.view, size: size() }),
    () => pace.now(),
  );
  const resized = () => {
    fullScreen?.clear();
    pace.flush();
  };
  // While nothing is told, the seconds of what is waited for move on.
  const clock = setInterval(() => {
    if (!fullScreen || state.done || state.paused) return;
    move(unattended(place, state, Date.now()));
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
    move(pressAt(place, key, state, size()));
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
    fullScreen = takeFullScreen(output.stdout, layer);
    instance = render(screen(), { ...fullScreenOptions, stdout: fullScreen.output });
    process.stdout.on('resize', resized);
    answered = learn();
  };
  /** How the terminal shows pictures. */
  const learn = async () => {
    const answers = await keyboard.ask(output.stdout);
    layer.learn({
      graphics: pictures ?? graphicsOf(process.env, answers),
      cell: answers.cell ?? smallCell,
      colourDepth: process.stdout.getColorDepth() as ColourDepth,
    });
    pace.now();
  };
  /** The live region goes, the lines stay. */
  const endStages = () => {
    output.collect();
    state = { ...state, running: null };
    pace.flush();
    instance.unmount();
    printed = state.log.length;
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
      const before = state.log.length;
      state = reduce(state, event);
      place = placeAfter(place, event, state.log.slice(before), size());
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
