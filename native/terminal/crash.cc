#include "crash.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>

// All that runs in a handler is async-signal-safe: system calls and lock-free atomics, no allocation.
namespace gillnet::terminal {
namespace {

/// Those that end a process without a word to JavaScript.
constexpr int kSignals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS, SIGQUIT, SIGXCPU, SIGALRM};

Scene scene;
struct sigaction earlier[NSIG];
std::atomic_flag left = ATOMIC_FLAG_INIT;

/// Of the thread that watches, for when its own stack has overflowed.
alignas(16) char alternate_stack[65536];
bool own_stack = false;

/// V8 makes a JavaScript error of a fault inside WebAssembly, in Node's handler, and the program goes on: so
/// Node's comes first. When it finds no WebAssembly it puts the default action back, for the crash that it is.
bool HandledEarlier(int number, siginfo_t* info, void* context) {
  if (number != SIGSEGV && number != SIGBUS) return false;
  const struct sigaction& action = earlier[number];
  if (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN) return false;
  if (action.sa_flags & SA_SIGINFO)
    action.sa_sigaction(number, info, context);
  else
    action.sa_handler(number);
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
  WriteLastWords(scene);
  struct sigaction by_default{};
  by_default.sa_handler = SIG_DFL;
  sigaction(number, &by_default, nullptr);
  // A fault comes again by itself, with its address for the core dump.
  if (!IsFault(number, *info)) raise(number);
  errno = error;
}

bool IsOwn(const struct sigaction& action) { return (action.sa_flags & SA_SIGINFO) && action.sa_sigaction == OnSignal; }

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
  struct sigaction action{};
  action.sa_sigaction = OnSignal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  // All, SIGTTOU too: a program in the background may set the terminal's modes while that is blocked.
  sigfillset(&action.sa_mask);
  for (const int number : kSignals) {
    sigaction(number, nullptr, &earlier[number]);
    const bool ignored = earlier[number].sa_handler == SIG_IGN;
    if (!ignored) sigaction(number, &action, nullptr);
  }
}

void UnwatchCrashes() {
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

}  // namespace gillnet::terminal
