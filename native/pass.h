#pragma once

#include <ATen/ATen.h>

#include <array>
#include <functional>

#include "network.h"

namespace gillnet {

struct PassOptions {
  /// Whether the parameters of each group want gradients.
  std::array<bool, kGroups> trained{};
  /// Batch norms normalise by their running statistics, which stay as they are.
  bool frozen_statistics = false;
  /// Of activations and convolutions; all else is float32.
  at::ScalarType dtype = at::kFloat;
};

/// Told of the gradient of a parameter, by its place among the network's, as soon as it is there.
using OnGradient = std::function<void(std::size_t parameter, const at::Tensor& gradient)>;

/// The first group that is trained.
std::size_t LowestOf(const std::array<bool, kGroups>& trained);

/// Tells the head's gradients, where it is trained, by those of the logits. → that of the last layer's output, of
/// `sizes` and `dtype`, channels_last; undefined where nothing below the head is trained.
at::Tensor BackwardHead(const Network& network, const std::array<bool, kGroups>& trained, const at::Tensor& logits,
                        const at::Tensor& features, at::IntArrayRef sizes, at::ScalarType dtype,
                        const OnGradient& on_gradient);

}  // namespace gillnet
