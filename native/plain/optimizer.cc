#include "optimizer.h"

#include "../libtorch_compat.h"

namespace gillnet::plain {

namespace {

// torch.amp.GradScaler's.
constexpr double kFirstScale = 65536, kGrowth = 2, kBackoff = 0.5;
constexpr std::int64_t kStepsBetweenGrowth = 2000;

}  // namespace

Optimizer::Optimizer(const OptimizerOptions& options, const std::vector<Parameter>& parameters, bool scales_loss)
    : OptimizerState(options, parameters) {
  const at::TensorOptions floats = parameters.front().tensor.options();
  for (std::size_t group = 0; group < kGroups; ++group) steps_.push_back(at::zeros({1}, floats));
  if (!scales_loss) return;
  scale_ = at::full({1}, kFirstScale, floats);
  growth_ = at::zeros({1}, floats.dtype(at::kInt));
}

void Optimizer::Step(const std::vector<at::Tensor>& gradients, const at::Tensor& rates,
                     const std::array<bool, kGroups>& trained, const at::Tensor& counts) {
  at::Tensor skipped = counts.logical_not().to(at::kFloat).view({1});
  std::array<FusedStep, kGroups> groups;
  std::vector<at::Tensor> all;
  for (std::size_t index = 0; index < parameters_.size(); ++index) {
    const auto& [name, parameter, group] = parameters_[index];
    if (!trained[group]) continue;
    FusedStep& step = groups[group];
    step.parameters.push_back(parameter);
    step.gradients.push_back(Alike(parameter, gradients[index]));
    all.push_back(step.gradients.back());
    if (!slots_.empty()) step.first.push_back(slots_[0].tensors[index]);
    if (slots_.size() > 1) step.second.push_back(slots_[1].tensors[index]);
  }
  if (scale_.defined()) {
    CheckAndUnscale(all, skipped, scale_.reciprocal());
    UpdateScale(scale_, growth_, skipped, kGrowth, kBackoff, kStepsBetweenGrowth);
  }
  for (std::size_t group = 0; group < kGroups; ++group) {
    if (!trained[group]) continue;
    FusedStep& step = groups[group];
    step.steps.assign(step.parameters.size(), steps_[group]);
    steps_[group].add_(1 - skipped);
    step.rate = rates.select(0, static_cast<std::int64_t>(group));
    step.skipped = skipped;
    if (options_.algorithm == OptimizerOptions::Algorithm::kSgd) {
      FusedSgd(step, options_);
    } else {
      FusedAdam(step, options_);
    }
  }
}

Steps Optimizer::Taken() const {
  Steps taken{};
  for (std::size_t group = 0; group < kGroups; ++group) {
    taken[group] = static_cast<std::int64_t>(steps_[group].item<float>());
  }
  return taken;
}

void Optimizer::SetTaken(const Steps& steps) {
  for (std::size_t group = 0; group < kGroups; ++group) steps_[group].fill_(static_cast<double>(steps[group]));
}

std::optional<NamedTensor> Optimizer::OfAll() const {
  if (!scale_.defined()) return std::nullopt;
  return NamedTensor("loss_scale", at::cat({scale_, growth_.to(at::kFloat)}));
}

void Optimizer::SetOfAll(const at::Tensor& loss_scale) {
  if (!scale_.defined()) return;
  if (loss_scale.defined()) {
    scale_.copy_(loss_scale.narrow(0, 0, 1));
    growth_.copy_(loss_scale.narrow(0, 1, 1));
  } else {
    scale_.fill_(kFirstScale);
    growth_.zero_();
  }
}

}  // namespace gillnet::plain
