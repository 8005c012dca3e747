/** Where nobody can continue a stopped process, the system does not stop it: then this is how soon it goes on. */
const wakeMilliseconds = 50;

/**
 * Gives the terminal back while the process is stopped by Ctrl-Z, and takes it again afterwards.
 * @returns what ends that
 */
export function onSuspend({ leave, enter }: { leave(): void; enter(): void }): () => void {
  let away = false;
  let timer: NodeJS.Timeout | undefined;
  const suspend = () => {
    away = true;
    leave();
    // Without a listener the signal does what it does by default.
    process.off('SIGTSTP', suspend);
    process.kill(process.pid, 'SIGTSTP');
    timer = setTimeout(wake, wakeMilliseconds);
  };
  const wake = () => {
    clearTimeout(timer);
    // A stop that could not be seen coming has left the terminal in another's hands all the same.
    if (!away) leave();
    away = false;
    process.off('SIGTSTP', suspend);
    process.on('SIGTSTP', suspend);
    enter();
  };
  process.on('SIGTSTP', suspend);
  process.on('SIGCONT', wake);
  return () => {
    clearTimeout(timer);
    process.off('SIGTSTP', suspend);
    process.off('SIGCONT', wake);
  };
}
