// Where this machine gets its packages from: proxies, mirrors and certificates as npm, pip and apt have them.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { ask } from '../shell.mjs';

const variables =
  /^(npm_config_(registry|cafile|proxy|https_proxy|noproxy|strict_ssl)|pip_\w+|\w+_proxy|ssl_cert_file|node_extra_ca_certs|requests_ca_bundle|curl_ca_bundle)$/i;

/**
 * Gathers what package managers are to be told in a root.
 * @param seenAs where the folder will be mounted there
 * @returns {{folder: string, env: Record<string, string>}} a temporary folder and the variables
 */
export function openRegistries(seenAs) {
  const folder = mkdtempSync(path.join(tmpdir(), 'gillnet-registries-'));
  const env = {};
  const give = (name, value) => {
    if (!value || !statSync(value, { throwIfNoEntry: false })?.isFile()) env[name] = value;
    else {
      copyFileSync(value, path.join(folder, name));
      env[name] = path.join(seenAs, name);
    }
  };
  for (const [name, value] of Object.entries(process.env))
    if (variables.test(name)) give(name, value);
  for (const setting of ['registry', 'cafile', 'userconfig']) {
    const value = ask('npm', ['config', 'get', setting], { cwd: folder });
    if (value && value !== 'null' && (setting !== 'userconfig' || isFile(value)))
      give(`npm_config_${setting}`, value);
  }
  const pip = [
    process.env.PIP_CONFIG_FILE,
    path.join(homedir(), '.config/pip/pip.conf'),
    path.join(homedir(), '.pip/pip.conf'),
    '/etc/pip.conf',
  ].find((file) => file && isFile(file));
  if (pip) give('PIP_CONFIG_FILE', pip);
  const apt = spawnSync('apt-config', ['dump', 'Acquire'], { encoding: 'utf8' });
  if (apt.status === 0) {
    writeFileSync(path.join(folder, 'apt.conf'), apt.stdout);
    env.APT_CONFIG = path.join(seenAs, 'apt.conf');
  }
  return { folder, env };
}

const isFile = (file) => Boolean(statSync(file, { throwIfNoEntry: false })?.isFile());
