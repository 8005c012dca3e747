import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { programs } from './programs.js';
import { answers } from './s3.js';
import { type Place, type RunningServer, startServer } from './server.js';

export interface MlflowOptions {
  /** Asks for a name and a password: those of `account`. */
  auth?: boolean;
  /** Where clients write artifacts themselves; the server hands them on where it is left out. */
  artifactRoot?: string;
}

/** An account of a server that asks for one. */
export const account = { user: 'gillnet', password: 'a password of tests' };

const addressOf = ({ host, port }: Place) => `http://${host}:${port}`;

/** A real MLflow server, with SQLite and its own folder of artifacts, as docker-compose.yml has it. */
export function startMlflow(options: MlflowOptions = {}): Promise<RunningServer> {
  const { auth = false, artifactRoot } = options;
  return startServer({
    name: 'MLflow',
    program: programs.mlflowPython,
    // Migrations of a new database take most of its start.
    startSeconds: 180,
    environment: {
      MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
      MLFLOW_DISABLE_TELEMETRY: 'true',
      ...(auth && {
        MLFLOW_AUTH_CONFIG_PATH: 'auth.ini',
        MLFLOW_FLASK_SERVER_SECRET_KEY: 'of tests',
      }),
    },
    async prepare({ folder }) {
      const lines = [
        '[mlflow]',
        'default_permission = READ',
        `database_uri = sqlite:///${path.join(folder, 'auth.db')}`,
        `admin_username = ${account.user}`,
        `admin_password = ${account.password}`,
        'authorization_function = mlflow.server.auth:authenticate_request_basic_auth',
      ];
      await writeFile(path.join(folder, 'auth.ini'), `${lines.join('\n')}\n`);
    },
    args: ({ host, port, folder }) => [
      ...['-m', 'mlflow', 'server', '--host', host, '--port', String(port), '--workers', '1'],
      ...['--backend-store-uri', `sqlite:///${path.join(folder, 'mlflow.db')}`],
      ...(artifactRoot === undefined
        ? ['--artifacts-destination', path.join(folder, 'artifacts')]
        : ['--no-serve-artifacts', '--default-artifact-root', artifactRoot]),
      ...(auth ? ['--app-name', 'basic-auth'] : []),
    ],
    isReady: (place) => answers(place, false, '/health'),
    env: (place) => ({ MLFLOW_TRACKING_URI: addressOf(place) }),
  });
}
