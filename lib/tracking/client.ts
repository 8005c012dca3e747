import { GillnetError, messageOf } from '../errors.js';
import { isNetworkError, Server, type Warn } from '../server.js';
import { Connection, Refusal } from './connection.js';
import type { TrackingServer } from './server-address.js';

const passingStatus = [408, 429, 500, 502, 503, 504];

/**
 * An MLflow server that may go away for a while. What is asked of it is asked again then, though it may have done it
 * already: a request must be one that may be repeated, or stand in an `attempt` that looks first.
 */
export class MlflowClient {
  readonly address: string;
  #connection: Connection;
  #server: Server;

  /**
   * @param signal ends all waiting
   * @param how `later`: what tells it afterwards what it could not be told, as a sentence · `firstPatience`: as `Server`
   *   takes it
   */
  constructor(
    server: TrackingServer,
    signal: AbortSignal,
    how: { later: string; warn?: Warn | undefined; firstPatience?: number },
  ) {
    const { later, ...rest } = how;
    this.address = server.address;
    this.#connection = new Connection(server, signal);
    this.#server = new Server({
      ...{ ...rest, name: `MLflow at ${this.address}`, signal, isPassing },
      mend: `Is it running there? ${later}`,
      explain: (error) => explain(error, this.address),
    });
  }

  /**
   * Requests that are repeated together, from the first on.
   * @throws GillnetError UNREACHABLE, DENIED, TRACKING for what the server refuses: see `refusal`; the signal's reason
   */
  attempt<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#server.call(() => work(this.#connection));
  }

  /** @throws as `attempt` does */
  send<T>(...given: Parameters<Connection['send']>): Promise<T> {
    return this.attempt((connection) => connection.send(...given));
  }

  /** @throws as `attempt` does */
  putArtifact(...given: Parameters<Connection['putArtifact']>): Promise<void> {
    return this.attempt((connection) => connection.putArtifact(...given));
  }
}

/** MLflow's name for why it refuses something, such as `RESOURCE_DOES_NOT_EXIST`; null for any other error. */
export function refusal(error: unknown): string | null {
  const cause = error instanceof Refusal ? error : (error as Error).cause;
  return cause instanceof Refusal ? cause.reason : null;
}

function isPassing(error: unknown): boolean {
  if (error instanceof Refusal) return passingStatus.includes(error.status);
  const { name, code } = error as NodeJS.ErrnoException;
  return name === 'TimeoutError' || String(code).startsWith('UND_ERR') || isNetworkError(error);
}

/** The error for a person of one that does not pass. */
function explain(cause: unknown, address: string): GillnetError {
  const at = `MLflow at ${address}`;
  if (!(cause instanceof Refusal)) {
    const { code } = cause as NodeJS.ErrnoException;
    const mend = /CERT|SIGNATURE|SSL|TLS/.test(String(code))
      ? 'Name its certificate with NODE_EXTRA_CA_CERTS=FILE, or check http and https in its address.'
      : 'Check the address: its port, and http or https.';
    return new GillnetError('TRACKING', `${at} can't be spoken to: ${messageOf(cause)}. ${mend}`, {
      cause,
    });
  }
  if (cause.status === 401 || cause.status === 403) {
    return new GillnetError(
      'DENIED',
      `${at} refuses who asks (${cause.status}). Check MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN.`,
      { cause },
    );
  }
  return new GillnetError('TRACKING', `${at} refuses: ${cause.message} (${cause.code}).`, {
    cause,
  });
}
