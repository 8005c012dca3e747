#include "optimizer.h"

#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>

#include <cmath>

namespace gillnet {

namespace {

using Algorithm = OptimizerOptions::Algorithm;

/// Values that one thread updates at a time: enough to hide the start of a thread.
constexpr std::int64_t kGrain = 1 << 15;

/// The arithmetic of one step, which is the same for every value of every parameter.
struct AdamStep {
  /// 1 - beta1 and 1 - beta2 are taken in double: of floats near 1 the difference has few digits.
  float rest1, beta2, rest2, epsilon;
  /// L2 in the gradient.
  float penalty;
  /// Share of the parameter that decoupled weight decay leaves.
  float keep;
  float step_size;
  float inverse_root_correction;

  void operator()(float& parameter, float gradient, float& average, float& square) const {
    gradient += penalty * parameter;
    parameter *= keep;
    average += (gradient - average) * rest1;
    square = square * beta2 + gradient * gradient * rest2;
    parameter -= step_size * average / (std::sqrt(square) * inverse_root_correction + epsilon);
  }
};

at::Tensor GradientOf(const at::Tensor& parameter) {
  at::Tensor gradient = parameter.grad();
  // Autograd keeps a gradient in its parameter's layout; the loops below rely on it.
  if (gradient.strides() == parameter.strides()) return gradient;
  return at::empty_like(parameter).copy_(gradient);
}

}  // namespace

Optimizer::Optimizer(const OptimizerOptions& options, const std::vector<NamedTensor>& parameters)
    : options_(options), parameters_(parameters) {
  if (options.algorithm != Algorithm::kSgd) {
    slots_ = {{"exp_avg", {}}, {"exp_avg_sq", {}}};
  } else if (options.momentum != 0) {
    slots_ = {{"momentum_buffer", {}}};
  }
}

void Optimizer::Step(double learning_rate) {
  const c10::NoGradGuard no_grad;
  if (step_ == 0) SetState(Template());
  step_ += 1;

  const bool adamw = options_.algorithm == Algorithm::kAdamW;
  const double correction1 = 1 - std::pow(options_.beta1, static_cast<double>(step_));
  const double correction2 = 1 - std::pow(options_.beta2, static_cast<double>(step_));
  const AdamStep adam{
      static_cast<float>(1 - options_.beta1),
      static_cast<float>(options_.beta2),
      static_cast<float>(1 - options_.beta2),
      static_cast<float>(options_.epsilon),
      static_cast<float>(adamw ? 0 : options_.weight_decay),
      static_cast<float>(adamw ? 1 - learning_rate * options_.weight_decay : 1),
      static_cast<float>(learning_rate / correction1),
      static_cast<float>(1 / std::sqrt(correction2)),
  };
  const float rate = static_cast<float>(learning_rate);
  const float penalty = static_cast<float>(options_.weight_decay);
  const float momentum = static_cast<float>(options_.momentum);

  for (std::size_t index = 0; index < parameters_.size(); ++index) {
    const at::Tensor& parameter = parameters_[index].second;
    const at::Tensor gradient = GradientOf(parameter);
    float* values = parameter.data_ptr<float>();
    const float* gradients = gradient.data_ptr<float>();
    float* first = slots_.empty() ? nullptr : slots_[0].tensors[index].data_ptr<float>();
    float* second = slots_.size() < 2 ? nullptr : slots_[1].tensors[index].data_ptr<float>();

    at::parallel_for(0, parameter.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
      if (second) {
        for (std::int64_t i = begin; i < end; ++i) {
          adam(values[i], gradients[i], first[i], second[i]);
        }
      } else {
        for (std::int64_t i = begin; i < end; ++i) {
          float change = gradients[i] + penalty * values[i];
          if (first) change = first[i] = momentum * first[i] + change;
          values[i] -= rate * change;
        }
      }
    });
  }
}

std::vector<NamedTensor> Optimizer::State() const {
  std::vector<NamedTensor> state;
  if (step_ == 0) return state;
  state.emplace_back("step", at::scalar_tensor(step_, at::TensorOptions(at::kLong)));
  for (const Slot& slot : slots_) {
    for (std::size_t index = 0; index < parameters_.size(); ++index) {
      state.emplace_back(std::string(slot.name) + "." + parameters_[index].first,
                         slot.tensors[index]);
    }
  }
  return state;
}

std::vector<NamedTensor> Optimizer::Template() const {
  const c10::NoGradGuard no_grad;
  std::vector<NamedTensor> state;
  state.emplace_back("step", at::zeros({}, at::TensorOptions(at::kLong)));
  for (const Slot& slot : slots_) {
    for (const auto& [name, parameter] : parameters_) {
      state.emplace_back(std::string(slot.name) + "." + name, at::zeros_like(parameter));
    }
  }
  return state;
}

void Optimizer::SetState(const std::vector<NamedTensor>& state) {
  const c10::NoGradGuard no_grad;
  step_ = state.empty() ? 0 : state[0].second.item<std::int64_t>();
  std::size_t next = 1;
  for (Slot& slot : slots_) {
    slot.tensors.clear();
    if (state.empty()) continue;
    for (const auto& [name, parameter] : parameters_) {
      slot.tensors.push_back(at::empty_like(parameter).copy_(state[next++].second));
    }
  }
}

}  // namespace gillnet
