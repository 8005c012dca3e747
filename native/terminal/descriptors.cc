#include "descriptors.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "crash.h"

namespace gillnet::terminal {
namespace {

/// The terminal, by the descriptor that was it; -1 where nothing is held.
int kept[] = {-1, -1, -1};

/// Behind the standard ones, and not for child processes.
int Duplicate(int descriptor) { return fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1); }

}  // namespace

int Hold(int file, int drawn) {
  if (kept[STDOUT_FILENO] >= 0) return EBUSY;
  Scene scene{};
  if (tcgetattr(STDOUT_FILENO, &scene.modes) != 0) return errno;
  for (const int descriptor : {STDOUT_FILENO, STDERR_FILENO}) {
    if (!isatty(descriptor)) continue;
    kept[descriptor] = Duplicate(descriptor);
    if (kept[descriptor] >= 0 && dup2(file, descriptor) >= 0) continue;
    const int error = errno;
    Release();
    return error;
  }
  scene.terminal = kept[STDOUT_FILENO];
  scene.file = file;
  scene.drawn = drawn;
  // To a file C would write by the block, and a line would come minutes late.
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  WatchForCrashes(scene);
  return 0;
}

void Release() {
  UnwatchCrashes();
  if (kept[STDOUT_FILENO] >= 0) std::fflush(stdout);
  for (const int descriptor : {STDOUT_FILENO, STDERR_FILENO}) {
    if (kept[descriptor] < 0) continue;
    dup2(kept[descriptor], descriptor);
    close(kept[descriptor]);
    kept[descriptor] = -1;
  }
}

}  // namespace gillnet::terminal
