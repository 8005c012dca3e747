#pragma once

#include <array>
#include <vector>

#include "optimizer_state.h"

namespace gillnet {

/// Adam (arXiv:1412.6980), AdamW or SGD with momentum on the processor, with the arithmetic of torch.optim.
class Optimizer final : public OptimizerState {
 public:
  using OptimizerState::OptimizerState;

  /// One update of each parameter from its gradient, in any layout and float dtype. Groups whose factor of the
  /// learning rate is 0 stay as they are, averages and count of steps included.
  void Step(const std::vector<at::Tensor>& gradients, double learning_rate, const std::array<float, kGroups>& factors);

 private:
  Steps Taken() const override { return steps_; }
  void SetTaken(const Steps& steps) override { steps_ = steps; }

  Steps steps_{};
};

}  // namespace gillnet
