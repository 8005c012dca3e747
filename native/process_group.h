#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "failure.h"

namespace at {
class Tensor;
}

namespace gillnet {

/// Where the ranks of a group meet.
struct Rendezvous {
  int rank = 0;
  int size = 1;
  /// Of the store of keys.
  std::string host;
  std::uint16_t port = 0;
  /// Whether this process holds the store, or another one does.
  bool hosts = false;
  /// Of all keys: groups that share a store have prefixes of their own.
  std::string prefix;
  /// Of each operation on all ranks, and of the store's.
  std::chrono::milliseconds timeout{0};
  /// Of the network to go by; empty for the one by which the store is reached.
  std::string interface;
};

/// The ranks of a training: processes that compute together, on one machine or several, by c10d's TCPStore and
/// ProcessGroupGloo, as PyTorch's own. A door without LibTorch's headers. Engine thread only; all ranks make the calls
/// from Connect() on in one order. Throws Failure: RANK_LOST where another rank has gone, has failed, or does not
/// answer within the time-out, after which no operation on all ranks will succeed.
class ProcessGroup {
 public:
  /// Whether this LibTorch has c10d and Gloo.
  static bool IsAvailable();

  /// Opens the store, waiting for its host as long as the time-out. Throws INVALID_ARGUMENT where there is no c10d.
  static std::unique_ptr<ProcessGroup> At(const Rendezvous& rendezvous);

  virtual ~ProcessGroup() = default;

  /// Leaves a value in the store. `joined/RANK` is what a rank is called by where it is told to be lost.
  virtual void Put(const std::string& key, const std::string& value) = 0;
  /// A value in the store, or none yet. `beat/RANK`, which each rank changes every second, tells that it lives.
  virtual std::optional<std::string> Look(const std::string& key) = 0;

  /// Connects all ranks.
  virtual void Connect() = 0;

  /// An operation under way.
  class Pending {
   public:
    virtual ~Pending() = default;
    virtual void Wait() = 0;
  };
  /// Makes a dense float32 or float64 tensor the sum of all ranks', bit by bit the same on each.
  virtual std::unique_ptr<Pending> AllReduce(const at::Tensor& tensor) = 0;
  /// Rank 0's bytes.
  virtual std::string Broadcast(const std::string& bytes) = 0;
  /// Each rank's bytes, of any length.
  virtual std::vector<std::string> AllGather(const std::string& bytes) = 0;

  /// Tells the other ranks why this one ends, and ends its connections.
  virtual void Fail(const std::string& reason) = 0;
};

}  // namespace gillnet
