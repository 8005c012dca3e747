/**
 * Every error a person can meet, by its stable code: the exit status it ends a command with.
 * 2 means that the person's words or files were at fault, 1 that the work failed.
 */
const exitCodes = {
  /** A flag, argument or environment variable is unknown or out of range. */
  USAGE: 2,
  /** The data, or a file named on the command line, is not there. */
  NOT_FOUND: 2,
  /** Bytes that should be a photo can't be decoded. */
  NOT_A_PHOTO: 2,
  /** An object is not what it was when it was listed or extracted. */
  CHANGED: 2,
  /** Bytes do not match the checksum that is kept of them. */
  DAMAGED: 2,
  /** Too few photos, labels or classes to train or to judge. */
  NOT_ENOUGH_PHOTOS: 2,
  /** A model or weights file is damaged, hostile or of another architecture. */
  BAD_MODEL_FILE: 2,
  /** A model is not signed by a key that is trusted. */
  UNTRUSTED_MODEL: 2,
  /** No model has been trained yet. */
  NO_MODEL: 2,
  /** Checkpoint and request don't belong together. */
  CANNOT_RESUME: 2,
  /** A file would have to be overwritten to go on. */
  EXISTS: 1,
  /** The ImageNet weights could not be fetched. */
  WEIGHTS_UNAVAILABLE: 1,
  /** The guard found leaks and `--policy fail` was given. */
  LEAK: 1,
  /** The addon is missing or can't be loaded. */
  ADDON: 1,
  /** An argument handed to the addon has the wrong type, shape or range. */
  INVALID_ARGUMENT: 1,
  /** The loss stopped being a finite number. */
  NON_FINITE_LOSS: 1,
  /** A classifier was used after `dispose()`. */
  DISPOSED: 1,
  /** Another rank of a training has gone, has failed, or does not answer. */
  RANK_LOST: 1,
  /** What should compute isn't there, or can't be used. */
  NO_DEVICE: 1,
  /** Memory ran out in LibTorch. */
  OUT_OF_MEMORY: 1,
  /** LibTorch failed in another way. */
  LIBTORCH: 1,
  /** The operating system refused to read or write. */
  IO: 1,
  /** A server does not answer. */
  UNREACHABLE: 1,
  /** A server refuses these credentials, or does not allow them what is needed. */
  DENIED: 1,
  /** The catalog can't be read or written. */
  CATALOG: 1,
  /** The tracking server refuses what it is told. */
  TRACKING: 1,
  /** Stopped by the person; what was done is kept. */
  INTERRUPTED: 130,
} as const;

export type ErrorCode = keyof typeof exitCodes;

/** An error that a person can act on: it names the thing, what was found, and the next step. */
export class GillnetError extends Error {
  override readonly name = 'GillnetError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }

  /** The exit status of a command that ends with this error. */
  get exitCode(): number {
    return exitCodes[this.code];
  }
}

/** True for a code that this package knows: the addon's errors carry one as a plain string. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(exitCodes, code);
}

/** The code of anything that was thrown: `INTERNAL` for a defect of gillnet. */
export function codeOf(error: unknown): string {
  return error instanceof GillnetError ? error.code : 'INTERNAL';
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What the operating system refused. @param work such as `read x` */
export function ioError(work: string, cause: unknown): GillnetError {
  return new GillnetError('IO', `Can't ${work}: ${messageOf(cause)}.`, { cause });
}
