#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "network.h"
#include "optimizer_options.h"

namespace gillnet {

/// Of each group.
using Steps = std::array<std::int64_t, kGroups>;

/// What an optimiser keeps of each parameter between steps, as torch.optim names it, beside the parameters.
class OptimizerState {
 public:
  OptimizerState(const OptimizerOptions& options, const std::vector<Parameter>& parameters);
  virtual ~OptimizerState() = default;

  /// `step` int64 [6], the steps of each group, then by parameter `exp_avg.…` and `exp_avg_sq.…`, or
  /// `momentum_buffer.…`, then what the optimiser keeps of all. Empty before the first step.
  std::vector<NamedTensor> State() const;

  /// What State() would hold after one step, to check against.
  std::vector<NamedTensor> Template() const;

  /// Takes the tensors that State() gave, in the order and shapes of Template(); empty starts afresh.
  void SetState(const std::vector<at::Tensor>& state);

  /// Before a step: makes the averages where there are none yet.
  void Begin();

 protected:
  /// A gradient in its parameter's layout and in float32, which what updates them relies on.
  static at::Tensor Alike(const at::Tensor& parameter, const at::Tensor& gradient);

  /// One running average of each parameter, by torch.optim's name.
  struct Slot {
    const char* name;
    std::vector<at::Tensor> tensors;
  };

  virtual Steps Taken() const = 0;
  virtual void SetTaken(const Steps& steps) = 0;
  /// What is kept of all parameters together, if anything is.
  virtual std::optional<NamedTensor> OfAll() const { return std::nullopt; }
  /// Takes it; undefined for what it was in the beginning.
  virtual void SetOfAll(const at::Tensor&) {}

  OptimizerOptions options_;
  std::vector<Parameter> parameters_;
  std::vector<Slot> slots_;
};

}  // namespace gillnet
