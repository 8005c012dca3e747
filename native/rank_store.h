#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <torch/csrc/distributed/c10d/Store.hpp>

#include "process_group.h"
#include "within.h"

namespace gillnet {

/// Without what c10d adds of its own source's place and of a backtrace.
std::string MessageOf(const std::exception& error);

/// What the ranks leave for one another, by c10d's TCPStore: who has joined, who lives, why one has ended. Where it
/// can't be reached an exception is thrown, and it is not asked again.
class RankStore {
 public:
  /// Opens it, or waits for its host as long as the time-out; says at intervals that this rank lives from then on.
  /// Throws Failure RANK_LOST.
  explicit RankStore(const Rendezvous& rendezvous);
  ~RankStore();

  const c10::intrusive_ptr<c10d::Store>& c10d_store() const { return store_; }

  std::optional<std::string> ValueOf(const std::string& key);
  void Set(const std::string& key, const std::string& value);

  /// Says why this rank has ended, which stays with the first reason: none where it has lost another.
  void SayEnded(const std::string& reason);

  /// Finds out which rank has gone. `message`: how that was noticed.
  Failure Lost(const std::string& message);

 private:
  class Beat;

  template <typename Work>
  auto Asked(Work work) -> decltype(work(std::declval<c10d::Store&>()));

  std::string NameOf(int rank);

  Rendezvous at_;
  /// For the store to answer.
  std::chrono::milliseconds patience_;
  c10::intrusive_ptr<c10d::Store> store_;
  /// Whether the store has failed.
  bool gone_ = false;
  std::unique_ptr<Beat> beat_;
};

}  // namespace gillnet
