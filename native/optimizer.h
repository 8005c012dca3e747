#pragma once

#include <cstdint>
#include <vector>

#include "network.h"
#include "optimizer_options.h"

namespace gillnet {

/// Adam (arXiv:1412.6980), AdamW or SGD with momentum, with the arithmetic of torch.optim.
class Optimizer {
 public:
  Optimizer(const OptimizerOptions& options, const std::vector<NamedTensor>& parameters);

  /// One update of every parameter from its gradient, which is left as it is.
  void Step(double learning_rate);

  /// `step` int64 [], then by parameter `exp_avg.…` and `exp_avg_sq.…`, or `momentum_buffer.…`.
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
  std::vector<NamedTensor> parameters_;
  std::vector<Slot> slots_;
  std::int64_t step_ = 0;
};

}  // namespace gillnet
