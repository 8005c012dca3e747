import type { GillnetEvent } from '../pipeline/events.js';

/** A value of a metric. */
export interface Point {
  key: string;
  /** NaN where there is none that can be told. */
  value: number;
  /** Milliseconds since the epoch. */
  timestamp: number;
  step: number;
}

/** A parameter or tag. */
export interface Entry {
  key: string;
  value: string;
}

export type RunStatus = 'RUNNING' | 'FINISHED' | 'FAILED' | 'KILLED';

/** What is logged of a run together. */
export interface Logged {
  points: Point[];
  params: Entry[];
  tags: Entry[];
  /** The model that the points judge, besides the run. */
  of?: GillnetEvent<'saved'>;
}

/** One thing that a server is told of a run. All of them may be told again: nothing is there twice then. */
export type Delivery =
  | ({ kind: 'log' } & Logged)
  /** The photos that it is trained on. */
  | { kind: 'dataset'; fingerprint: string; photos: Record<string, number> }
  | { kind: 'model'; saved: GillnetEvent<'saved'>; epoch: number; params: Entry[] }
  /** It goes on, after an end. */
  | { kind: 'begin' }
  /** With the files that it has left, and its model where it has one. */
  | {
      kind: 'end';
      status: RunStatus;
      time: number;
      saved: GillnetEvent<'saved'> | null;
    };
