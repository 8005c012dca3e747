#include "engine.h"

#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <iterator>
#include <utility>

#include "allocator.h"

namespace gillnet {

namespace {

/// After which what a step keeps for the next one is given back.
constexpr std::chrono::seconds kIdle(2);

std::atomic<int> threads{static_cast<int>(std::max(1u, std::thread::hardware_concurrency()))};

}  // namespace

std::shared_ptr<Engine> Engine::Shared() {
  static std::mutex mutex;
  static std::weak_ptr<Engine> current;
  const std::scoped_lock lock(mutex);
  std::shared_ptr<Engine> engine = current.lock();
  if (!engine) {
    engine.reset(new Engine());
    current = engine;
  }
  return engine;
}

void Engine::SetThreads(int count) { threads = count; }

int Engine::Threads() { return threads; }

Engine::Engine() : thread_([this] { Run(); }) {}

Engine::~Engine() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Engine::Post(Owner owner, Job job) {
  {
    const std::scoped_lock lock(mutex_);
    queue_.push_back({owner, std::move(job)});
  }
  changed_.notify_all();
}

void Engine::Drain(Owner owner) {
  std::deque<Entry> dropped;
  {
    std::unique_lock<std::mutex> lock(mutex_);
    const auto first =
        std::stable_partition(queue_.begin(), queue_.end(), [&](const Entry& entry) { return entry.owner != owner; });
    dropped.assign(std::make_move_iterator(first), std::make_move_iterator(queue_.end()));
    queue_.erase(first, queue_.end());
    changed_.wait(lock, [&] { return running_ != owner; });
  }
}

void Engine::Run() {
  // OpenMP keeps the count per calling thread, so it is set here and nowhere else.
  at::set_num_threads(threads);
  InstallCachingAllocator();
  // Backward passes are written out: LibTorch has nothing to keep for its own.
  const c10::NoGradGuard no_grad;
  std::unique_lock<std::mutex> lock(mutex_);
  const auto called = [&] { return ending_ || !queue_.empty(); };
  for (;;) {
    if (!changed_.wait_for(lock, kIdle, called)) {
      lock.unlock();
      ReleaseIdleMemory();
      lock.lock();
      changed_.wait(lock, called);
    }
    if (ending_) return;
    Entry entry = std::move(queue_.front());
    queue_.pop_front();
    running_ = entry.owner;
    lock.unlock();
    entry.job();
    entry.job = nullptr;
    lock.lock();
    running_ = nullptr;
    changed_.notify_all();
  }
}

}  // namespace gillnet
