import { GillnetError, messageOf } from '../../errors.js';
import { ApiKeys } from '../../faces/server/keys.js';
import { openServer, type RunningServer, type ServerOptions } from '../../faces/server/server.js';
import { readNamed } from '../../files.js';
import type { ServingSettings } from '../../serving-flags.js';

/** Keys of a file, else of GILLNET_API_KEYS; null where there are none. @throws GillnetError USAGE, NOT_FOUND */
export async function keysOf(file: string | undefined): Promise<ApiKeys | null> {
  if (file !== undefined) {
    return new ApiKeys(parted(await readNamed('--api-keys', file), /\s+/), file);
  }
  const { GILLNET_API_KEYS: keys } = process.env;
  return keys === undefined ? null : new ApiKeys(parted(keys, /[\s,]+/), 'GILLNET_API_KEYS');
}

function parted(text: string, by: RegExp): string[] {
  return text.split(by).filter(Boolean);
}

/** @param flag that gives the port, for messages @throws GillnetError USAGE where it can't listen there */
export async function listening(
  options: ServerOptions,
  { host, port }: Pick<ServingSettings, 'host' | 'port'>,
  flag = '--port',
): Promise<RunningServer> {
  try {
    return await openServer(options, { host, port });
  } catch (cause) {
    throw new GillnetError(
      'USAGE',
      `Can't listen at ${host}, port ${port}: ${messageOf(cause)}. Give another with --host and ${flag}.`,
      { cause },
    );
  }
}
