import { spawnSync } from 'node:child_process';

/** Two network namespaces of Linux with a cable between them, as two machines that share a disk. */
export interface Namespaces {
  /** Of each: what a command begins with that runs there, and its address. */
  sides: { command: string[]; host: string }[];
  /** Pulls the cable. */
  cut(): void;
  remove(): void;
}

/** Null where this process may not make them. */
export function namespaces(): Namespaces | null {
  const names = ['a', 'b'].map((side) => `gillnet-${process.pid}-${side}`) as [string, string];
  const cables = ['a', 'b'].map((side) => `gn${process.pid % 100000}${side}`) as [string, string];
  const addresses = ['10.213.77.1', '10.213.77.2'];
  const remove = () => {
    for (const name of names) ip('netns', 'del', name);
  };
  const made =
    names.every((name) => ip('netns', 'add', name)) &&
    ip(
      ...['link', 'add', cables[0], 'netns', names[0], 'type', 'veth'],
      ...['peer', 'name', cables[1], 'netns', names[1]],
    ) &&
    names.every(
      (name, side) =>
        ip('-n', name, 'addr', 'add', `${addresses[side]}/24`, 'dev', `${cables[side]}`) &&
        ip('-n', name, 'link', 'set', `${cables[side]}`, 'up') &&
        ip('-n', name, 'link', 'set', 'lo', 'up'),
    );
  if (!made) {
    remove();
    return null;
  }
  return {
    sides: names.map((name, side) => ({
      command: ['ip', 'netns', 'exec', name],
      host: `${addresses[side]}`,
    })),
    cut: () => ip('-n', names[1], 'link', 'set', cables[1], 'down'),
    remove,
  };
}

function ip(...args: string[]): boolean {
  return spawnSync('ip', args, { stdio: 'ignore' }).status === 0;
}
