import { root } from '../support/suite.js';

interface Programs {
  programFile(name: string): string;
}

const { programFile } = (await import(`${root}scripts/programs.mjs`)) as Programs;

/** The file of a server's program, the browser's or a Python, whether it is there or not: for `test.needs`. */
export const programs = {
  minio: programFile('minio'),
  versitygw: programFile('versitygw'),
  mariadbd: programFile('mariadbd'),
  mysqld: programFile('mysqld'),
  prometheus: programFile('prometheus'),
  chromium: programFile('chromium'),
  schemathesis: programFile('schemathesis'),
  torchPython: programFile('torch-python'),
  mlflowPython: programFile('mlflow-python'),
  mariadbInstallDb: programFile('mariadb-install-db'),
};
