import type { GillnetEvent } from '../pipeline/events.js';
import type { Answer } from '../pipeline/proposal.js';
import type { Request } from '../pipeline/requests.js';

/** Something that looks at a run: it reads the one stream of events and can't hold it up. */
export interface Face {
  read(event: GillnetEvent): void;
  /** Shows what is left to show, and leaves the terminal as it was; of those who have something to do then. */
  close?(): Promise<void>;
}

/** What a person may do to a run from its face. */
export interface Control {
  /** Stops at the next safe place; called again, at once. */
  stop(): void;
  /** Asks something of the training under way, or of the next. */
  ask(request: Request): void;
  /** Answers the training that is proposed. */
  answer(answer: Answer): void;
  /** Tells all who read of a line that something else wrote to the terminal. */
  overhear(line: string): void;
  /** The run is another process's: stopping only ends the looking on, and nothing can be asked. */
  watching: boolean;
}
