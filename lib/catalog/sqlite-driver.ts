import type Database from 'better-sqlite3';

/** Node-API that better-sqlite3 is compiled against from 13 on: that of Node 22.14. */
const leastNodeApi = 10;

/**
 * better-sqlite3, in the version that this Node can run. The one for older Nodes aborts in Node 24, which asks for an
 * environment where garbage is collected without one (nodejs/node's `node_object_wrap.h`).
 */
export async function sqliteDriver(): Promise<typeof Database> {
  const isNew = Number(process.versions.napi) >= leastNodeApi;
  const { default: driver } = await import(isNew ? 'better-sqlite3-napi' : 'better-sqlite3');
  return driver;
}
