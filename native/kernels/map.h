#pragma once

#include <cstdint>

namespace gillnet::kernels {

/// Activations of some photos, NHWC. Each photo may have zeros around it, which direct convolutions read.
template <typename Value>
struct MapOf {
  /// The first photo's first value inside of its border.
  Value* data = nullptr;
  std::int64_t height = 0, width = 0, channels = 0;
  /// Values between rows, and between photos.
  std::int64_t row = 0, photo = 0;

  Value* At(std::int64_t index, std::int64_t y, std::int64_t x) const {
    return data + index * photo + y * row + x * channels;
  }
};

using Map = MapOf<float>;

}  // namespace gillnet::kernels
