#include "crash.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>

// All that runs in a handler is async-signal-safe: system calls and lock-free atomics, no allocation.
namespace gillnet::terminal {
namespace {

/// Those that end a process without a word to JavaScript.
constexpr int kSignals[] = {SIGABRT, SIGSEGV, SIGBUS,  SIGILL,  SIGFPE,
                            SIGTRAP, SIGSYS,  SIGQUIT, SIGXCPU, SIGALRM};

template <std::size_t capacity>
struct Text {
  char bytes[capacity];
  std::size_t size;

  void Set(std::string_view text) {
    size = std::min(text.size(), capacity);
    std::memcpy(bytes, text.data(), size);
  }
};

struct Words {
  Text<64> restore;
  Text<1000> farewell;
};

/// A crash reads the one, while the other is written.
Words words[2];
std::atomic<int> current{0};
std::atomic<std::int64_t> told{0};
static_assert(std::atomic<std::int64_t>::is_always_lock_free);

Scene scene;
bool watching = false;
struct sigaction earlier[NSIG];
std::atomic_flag left = ATOMIC_FLAG_INIT;

/// Of the thread that watches, for when its own stack has overflowed.
alignas(16) char alternate_stack[65536];
bool own_stack = false;

void WriteAll(const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t written = write(scene.terminal, bytes, size);
    if (written < 0 && errno != EINTR) return;
    if (written > 0) {
      bytes += written;
      size -= static_cast<std::size_t>(written);
    }
  }
}

/// The file's last bytes that nobody has seen, such as why C++ ended the process.
void WriteTail() {
  static char tail[4096];
  struct stat facts;
  if (fstat(scene.file, &facts) != 0) return;
  const std::int64_t size = facts.st_size;
  const std::int64_t from = std::max<std::int64_t>(told.load(), size - sizeof(tail));
  const ssize_t count = pread(scene.file, tail, sizeof(tail), from);
  if (count <= 0) return;
  // Names of files come from anywhere, and a terminal obeys some.
  std::replace_if(
      tail, tail + count,
      [](unsigned char byte) { return byte == 127 || (byte < 32 && byte != '\n' && byte != '\t'); },
      '?');
  WriteAll(tail, static_cast<std::size_t>(count));
  if (tail[count - 1] != '\n') WriteAll("\n", 1);
}

void LeaveTerminal() {
  // What another thread draws from here on goes the way of all other output.
  dup2(scene.file, scene.drawn);
  const Words& last = words[current.load()];
  WriteAll(last.restore.bytes, last.restore.size);
  tcsetattr(scene.terminal, TCSANOW, &scene.modes);
  WriteTail();
  WriteAll(last.farewell.bytes, last.farewell.size);
}

/// V8 makes a JavaScript error of a fault inside WebAssembly, in Node's handler, and the program goes on: so
/// Node's comes first. When it finds no WebAssembly it puts the default action back, for the crash that it is.
bool HandledEarlier(int number, siginfo_t* info, void* context) {
  if (number != SIGSEGV && number != SIGBUS) return false;
  const struct sigaction& action = earlier[number];
  if (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN) return false;
  if (action.sa_flags & SA_SIGINFO) action.sa_sigaction(number, info, context);
  else action.sa_handler(number);
  struct sigaction now;
  return sigaction(number, nullptr, &now) == 0 && now.sa_handler != SIG_DFL;
}

bool IsFault(int number, const siginfo_t& info) {
  const bool sent = info.si_code <= 0 || info.si_code == SI_USER;
  return !sent && (number == SIGSEGV || number == SIGBUS || number == SIGILL || number == SIGFPE);
}

void OnSignal(int number, siginfo_t* info, void* context) {
  const int error = errno;
  if (HandledEarlier(number, info, context)) {
    errno = error;
    return;
  }
  // Of two threads that crash at once the first one's signal ends the process.
  if (left.test_and_set()) {
    for (;;) pause();
  }
  LeaveTerminal();
  struct sigaction by_default {};
  by_default.sa_handler = SIG_DFL;
  sigaction(number, &by_default, nullptr);
  // A fault comes again by itself, with its address for the core dump.
  if (!IsFault(number, *info)) raise(number);
  errno = error;
}

bool IsOwn(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) && action.sa_sigaction == OnSignal;
}

void TakeStack() {
  stack_t before;
  if (sigaltstack(nullptr, &before) != 0 || !(before.ss_flags & SS_DISABLE)) return;
  stack_t own{};
  own.ss_sp = alternate_stack;
  own.ss_size = sizeof(alternate_stack);
  own_stack = sigaltstack(&own, nullptr) == 0;
}

}  // namespace

void WatchForCrashes(const Scene& found) {
  scene = found;
  TakeStack();
  struct sigaction action {};
  action.sa_sigaction = OnSignal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  // All, SIGTTOU too: a program in the background may set the terminal's modes while that is blocked.
  sigfillset(&action.sa_mask);
  for (const int number : kSignals) {
    sigaction(number, nullptr, &earlier[number]);
    const bool ignored = earlier[number].sa_handler == SIG_IGN;
    if (!ignored) sigaction(number, &action, nullptr);
  }
  watching = true;
}

void UnwatchCrashes() {
  if (!watching) return;
  watching = false;
  for (const int number : kSignals) {
    struct sigaction now;
    if (sigaction(number, nullptr, &now) == 0 && IsOwn(now)) {
      sigaction(number, &earlier[number], nullptr);
    }
  }
  stack_t none{};
  none.ss_flags = SS_DISABLE;
  if (own_stack) sigaltstack(&none, nullptr);
  own_stack = false;
}

void SetLastWords(std::string_view restore, std::string_view farewell) {
  const int next = 1 - current.load();
  words[next].restore.Set(restore);
  words[next].farewell.Set(farewell);
  current.store(next);
}

void SetTold(std::int64_t bytes) { told.store(bytes); }

}  // namespace gillnet::terminal
