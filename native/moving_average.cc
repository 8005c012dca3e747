#include "moving_average.h"

#include <ATen/Parallel.h>

namespace gillnet {

namespace {

/// Values that one thread updates at a time: enough to hide the start of a thread.
constexpr std::int64_t kGrain = 1 << 15;

}  // namespace

void MovingAverage::Update(double decay) {
  if (average_.empty()) return SetState(state_);
  const auto rest = static_cast<float>(1 - decay);
  for (std::size_t index = 0; index < state_.size(); ++index) {
    const at::Tensor& tensor = state_[index].second;
    if (tensor.scalar_type() != at::kFloat) {
      average_[index].second.copy_(tensor);
      continue;
    }
    const float* values = tensor.data_ptr<float>();
    float* averages = average_[index].second.data_ptr<float>();
    at::parallel_for(0, tensor.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) averages[i] += (values[i] - averages[i]) * rest;
    });
  }
}

void MovingAverage::SetState(const std::vector<NamedTensor>& average) {
  average_.clear();
  for (std::size_t index = 0; index < average.size(); ++index) {
    const auto& [name, tensor] = state_[index];
    // In the layout of the network's own tensor, which the loop above relies on.
    average_.emplace_back(name, at::empty_like(tensor).copy_(average[index].second));
  }
}

}  // namespace gillnet
