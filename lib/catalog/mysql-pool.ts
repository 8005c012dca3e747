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
  /** Why a connection was lost, by connection: what is called on it afterwards doesn't say. */
  #lost = new WeakMap<object, unknown>();

  constructor(address: MysqlAddress) {
    this.#address = address;
    this.#pool = createPool({
      ...this.#options(),
      database: address.database,
      connectionLimit: connections,
      maxPreparedStatements: statements,
    });
    this.#pool.on('connection', (raw) => {
      const fail = (error: unknown) => {
        if (error && !this.#lost.has(raw)) this.#lost.set(raw, error);
      };
      raw.on('error', fail);
      for (const statement of session) {
        raw.query(statement, (error) => {
          fail(error);
          if (error) raw.destroy();
        });
      }
    });
  }

  getConnection(callback: (error: unknown, connection: MysqlPoolConnection) => void): void {
    this.#pool.getConnection((error, raw) => {
      // Kysely reads no connection after an error.
      callback(error, error ? (undefined as never) : this.#prepared(raw));
    });
  }

  /** Logs in. */
  ping(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pool.getConnection((error, raw) => {
        if (error) return reject(error);
        raw.release();
        resolve();
      });
    });
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
    for (const socket of this.#sockets) socket.destroySoon();
    // A host that does not answer takes no good-bye either.
    const rest = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, goodbyeMilliseconds);
    rest.unref();
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

  #prepared(raw: PoolConnection): MysqlPoolConnection {
    const query = (sql: string, parameters: unknown[], callback: Done) => {
      const done: Done = (error, result) =>
        callback(error ? (this.#lost.get(raw) ?? error) : null, result);
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
}
