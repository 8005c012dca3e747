#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace gillnet::kernels {

/// What shares the tasks of one caller among threads.
class Workers {
 public:
  virtual ~Workers() = default;

  /// With the caller's own.
  virtual int threads() const = 0;

  /// work(task, thread) for each task, in any order and by any thread, 0 being the caller's; returns when all are
  /// done. `work` must not throw.
  template <typename Work>
  void Run(std::int64_t tasks, const Work& work) {
    RunAll(
        tasks, [](const void* work, std::int64_t task, int thread) { (*static_cast<const Work*>(work))(task, thread); },
        &work);
  }

 protected:
  using Call = void (*)(const void* work, std::int64_t task, int thread);

 private:
  virtual void RunAll(std::int64_t tasks, Call call, const void* work) = 0;
};

/// Threads of its own. Between two calls they wait awake for some 50 µs, since the layers of a network follow each
/// other faster than a thread wakes up; after that they sleep.
class WorkerThreads final : public Workers {
 public:
  /// `threads` with the caller's own.
  explicit WorkerThreads(int threads);
  ~WorkerThreads() override;

  int threads() const override { return static_cast<int>(threads_.size()) + 1; }

 private:
  void RunAll(std::int64_t tasks, Call call, const void* work) override;
  void Take(int thread);
  void Serve(int thread);

  /// What is done now; written while the gate is closed and nobody is inside.
  Call call_ = nullptr;
  const void* work_ = nullptr;
  std::int64_t tasks_ = 0;
  std::atomic<std::int64_t> next_{0};
  /// The number of the call, how many threads came in, and whether it is open.
  std::atomic<std::uint64_t> gate_{0};
  std::atomic<std::uint64_t> left_{0};

  std::atomic<int> sleeping_{0};
  std::atomic<bool> ending_{false};
  std::mutex mutex_;
  std::condition_variable woken_;
  std::vector<std::thread> threads_;
};

}  // namespace gillnet::kernels
