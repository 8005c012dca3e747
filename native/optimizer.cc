#include "optimizer.h"

#include <ATen/Parallel.h>

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

AdamStep AdamOf(const OptimizerOptions& options, double learning_rate, std::int64_t step) {
  const bool adamw = options.algorithm == Algorithm::kAdamW;
  const double correction1 = 1 - std::pow(options.beta1, static_cast<double>(step));
  const double correction2 = 1 - std::pow(options.beta2, static_cast<double>(step));
  return {
      static_cast<float>(1 - options.beta1),
      static_cast<float>(options.beta2),
      static_cast<float>(1 - options.beta2),
      static_cast<float>(options.epsilon),
      static_cast<float>(adamw ? 0 : options.weight_decay),
      static_cast<float>(adamw ? 1 - learning_rate * options.weight_decay : 1),
      static_cast<float>(learning_rate / correction1),
      static_cast<float>(1 / std::sqrt(correction2)),
  };
}

}  // namespace

void Optimizer::Step(const std::vector<at::Tensor>& gradients, double learning_rate,
                     const std::array<float, kGroups>& factors) {
  Begin();
  for (std::size_t group = 0; group < kGroups; ++group) {
    if (factors[group] > 0) steps_[group] += 1;
  }
  const float penalty = static_cast<float>(options_.weight_decay);
  const float momentum = static_cast<float>(options_.momentum);

  for (std::size_t index = 0; index < parameters_.size(); ++index) {
    const auto& [name, parameter, group] = parameters_[index];
    if (factors[group] == 0) continue;
    const double own_rate = learning_rate * static_cast<double>(factors[group]);
    const AdamStep adam = AdamOf(options_, own_rate, steps_[group]);
    const float rate = static_cast<float>(own_rate);
    const at::Tensor gradient = Alike(parameter, gradients[index]);
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

}  // namespace gillnet
