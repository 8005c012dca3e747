import { connect, type Socket } from 'node:net';
import type { MysqlPool, MysqlPoolConnection } from 'kysely';
import {
  type ConnectionOptions,
  createConnection,
  createPool,
  type Pool,
  type PoolConnection,
} from 'mysql2';
import type { MysqlAddress } from './mysql-address.js';

/** A replacement, a few readers; a server has some 150 for all its programs. */
const connections = 4;
/** Milliseconds for a connection and its log-in, below the patience for a server's first answer. */
const connectMilliseconds = 4_000;
/** Milliseconds without a byte either way, after which a connection is given up, idle or not. */
const silentMilliseconds = 120_000;
/** Milliseconds that connections have to say good-bye. */
const goodbyeMilliseconds = 1_000;
/** Prepared statements kept on each connection: a server has some 16,000 for all its programs. */
const statements = 8;

/** What each connection begins with, whatever the server's defaults are. */
const session = [
  // Otherwise a text too long for its column is cut off without an error, and a lock waited for all year.
  `SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', lock_wait_timeout = 50`,
  // The gaps between rows are locked too, so that two replacements of an empty table meet in a deadlock.
  'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ',
];

type Done = (error: unknown, result?: unknown) => void;

/**
 * mysql2's pool as Kysely uses it, with two differences: statements with parameters are prepared on the
 * server, and nothing of it outlives `close()`.
 */
export class PreparedPool implements MysqlPool {
  #address: MysqlAddress;
  #pool: Pool;
  #sockets = new Set<Socket>();
  /** Of connections that have their session, what their server takes at once, in bytes. */
  #begun = new WeakMap<PoolConnection, number>();

  constructor(address: MysqlAddress) {
    this.#address = address;
    this.#pool = createPool({
      ...this.#options(),
      database: address.database,
      connectionLimit: connections,
      maxPreparedStatements: statements,
    });
  }

  getConnection(callback: (error: unknown, connection: MysqlPoolConnection) => void): void {
    // Kysely reads no connection after an error.
    this.#begin().then(
      ({ raw, mostBytes }) => callback(null, prepared(raw, mostBytes)),
      (error) => callback(error, undefined as never),
    );
  }

  /** Logs in. */
  async ping(): Promise<void> {
    (await this.#begin()).raw.release();
  }

  /** Makes the database that the address names. */
  createDatabase(): Promise<void> {
    return new Promise((resolve, reject) => {
      const connection = createConnection(this.#options());
      const done = (error: unknown) => {
        connection.destroy();
        if (error) reject(error);
        else resolve();
      };
      connection.on('error', done);
      const name = `\`${this.#address.database.replaceAll('`', '``')}\``;
      connection.query(`CREATE DATABASE IF NOT EXISTS ${name} CHARACTER SET utf8mb4`, done);
    });
  }

  end(callback: (error: unknown) => void): void {
    this.close().then(() => callback(null), callback);
  }

  async close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      new Promise((resolve) => this.#pool.end(resolve)),
      new Promise((resolve) => {
        timer = setTimeout(resolve, goodbyeMilliseconds);
      }),
    ]);
    clearTimeout(timer);
    // A host that does not answer takes no good-bye either.
    for (const socket of this.#sockets) socket.destroySoon();
  }

  /** A connection with its session. */
  async #begin(): Promise<{ raw: PoolConnection; mostBytes: number }> {
    const raw = await new Promise<PoolConnection>((resolve, reject) => {
      this.#pool.getConnection((error, connection) =>
        error ? reject(error) : resolve(connection),
      );
    });
    const known = this.#begun.get(raw);
    if (known !== undefined) return { raw, mostBytes: known };
    // Whatever is asked of a lost connection fails by itself.
    raw.on('error', () => {});
    try {
      const ask = (statement: string) =>
        new Promise<unknown>((resolve, reject) => {
          raw.query(statement, (error, rows) => (error ? reject(error) : resolve(rows)));
        });
      for (const statement of session) await ask(statement);
      const [row] = (await ask('SELECT @@max_allowed_packet AS most')) as [{ most: number }];
      const mostBytes = Number(row.most);
      this.#begun.set(raw, mostBytes);
      return { raw, mostBytes };
    } catch (error) {
      raw.destroy();
      throw error;
    }
  }

  #options(): ConnectionOptions {
    const { host, port, user, password, tls } = this.#address;
    return {
      ...{ host, port, user, password },
      ...(tls && { ssl: tls }),
      stream: () => this.#connect(),
      charset: 'utf8mb4',
      connectTimeout: connectMilliseconds,
      // Dates as the server has them: what they mean is decided in one place.
      dateStrings: true,
      timezone: 'Z',
    };
  }

  #connect(): Socket {
    const { host, port } = this.#address;
    const socket = connect({ host, port, noDelay: true, keepAlive: true });
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.setTimeout(silentMilliseconds, () => {
      socket.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }));
    });
    return socket;
  }
}

function prepared(raw: PoolConnection, mostBytes: number): MysqlPoolConnection {
  const query = (sql: string, parameters: unknown[], done: Done) => {
    if (sql === 'rollback') return rollBack(raw, done);
    const bytes = parameters.reduce((sum: number, value) => sum + bytesOf(value), sql.length);
    if (bytes > mostBytes) return done(tooLarge(bytes, mostBytes));
    try {
      if (parameters.length === 0) raw.query(sql, done);
      else raw.execute(sql, parameters as Parameters<typeof raw.execute>[1], done);
    } catch (error) {
      // mysql2 throws what it refuses to send.
      done(error);
    }
  };
  return { query: query as MysqlPoolConnection['query'], release: () => raw.release() };
}

function bytesOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  return value instanceof Uint8Array ? value.length : 0;
}

/** A server that gets more hangs up, and what it says of it is lost while the rest is still being sent. */
function tooLarge(bytes: number, mostBytes: number): Error {
  const reason = `some rows take ${bytes} bytes, and its max_allowed_packet is ${mostBytes}`;
  return Object.assign(new Error(reason), { code: 'ER_NET_PACKET_TOO_LARGE' });
}

/** Never fails, lest it hides the error that it follows: a lost connection's transaction is rolled back. */
function rollBack(raw: PoolConnection, done: Done): void {
  raw.query('rollback', (error) => {
    if (error) raw.destroy();
    done(null, []);
  });
}
