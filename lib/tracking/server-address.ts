import { GillnetError } from '../errors.js';

/** A tracking server, and as whom it is spoken to. */
export interface TrackingServer {
  /** Without credentials, and without a slash at its end. */
  address: string;
  /** Of the `Authorization` header; null for nobody. */
  authorization: string | null;
}

/**
 * The server at an address. Who calls it stands in MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, in
 * MLFLOW_TRACKING_TOKEN, or in the address itself; where MLflow's own client sees several, the first of these counts.
 * @throws GillnetError USAGE
 */
export function trackingServerAt(given: string, env: NodeJS.ProcessEnv): TrackingServer {
  const url = parse(given);
  const { username, password } = url;
  const {
    MLFLOW_TRACKING_USERNAME: user,
    MLFLOW_TRACKING_PASSWORD: word,
    MLFLOW_TRACKING_TOKEN: token,
  } = env;
  Object.assign(url, { username: '', password: '' });
  const address = url.href.replace(/\/+$/, '');
  return { address, authorization: authorization() };

  function authorization(): string | null {
    if (user && word) return basic(user, word);
    if (token) return `Bearer ${token}`;
    if (username) return basic(decoded(username), decoded(password));
    return null;
  }
}

/** An address as it may be shown and written down. @throws GillnetError USAGE */
export function withoutCredentials(given: string): string {
  return trackingServerAt(given, {}).address;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new GillnetError(
      'USAGE',
      'The user or the password in --mlflow or MLFLOW_TRACKING_URI holds a % that is no percent-encoding; % itself stands as %25.',
    );
  }
}

const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

function parse(given: string): URL {
  const url = URL.canParse(given) ? new URL(given) : null;
  if (url && /^https?:$/.test(url.protocol)) return url;
  // What stands before an @ may be a password.
  const shown = given.replace(/\/\/.*@/, '//…@');
  throw new GillnetError(
    'USAGE',
    `--mlflow or MLFLOW_TRACKING_URI is ${shown}. Expected the address of an MLflow server, such as ` +
      'http://127.0.0.1:5001; `--mlflow none` tells none.',
  );
}
