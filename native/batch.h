#pragma once

#include <cstdint>

namespace gillnet {

/// Photos as JavaScript hands them over. The pointers refer to its buffers, which the job keeps alive.
struct Batch {
  /// [count, height, width, 3], RGB.
  const std::uint8_t* pixels = nullptr;
  std::int64_t count = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  /// [count], in 0…classes-1; null when absent.
  const std::int32_t* labels = nullptr;
  /// [count, 4] as left, top, width, height, inside the photo; null for whole photos.
  const std::int32_t* crops = nullptr;
  /// [count], 1 to mirror left and right; null for none.
  const std::uint8_t* flips = nullptr;
  /// [count, 3] as factors of brightness, contrast and saturation, each 0 or above; null for photos as they are.
  const float* colours = nullptr;
};

}  // namespace gillnet
