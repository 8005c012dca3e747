import { GillnetError } from '../errors.js';
import { Inbox } from '../inbox.js';

/** What a person may ask of a training while it runs. */
export type Request =
  | { kind: 'pause' }
  | { kind: 'resume' }
  /** To end after the epoch under way and keep the best. */
  | { kind: 'finish' }
  /** To save a checkpoint now. */
  | { kind: 'checkpoint' }
  /** To multiply the schedule's learning rate from here on. */
  | { kind: 'learningRate'; factor: number }
  | { kind: 'epochs'; add: number }
  /** To keep a line in the run's record. */
  | { kind: 'note'; text: string };

/** Requests on their way from a face to the training, which takes them between two batches. */
export class Requests extends Inbox<Request> {
  /** @throws GillnetError USAGE for a number out of range */
  override put(request: Request): void {
    const { kind } = request;
    if (kind === 'learningRate' && !(request.factor > 0 && Number.isFinite(request.factor))) {
      throw new GillnetError('USAGE', `Expected a factor above 0 but received ${request.factor}.`);
    }
    if (kind === 'epochs' && !(Number.isInteger(request.add) && request.add > 0)) {
      throw new GillnetError('USAGE', `Expected whole epochs above 0 but received ${request.add}.`);
    }
    super.put(request);
  }
}

/** What of a recipe may change while the training runs; a checkpoint holds it. */
export interface Plan {
  /** After which the training ends. */
  epochs: number;
  /** Over which the learning rate's schedule is laid. */
  scheduledEpochs: number;
  learningRateFactor: number;
}

/** How many epochs there will be after a request. @param epoch under way, from 1 */
export function epochsAfter(epochs: number, request: Request, epoch: number): number {
  if (request.kind === 'finish') return epoch;
  return request.kind === 'epochs' ? epochs + request.add : epochs;
}

/** The plan after a request. @param epoch under way, from 1 */
export function replan(plan: Plan, request: Request, epoch: number): Plan {
  const epochs = epochsAfter(plan.epochs, request, epoch);
  const factor = request.kind === 'learningRate' ? request.factor : 1;
  return {
    epochs,
    scheduledEpochs: Math.max(plan.scheduledEpochs, epochs),
    learningRateFactor: plan.learningRateFactor * factor,
  };
}
