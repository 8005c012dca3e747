#pragma once

#include <ATen/ATen.h>

#include <array>
#include <vector>

#include "../optimizer_state.h"

namespace gillnet::plain {

/// Adam (arXiv:1412.6980), AdamW or SGD with momentum by LibTorch's fused kernels, on any device; nothing is read back.
/// Losses can be scaled, so that gradients stand within float16 (Micikevicius et al. 2018, arXiv:1710.03740), by
/// torch.amp.GradScaler's rule.
class Optimizer final : public OptimizerState {
 public:
  Optimizer(const OptimizerOptions& options, const std::vector<Parameter>& parameters, bool scales_loss);

  /// What the gradient of the loss is multiplied by: float32 [1]; undefined where it isn't.
  const at::Tensor& Scale() const { return scale_; }

  /// One update of each parameter of the groups that are trained, behind Begin(): it makes nothing that lasts.
  /// @param rates float32 [6], the learning rate of each group
  /// @param counts bool []; where it doesn't hold, or a gradient that was scaled isn't finite, nothing changes but the
  ///   scale
  void Step(const std::vector<at::Tensor>& gradients, const at::Tensor& rates, const std::array<bool, kGroups>& trained,
            const at::Tensor& counts);

 private:
  Steps Taken() const override;
  void SetTaken(const Steps& steps) override;
  /// `loss_scale` float32 [2]: the scale, and the steps since it last changed.
  std::optional<NamedTensor> OfAll() const override;
  void SetOfAll(const at::Tensor& loss_scale) override;

  /// float32 [1] each, as the fused kernels have them.
  std::vector<at::Tensor> steps_;
  /// float32 [1] and int32 [1]
  at::Tensor scale_, growth_;
};

}  // namespace gillnet::plain
