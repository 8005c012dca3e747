#pragma once

#include <ATen/ATen.h>

#include <array>
#include <cstdint>

#include "batch.h"

namespace gillnet {

/// Per channel, of pixels scaled to 0…1.
struct Normalization {
  std::array<float, 3> mean;
  std::array<float, 3> std;
};

/// uint8 [N, H, W, 3] → the network's input, float32 [N, 3, size, size] channels_last: each photo's
/// crop, resized with antialiased bilinear interpolation (as PIL's and torchvision's) unless it has
/// the size already, mirrored where its flip says so, scaled to 0…1 and normalised.
at::Tensor Preprocess(const Batch& batch, std::int64_t size, const Normalization& normalization);

}  // namespace gillnet
