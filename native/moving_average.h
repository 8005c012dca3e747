#pragma once

#include <vector>

#include "network.h"

namespace gillnet {

/// The exponential moving average of a network's parameters and batch norms' statistics, which often judges better
/// than the weights themselves (Tarvainen & Valpola 2017, arXiv:1703.01780). Counts of batches are the newest.
class MovingAverage {
 public:
  explicit MovingAverage(const std::vector<NamedTensor>& state) : state_(state) {}

  /// average += (1 - decay) · (state - average); the first time takes the state as it is, as PyTorch's AveragedModel.
  void Update(double decay);

  /// By the names of the network's state; empty before the first update.
  const std::vector<NamedTensor>& State() const { return average_; }

  /// Takes tensors of the network's names, order and shapes; none starts afresh.
  void SetState(const std::vector<NamedTensor>& average);

 private:
  std::vector<NamedTensor> state_, average_;
};

}  // namespace gillnet
