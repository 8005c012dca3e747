import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { cpus, freemem, totalmem } from 'node:os';
import { event, type GillnetEvent } from '../pipeline/events.js';

/** Seconds between two looks at the machine, as MLflow's own system metrics have it. */
const defaultSeconds = 10;
/** What a timer knows. */
const longest = 2_147_483;

/**
 * Tells every so often what the machine does, until `stop`.
 * @param folder on the disk that is looked at
 */
export function watchLoad(
  folder: string,
  tell: (event: GillnetEvent<'system'>) => void,
): { stop(): void } {
  const given = Number(process.env.MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL);
  const seconds = given > 0 ? given : defaultSeconds;
  let before = times();
  const began = bytesOfNetwork();
  let isOver = false;
  const look = async () => {
    const { bavail, bfree, blocks, bsize } = await statfs(folder);
    const now = times();
    const traffic = bytesOfNetwork();
    const body = {
      cpu: (now.busy - before.busy) / Math.max(1, now.all - before.all),
      ...{ memoryUsed: totalmem() - freemem(), memoryTotal: totalmem() },
      ...{ diskUsed: (blocks - bfree) * bsize, diskFree: bavail * bsize },
      received: traffic && began && traffic.received - began.received,
      sent: traffic && began && traffic.sent - began.sent,
    };
    before = now;
    if (!isOver) tell(event('system', body));
  };
  const timer = setInterval(() => look().catch(() => {}), Math.min(seconds, longest) * 1000);
  timer.unref();
  return {
    stop() {
      isOver = true;
      clearInterval(timer);
    },
  };
}

/** Of all processors together, in milliseconds. */
function times(): { busy: number; all: number } {
  const spent = cpus().map(({ times: { user, nice, sys, idle, irq } }) => ({
    busy: user + nice + sys + irq,
    idle,
  }));
  const busy = spent.reduce((sum, each) => sum + each.busy, 0);
  return { busy, all: busy + spent.reduce((sum, each) => sum + each.idle, 0) };
}

/** Bytes through all network interfaces since the start of the system; null where it doesn't tell, as beside Linux. */
function bytesOfNetwork(): { received: number; sent: number } | null {
  try {
    const lines = readFileSync('/proc/net/dev', 'utf8').split('\n').slice(2);
    const counts = lines.filter(Boolean).map((line) => line.split(':')[1]?.trim().split(/\s+/));
    const sum = (column: number) =>
      counts.reduce((total, each) => total + Number(each?.[column] ?? 0), 0);
    return { received: sum(0), sent: sum(8) };
  } catch {
    return null;
  }
}
