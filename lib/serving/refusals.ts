/** Why a request got no answer, where it is not the server's fault; faces put these into their own words. */

/** More photos wait than the queue takes. */
export class Overloaded extends Error {
  /** @param retryAfter whole seconds after which there should be room, by what was answered lately */
  constructor(readonly retryAfter: number) {
    super(`More photos wait than can be answered soon. Try again in ${retryAfter} s.`);
  }
}

export interface BadPhoto {
  /** Its name, as the client gave it. */
  photo: string;
  detail: string;
}

/** Some photos of a request can't be decoded. */
export class BadPhotos extends Error {
  constructor(readonly photos: BadPhoto[]) {
    super(photos.map(({ photo, detail }) => `${photo}: ${detail}`).join(' '));
  }
}

/** The time limit has passed. */
export class TimedOut extends Error {
  constructor(readonly seconds: number) {
    super(`There was no answer within ${seconds} s.`);
  }
}

/** A label is none by which photos are kept. */
export class BadLabel extends Error {}

/** The place for feedback can't be written; why, the server's log says. */
export class NotKept extends Error {
  constructor() {
    super(
      'The photo was not kept: the place for feedback can’t be written. The server’s log says why; try again later.',
    );
  }
}
