import { isIP } from 'node:net';
import { GillnetError } from '../errors.js';
import { readCertificates } from '../server.js';

/** Where a MySQL database is and how it is spoken to. */
export interface MysqlAddress {
  /** A name or an address, IPv6 without brackets. */
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
  /** Undefined without encryption. */
  tls?: Tls;
  /** `host:port`, for messages. */
  server: string;
  /** As the person wrote it, without the password. */
  location: string;
}

export interface Tls {
  /** Authorities that are trusted in place of the usual ones, PEM. */
  ca?: Buffer;
  /** Whether the certificate must come from a trusted authority. */
  rejectUnauthorized: boolean;
  /** Whether it must also be this host's. */
  verifyIdentity: boolean;
}

/** MySQL's own names of the ways to use TLS; `required` encrypts for whoever answers. */
const modes: Record<string, Omit<Tls, 'ca'> | null> = {
  disabled: null,
  required: { rejectUnauthorized: false, verifyIdentity: false },
  'verify-ca': { rejectUnauthorized: true, verifyIdentity: false },
  'verify-identity': { rejectUnauthorized: true, verifyIdentity: true },
};

const defaultPort = 3306;
/** MySQL's limit of a database's name. */
const nameLength = 64;

/**
 * Reads `mysql://user:password@host:port/database`, with `?ssl=` and `&ssl-ca=FILE`. User, password and
 * database are percent-encoded. @throws GillnetError USAGE, in which no password stands
 */
export function parseAddress(text: string): MysqlAddress {
  // Without `@` any part may be the password, and nothing can be shown.
  const shown = `mysql://…${/@[^@]*$/.exec(text)?.[0] ?? ''}`;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw refused(shown, 'is no address with a host and a port from 1 to 65535');
  }
  if (!url.hostname) throw refused(shown, 'names no host');
  if (url.hash) throw refused(shown, 'holds a #, which stands as %23 in an address');
  if (url.port === '0') throw refused(shown, 'has port 0, and ports go from 1 to 65535');
  const decoded = (part: string) => {
    try {
      return decodeURIComponent(part);
    } catch {
      throw refused(shown, 'holds a % that is no percent-encoding; % itself stands as %25');
    }
  };
  const user = decoded(url.username);
  if (!user) throw refused(shown, 'names no user');
  const database = decoded(url.pathname.slice(1));
  if (!database) throw refused(shown, 'names no database');
  if (database.length > nameLength || database.includes('/')) {
    throw refused(shown, `has a database name that is longer than ${nameLength} or holds a slash`);
  }

  const host = decoded(url.hostname).replace(/^\[(.*)\]$/, '$1');
  const tls = tlsOf(url.searchParams, host, shown);
  const port = Number(url.port || defaultPort);
  url.password = '';
  return {
    ...{ host, port, user, password: decoded(new URL(text).password), database },
    ...(tls && { tls }),
    server: `${url.hostname}:${port}`,
    location: url.href,
  };
}

function tlsOf(parameters: URLSearchParams, host: string, shown: string): Tls | null {
  for (const name of parameters.keys()) {
    if (name !== 'ssl' && name !== 'ssl-ca') {
      throw refused(
        shown.replace(/\?.*$/, ''),
        `has the unknown parameter ${name}; there are ssl and ssl-ca`,
      );
    }
  }
  const file = parameters.get('ssl-ca');
  const name = parameters.get('ssl') ?? (file ? 'verify-ca' : 'disabled');
  const mode = Object.hasOwn(modes, name) ? modes[name] : undefined;
  if (mode === undefined) {
    throw refused(shown, `has ssl=${name}; there are ${Object.keys(modes).join(', ')}`);
  }
  if (file && !mode?.rejectUnauthorized) {
    throw refused(shown, `has ssl-ca, which takes ssl=verify-ca or ssl=verify-identity`);
  }
  if (mode?.verifyIdentity && isIP(host)) {
    throw refused(shown, 'has ssl=verify-identity, which takes the name of a host; use verify-ca');
  }
  return mode && { ...mode, ...(file && { ca: readCertificates("The catalog's ssl-ca", file) }) };
}

function refused(shown: string, found: string): GillnetError {
  return new GillnetError(
    'USAGE',
    `The catalog's address ${shown} ${found}. Expected mysql://user:password@127.0.0.1:3306/mlops or the like.`,
  );
}
