import type { EventType, GillnetEvent } from '../../lib/pipeline/events.js';

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
