#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace gillnet {

/// The one thread of the process that owns LibTorch, and its queue. LibTorch's worker threads and
/// memory arenas belong to the thread that calls it: a pool of callers costs twice the memory.
class Engine {
 public:
  using Job = std::function<void()>;

  /// Marks jobs that are dropped together.
  using Owner = const void*;

  /// The engine of this process; ends with its last holder.
  static std::shared_ptr<Engine> Shared();

  /// LibTorch's threads, for engines that start after this call.
  static void SetThreads(int count);
  static int Threads();

  ~Engine();

  /// Jobs run in the order of the calls and must not throw.
  void Post(Owner owner, Job job);

  /// Drops the owner's waiting jobs, and returns once none of its jobs runs.
  void Drain(Owner owner);

 private:
  Engine();
  void Run();

  struct Entry {
    Owner owner;
    Job job;
  };

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Entry> queue_;
  Owner running_ = nullptr;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace gillnet
