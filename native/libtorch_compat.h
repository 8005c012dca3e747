#pragma once

/// Every difference between the LibTorch versions that gillnet builds with, 1.13 and 2.x.

#include <ATen/ATen.h>
#include <c10/core/Allocator.h>
#include <torch/version.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "failure.h"
#include "optimizer_options.h"

#if TORCH_VERSION_MAJOR < 1 || (TORCH_VERSION_MAJOR == 1 && TORCH_VERSION_MINOR < 13)
#error "gillnet needs LibTorch 1.13 or newer"
#endif

namespace gillnet {

/// As the headers name it; Debian's package of 1.13.1 says 1.13.0.
constexpr const char* kLibTorchVersion = TORCH_VERSION;

/// c10::Allocator for memory of the processor. Its allocate() is const in 1.13, and copy_data() is new in 2.x: what
/// a version has not got hides nothing and overrides nothing.
class AnyAllocator : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t size) const { return Allocate(size); }
  c10::DataPtr allocate(std::size_t size) { return Allocate(size); }
  void copy_data(void* to, const void* from, std::size_t size) const { std::memcpy(to, from, size); }

 private:
  virtual c10::DataPtr Allocate(std::size_t size) const = 0;
};

/// One update by a fused kernel, of parameters that have one learning rate and one count of steps.
struct FusedStep {
  /// float32, each with its gradient and averages in one layout.
  std::vector<at::Tensor> parameters, gradients;
  /// Averages: of Adam both, of SGD with momentum the first.
  std::vector<at::Tensor> first, second;
  /// float32 [1] each: steps, this one included.
  std::vector<at::Tensor> steps;
  /// float32 []
  at::Tensor rate;
  /// float32 [1]; nothing is updated where it is 1.
  at::Tensor skipped;
};

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 3)

inline void FusedAdam(const FusedStep& step, const OptimizerOptions& options) {
  const auto update = options.algorithm == OptimizerOptions::Algorithm::kAdamW ? at::_ops::_fused_adamw__tensor_lr::call
                                                                               : at::_ops::_fused_adam__tensor_lr::call;
  update(step.parameters, step.gradients, step.first, step.second, {}, step.steps, step.rate, options.beta1,
         options.beta2, options.weight_decay, options.epsilon, /*amsgrad=*/false, /*maximize=*/false, {}, step.skipped);
}

inline void FusedSgd(const FusedStep& step, const OptimizerOptions& options) {
  at::_fused_sgd_(step.parameters, step.gradients, step.first, options.weight_decay, options.momentum, step.rate,
                  /*dampening=*/0, /*nesterov=*/false, /*maximize=*/false, /*is_first_step=*/false, {}, step.skipped);
}

/// Multiplies the gradients by `inverse_scale`; sets `found` to 1 where one isn't finite.
inline void CheckAndUnscale(const std::vector<at::Tensor>& gradients, at::Tensor& found,
                            const at::Tensor& inverse_scale) {
  at::_amp_foreach_non_finite_check_and_unscale_(gradients, found, inverse_scale);
}

/// A scale that grows after so many steps whose gradients were finite, and shrinks after one whose gradients were not.
inline void UpdateScale(at::Tensor& scale, at::Tensor& growth, const at::Tensor& found, double factor, double backoff,
                        std::int64_t steps) {
  at::_amp_update_scale_(scale, growth, found, factor, backoff, steps);
}

#else

/// 1.13 has no such kernels for the processor, and none that a recording could hold.
[[noreturn]] inline void NoFusedKernels() {
  throw Failure("NO_DEVICE",
                std::string("LibTorch ") + kLibTorchVersion + " can train on the processor alone; use 2.3 or newer");
}
inline void FusedAdam(const FusedStep&, const OptimizerOptions&) { NoFusedKernels(); }
inline void FusedSgd(const FusedStep&, const OptimizerOptions&) { NoFusedKernels(); }
inline void CheckAndUnscale(const std::vector<at::Tensor>&, at::Tensor&, const at::Tensor&) { NoFusedKernels(); }
inline void UpdateScale(at::Tensor&, at::Tensor&, const at::Tensor&, double, double, std::int64_t) { NoFusedKernels(); }

#endif

}  // namespace gillnet
