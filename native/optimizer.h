#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "network.h"
#include "optimizer_options.h"

namespace gillnet {

/// Adam (arXiv:1412.6980), AdamW or SGD with momentum, with the arithmetic of torch.optim.
class Optimizer {
 public:
  Optimizer(const OptimizerOptions& options, const std::vector<Parameter>& parameters);

  /// One update of each parameter from its gradient, in any layout and float dtype. Groups whose factor of the
  /// learning rate is 0 stay as they are, averages and count of steps included.
  void Step(const std::vector<at::Tensor>& gradients, double learning_rate, const std::array<float, kGroups>& factors);

  /// `step` int64 [6], the steps of each group, then by parameter `exp_avg.…` and `exp_avg_sq.…`, or `momentum_buffer.…`.
  /// Empty before the first step.
  std::vector<NamedTensor> State() const;

  /// What State() would hold after one step, to check against.
  std::vector<NamedTensor> Template() const;

  /// Takes what State() gave, of the names and shapes of Template(); empty starts afresh.
  void SetState(const std::vector<NamedTensor>& state);

 private:
  /// One running average of each parameter, by torch.optim's name.
  struct Slot {
    const char* name;
    std::vector<at::Tensor> tensors;
  };

  OptimizerOptions options_;
  std::vector<Parameter> parameters_;
  std::vector<Slot> slots_;
  std::array<std::int64_t, kGroups> steps_{};
};

}  // namespace gillnet
