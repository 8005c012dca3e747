#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace gillnet {

/// Groups of parameters that may learn at rates of their own, from the input to the logits: the stem, the four
/// layers, the head.
constexpr std::size_t kGroups = 6;

/// A convolution without bias, padded by half its kernel, and the batch norm behind it.
struct ConvNormShape {
  std::int64_t in, out;
  /// Edge of the kernel.
  std::int64_t kernel;
  std::int64_t stride;
};

struct BlockShape {
  std::vector<ConvNormShape> body;
  /// Where the block changes the shape of what it is added to.
  std::optional<ConvNormShape> downsample;
};

/// A ResNet (He et al. 2015, arXiv:1512.03385, table 1). Bottlenecks have their stride at the 3×3 convolution, as
/// torchvision's.
struct Architecture {
  bool bottleneck = false;
  /// Blocks in each layer; ResNet-18 has two each.
  std::array<int, 4> layers{};
  /// Of the stem and the first layer, a multiple of 32; each further layer has twice as many.
  std::int64_t channels = 64;

  ConvNormShape Stem() const { return {3, channels, 7, 2}; }
  /// Shapes of the blocks, layer by layer.
  std::array<std::vector<BlockShape>, 4> Blocks() const;
  /// Channels that the last layer gives.
  std::int64_t Width() const { return (bottleneck ? 32 : 8) * channels; }
  /// Values in all trainable tensors.
  std::int64_t Parameters(std::int64_t classes) const;
};

}  // namespace gillnet
