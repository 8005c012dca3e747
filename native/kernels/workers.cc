#include "workers.h"

namespace gillnet::kernels {

namespace {

constexpr std::uint64_t kOpen = 1, kOne = 2, kCall = std::uint64_t{1} << 32;
/// Some 50 µs on processors whose pause takes 40 to 140 cycles.
constexpr int kTurns = 2000;

std::uint64_t CallOf(std::uint64_t gate) { return gate / kCall; }

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

}  // namespace

WorkerThreads::WorkerThreads(int threads) {
  for (int thread = 1; thread < threads; ++thread) threads_.emplace_back([this, thread] { Serve(thread); });
}

WorkerThreads::~WorkerThreads() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  woken_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerThreads::Take(int thread) {
  for (std::int64_t task; (task = next_.fetch_add(1, std::memory_order_relaxed)) < tasks_;) {
    call_(work_, task, thread);
  }
}

void WorkerThreads::RunAll(std::int64_t tasks, Call call, const void* work) {
  call_ = call;
  work_ = work;
  tasks_ = tasks;
  next_.store(0, std::memory_order_relaxed);
  left_.store(0, std::memory_order_relaxed);
  if (threads_.empty() || tasks < 2) return Take(0);
  gate_.store((CallOf(gate_.load()) + 1) * kCall + kOpen);
  if (sleeping_.load() > 0) {
    const std::scoped_lock lock(mutex_);
    woken_.notify_all();
  }
  Take(0);
  // Who has not come by now finds nothing to do, and is not waited for.
  const std::uint64_t inside = gate_.fetch_and(~kOpen) % kCall / kOne;
  for (int turn = 0; left_.load(std::memory_order_acquire) != inside; ++turn) {
    if (turn < kTurns)
      Pause();
    else
      std::this_thread::yield();
  }
}

void WorkerThreads::Serve(int thread) {
  std::uint64_t served = 0;
  const auto called = [&](std::uint64_t gate) { return (gate & kOpen) != 0 && CallOf(gate) != served; };
  for (int turn = 0; !ending_;) {
    std::uint64_t gate = gate_.load();
    if (called(gate)) {
      if (!gate_.compare_exchange_strong(gate, gate + kOne)) continue;
      Take(thread);
      served = CallOf(gate);
      left_.fetch_add(1, std::memory_order_release);
      turn = 0;
    } else if (++turn < kTurns) {
      Pause();
    } else {
      std::unique_lock<std::mutex> lock(mutex_);
      ++sleeping_;
      woken_.wait(lock, [&] { return ending_ || called(gate_.load()); });
      --sleeping_;
      turn = 0;
    }
  }
}

}  // namespace gillnet::kernels
