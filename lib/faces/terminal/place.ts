import type { GillnetEvent } from '../../pipeline/events.js';
import { type Action, initialView, type Press, press, type View } from './keys.js';
import { layoutOf, type Size } from './layout.js';
import { linesOf } from './log.js';
import { pages } from './pages.js';
import { initialSetUp, pressSetUp, type SetUpView, start } from './set-up/press.js';
import { unattendedMilliseconds } from './set-up/set-up.js';
import type { Line, ScreenState } from './state.js';

/** Where a person is, in whichever screen is shown, and how keys and events move them. */
export interface Place {
  view: View;
  setUp: SetUpView | null;
}

export interface Moved {
  place: Place;
  action: Action | null;
}

export const initialPlace: Place = { view: initialView, setUp: null };

/**
 * Each screen begins at its beginning; who has scrolled back in the log keeps their lines before them.
 * @param told what the event has added to the log
 */
export function placeAfter(place: Place, event: GillnetEvent, told: Line[], size: Size): Place {
  switch (event.type) {
    case 'proposed':
      return { ...place, setUp: initialSetUp(event) };
    case 'started':
      return initialPlace;
    case 'done':
      return { view: { ...initialView, tab: 'result' }, setUp: null };
    default: {
      const { view } = place;
      if (view.tab !== 'log' || view.scroll === 0 || told.length === 0) return place;
      const scroll = view.scroll + linesOf(told, size.columns).length;
      return { ...place, view: { ...view, scroll } };
    }
  }
}

export function pressAt(place: Place, key: Press, state: ScreenState, size: Size): Moved {
  if ('name' in key && key.name === 'ctrl-z') return { place, action: { kind: 'suspend' } };
  const { training, proposal, watching } = state;
  if (training) {
    const { view, action } = press(place.view, key, state);
    return { place: { ...place, view: within(view, state, size) }, action };
  }
  const leaves = 'name' in key ? key.name === 'ctrl-c' : key.character === 'q';
  if (leaves) return { place, action: { kind: 'stop' } };
  if (!proposal || !place.setUp || watching) return { place, action: null };
  const { view: setUp, action } = pressSetUp(place.setUp, key, proposal.proposed);
  return { place: { ...place, setUp }, action };
}

/**
 * A terminal that nobody sits at does not wait for ever.
 * @param now milliseconds since 1970
 * @returns null while there is something to wait for
 */
export function unattended(
  place: Place,
  { proposal, watching }: ScreenState,
  now: number,
): Moved | null {
  const { setUp } = place;
  if (!proposal || !setUp || setUp.touched || setUp.started || watching) return null;
  if (now - Date.parse(proposal.proposed.time) < unattendedMilliseconds) return null;
  const begun = start(setUp);
  return { place: { ...place, setUp: begun.view }, action: begun.action };
}

function within(view: View, state: ScreenState, size: Size): View {
  if (view.scroll === 0) return view;
  const furthest = pages[view.tab].furthest?.(state, layoutOf(size)) ?? 0;
  return { ...view, scroll: Math.max(0, Math.min(view.scroll, furthest)) };
}
