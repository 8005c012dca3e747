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

  /// Opens the store, waiting for its host as long as the time-out.
  explicit ProcessGroup(const Rendezvous& rendezvous);
  ~ProcessGroup();

  int rank() const;
  int size() const;

  /// Leaves a value in the store. `joined/RANK` is what a rank is called by where it is told to be lost.
  void Put(const std::string& key, const std::string& value);
  /// A value in the store, or none yet. `beat/RANK`, which each rank changes every second, tells that it lives.
  std::optional<std::string> Look(const std::string& key);

  /// Connects all ranks.
  void Connect();

  /// An operation under way.
  class Pending {
   public:
    virtual ~Pending() = default;
    virtual void Wait() = 0;
  };
  /// Makes a dense float32 or float64 tensor the sum of all ranks', bit by bit the same on each.
  std::unique_ptr<Pending> AllReduce(const at::Tensor& tensor);
  /// Makes a dense tensor rank 0's.
  void Broadcast(const at::Tensor& tensor);
  /// Rank 0's bytes.
  std::string Broadcast(const std::string& bytes);
  /// Each rank's bytes, of any length.
  std::vector<std::string> AllGather(const std::string& bytes);

  /// Tells the other ranks why this one ends, and ends its connections.
  void Fail(const std::string& reason);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace gillnet
