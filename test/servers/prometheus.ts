import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { programs } from './programs.js';
import { answers } from './s3.js';
import { type Place, type RunningServer, startServer } from './server.js';

const configIn = ({ folder }: Place) => path.join(folder, 'prometheus.yml');

/** A real Prometheus. @param config for its folder, in which it may name files @param files beside it */
export function startPrometheus(
  config: (folder: string) => string,
  files: Record<string, string>,
): Promise<RunningServer> {
  return startServer({
    name: 'Prometheus',
    program: programs.prometheus,
    async prepare(place) {
      await writeFile(configIn(place), config(place.folder));
      for (const [name, text] of Object.entries(files)) {
        await writeFile(path.join(place.folder, name), text);
      }
    },
    args: (place) => [
      ...[`--config.file=${configIn(place)}`, `--storage.tsdb.path=${place.folder}/data`],
      `--web.listen-address=${place.host}:${place.port}`,
    ],
    isReady: (place) => answers(place, false, '/-/ready'),
    env: () => ({}),
  });
}
