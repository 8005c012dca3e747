import path from 'node:path';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import sharp from 'sharp';
import { startMariadb } from '../servers/mariadb.js';
import { startMinio } from '../servers/minio.js';
import { programs } from '../servers/programs.js';
import type { S3Server } from '../servers/s3.js';
import type { RunningServer } from '../servers/server.js';
import { type Ended, ended, startGillnet, succeeded } from './command.js';
import { writeFiles } from './photos.js';
import { bytesOf } from './s3.js';
import { temporaryFolder } from './suite.js';

/** For `test.needs`. */
export const bothServers = [programs.minio, programs.mariadbd];

/** The original service's two servers, and a folder in which commands use them. */
export interface Services {
  s3: S3Server;
  mysql: RunningServer;
  /** Address of an empty database. */
  catalog: string;
  /** Everything that a command needs to find them. */
  env: Record<string, string>;
  cwd: string;
  start(...args: string[]): ReturnType<typeof startGillnet>;
  gillnet(...args: string[]): Promise<Ended>;
  /** The same of a command that has to end well. */
  succeeds(...args: string[]): Promise<Ended>;
  /** What another program gets from the catalog's database, which is made if it is missing. */
  query(sql: string): Promise<RowDataPacket[]>;
}

let servers: Promise<[S3Server, RunningServer]> | undefined;
let databases = 0;

/** The servers, started once for a file of tests, with a database, a cache and a folder of their own each time. */
export async function services(): Promise<Services> {
  servers ??= Promise.all([startMinio(), startMariadb()]);
  const [s3, mysql] = await servers;
  databases += 1;
  const catalog = `${mysql.env.GILLNET_CATALOG}_${databases}`;
  const cwd = temporaryFolder();
  const env = {
    ...s3.env,
    GILLNET_CATALOG: catalog,
    GILLNET_CACHE: temporaryFolder(),
    GILLNET_MODELS: `s3://models-${databases}`,
    GILLNET_WEIGHTS: 'none',
  };
  const start = (...args: string[]) => startGillnet([...args, '--json'], { cwd, env });
  return {
    s3,
    mysql,
    catalog,
    env,
    cwd,
    start,
    gillnet: (...args) => ended(start(...args)),
    succeeds: (...args) => succeeded(ended(start(...args))),
    async query(sql) {
      const connection = await createConnection(mysql.env.GILLNET_CATALOG as string);
      const database = path.basename(catalog);
      try {
        await connection.query(`CREATE DATABASE IF NOT EXISTS ${database}`);
        await connection.changeUser({ database });
        return (await connection.query<RowDataPacket[]>(sql))[0];
      } finally {
        await connection.end();
      }
    },
  };
}

const drawn = new Map<number, Promise<string>>();

/** Photos of two labels that take some time to read: `count` in train, a fifth as many in test. Drawn once, to be read. */
export function folderOfPhotos(count: number): Promise<string> {
  const folder = drawn.get(count) ?? drawPhotos(count);
  drawn.set(count, folder);
  return folder;
}

async function drawPhotos(count: number): Promise<string> {
  const folder = temporaryFolder();
  const [width, height] = [320, 240];
  const shapes = await Promise.all(
    ['Gold Fish', 'Mud & Co'].flatMap((label, red) =>
      Array.from({ length: count * 0.6 }, async (_, at) => {
        const noise = bytesOf(`${label} ${at}`, width * height * 3);
        for (let pixel = 0; pixel < noise.length; pixel += 3) noise[pixel] = red * 200;
        const bytes = await sharp(noise, { raw: { width, height, channels: 3 } })
          .jpeg()
          .toBuffer();
        const split = at < count / 2 ? 'train' : 'test';
        return [`${split}/${label}/${label} (${at}) 50%+#é.jpg`, bytes] as const;
      }),
    ),
  );
  await writeFiles(folder, Object.fromEntries(shapes));
  return folder;
}
