#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace gillnet {

/// What `work` gives; an exception where it takes longer than the limit. It is left to itself then, and has to hold all
/// that it uses.
template <typename Work>
auto Within(std::chrono::milliseconds limit, Work work) -> decltype(work()) {
  auto task = std::make_shared<std::packaged_task<decltype(work())()>>(std::move(work));
  auto result = task->get_future();
  std::thread thread([task] { (*task)(); });
  if (result.wait_for(limit) != std::future_status::ready) {
    thread.detach();
    throw std::runtime_error("No answer within " + std::to_string(limit.count()) + " ms");
  }
  thread.join();
  return result.get();
}

}  // namespace gillnet
