import { GillnetError, messageOf } from '../errors.js';
import { isNetworkError } from '../server.js';
import type { MysqlAddress } from './mysql-address.js';

/** Of connections that end, and of servers that start, stop or have too much to do. */
const passing = new Set([
  ...['PROTOCOL_CONNECTION_LOST', 'PROTOCOL_UNEXPECTED_PACKET', 'ER_SERVER_SHUTDOWN'],
  ...['ER_NORMAL_SHUTDOWN', 'ER_CON_COUNT_ERROR', 'ER_TOO_MANY_USER_CONNECTIONS'],
  ...['ER_ABORTING_CONNECTION', 'ER_NEW_ABORTING_CONNECTION', 'ER_HANDSHAKE_ERROR'],
  ...['ER_NET_READ_ERROR', 'ER_NET_READ_INTERRUPTED', 'ER_NET_ERROR_ON_WRITE'],
  ...['ER_NET_WRITE_INTERRUPTED', 'ER_QUERY_INTERRUPTED', 'ER_CONNECTION_KILLED'],
  ...['ER_CLIENT_INTERACTION_TIMEOUT', 'ER_MAX_PREPARED_STMT_COUNT_REACHED', 'ER_NEED_REPREPARE'],
]);

const taken = new Set(['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT', 'ER_CHECKREAD']);

const unknownAccount = new Set([
  ...['ER_ACCESS_DENIED_ERROR', 'ER_ACCESS_DENIED_NO_PASSWORD_ERROR', 'ER_HOST_NOT_PRIVILEGED'],
  ...['ER_ACCOUNT_HAS_BEEN_LOCKED', 'ER_MUST_CHANGE_PASSWORD', 'ER_MUST_CHANGE_PASSWORD_LOGIN'],
  ...['AUTH_SWITCH_PLUGIN_ERROR', 'MYSQL_CLEAR_PASSWORD_NOT_ENABLED', 'ER_NOT_SUPPORTED_AUTH_MODE'],
]);
const notAllowed = new Set([
  ...['ER_DBACCESS_DENIED_ERROR', 'ER_TABLEACCESS_DENIED_ERROR', 'ER_COLUMNACCESS_DENIED_ERROR'],
  ...['ER_SPECIFIC_ACCESS_DENIED_ERROR', 'ER_PROCACCESS_DENIED_ERROR'],
]);

interface MysqlError {
  code?: string;
  fatal?: boolean;
}

/** True for an error that the same operation may not meet again once the server is back. */
export function isPassing(error: unknown): boolean {
  const { code, fatal } = error as MysqlError;
  if (isNetworkError(error) || passing.has(String(code))) return true;
  // A connection that ended while nothing was asked of it has no code for what is asked next.
  if (fatal && code === undefined) return true;
  return code === 'HANDSHAKE_SSL_ERROR' && /socket disconnected/.test(messageOf(error));
}

/** True where another transaction went before this one. */
export function isTaken(error: unknown): boolean {
  return taken.has(String((error as MysqlError).code));
}

export function isMissingDatabase(error: unknown): boolean {
  return (error as MysqlError).code === 'ER_BAD_DB_ERROR';
}

/** What a person can do about an error that will not pass. */
export function explain(verb: string, error: unknown, address: MysqlAddress): GillnetError {
  const { server, user, database, location } = address;
  const { code } = error as MysqlError;
  const said = messageOf(error).replace(/\.$/, '');
  const options = { cause: error };
  if (unknownAccount.has(String(code))) {
    return new GillnetError(
      'DENIED',
      `The MySQL server at ${server} refuses the user ${user} with this password: ${said}. ` +
        "Check both in the catalog's address, where special characters are percent-encoded.",
      options,
    );
  }
  if (notAllowed.has(String(code))) {
    return new GillnetError(
      'DENIED',
      `The MySQL server at ${server} does not allow the user ${user} to ${verb} the catalog: ${said}. ` +
        `Make the database ${database} if it is missing, and let the user create, alter, select, insert ` +
        'and delete there.',
      options,
    );
  }
  const hints: Record<string, string> = {
    HANDSHAKE_SSL_ERROR: ' Name its authority with `ssl-ca=FILE` in the address.',
    HANDSHAKE_NO_SSL_SUPPORT: ' Switch TLS on there, or leave `ssl` out of the address.',
    ER_NET_PACKET_TOO_LARGE: ' Set it higher on the server.',
    ER_SECURE_TRANSPORT_REQUIRED: ' Add `?ssl=required` to the address.',
  };
  return new GillnetError(
    'CATALOG',
    `Can't ${verb} the catalog ${location}: ${said}.${hints[String(code)] ?? ''}`,
    options,
  );
}
