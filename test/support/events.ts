import type { Stages } from '../../lib/commands/drive.js';
import type { Settings } from '../../lib/config.js';
import type { EventType, GillnetEvent } from '../../lib/pipeline/events.js';
import { Requests } from '../../lib/pipeline/requests.js';

/** All events of a generator, and what it returns. */
export async function collect<T, R>(
  generator: AsyncGenerator<T, R>,
  onEvent: (event: T) => void = () => {},
): Promise<{ events: T[]; result: R }> {
  const events: T[] = [];
  for (;;) {
    const step = await generator.next();
    if (step.done) return { events, result: step.value };
    events.push(step.value);
    onEvent(step.value);
  }
}

/** The events of one type, in their order. */
export function ofType<T extends EventType>(events: GillnetEvent[], type: T): GillnetEvent<T>[] {
  return events.filter((event) => event.type === type) as unknown as GillnetEvent<T>[];
}

/** All events of a command, which is stopped where `stopAt` holds. */
export async function eventsOf(
  stages: Stages,
  asked: Settings,
  stopAt: (event: GillnetEvent) => boolean = () => false,
): Promise<GillnetEvent[]> {
  const abort = new AbortController();
  const context = {
    ...{
      signal: abort.signal,
      warn: () => {},
      tell: () => {},
      addReader: () => {},
      atEnd: () => {},
    },
    ...{ requests: new Requests(), answers: null },
  };
  const { events } = await collect(stages(asked, context), (event) => {
    if (stopAt(event)) abort.abort();
  });
  return events;
}
