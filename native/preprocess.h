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
/// the size already, its colours changed by its factors, mirrored where its flip says so, scaled to 0…1 and normalised.
at::Tensor Preprocess(const Batch& batch, std::int64_t size, const Normalization& normalization);

/// Whether rows hang on more than themselves: a crop has another size than the network's input, or colours change.
bool NeedsWholePhotos(const Batch& batch, std::int64_t size);

/// The same of one photo's rows from `top` to before `bottom` → float32 [bottom - top, size, 3], rows `row` values
/// apart.
void PreprocessRows(const Batch& batch, std::int64_t index, std::int64_t size, const Normalization& normalization,
                    std::int64_t top, std::int64_t bottom, float* to, std::int64_t row);

/// The same neither scaled nor normalised, rounded to bytes.
void PixelRows(const Batch& batch, std::int64_t index, std::int64_t size, std::int64_t top, std::int64_t bottom,
               std::uint8_t* to, std::int64_t row);

}  // namespace gillnet
