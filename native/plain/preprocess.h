#pragma once

#include <ATen/ATen.h>

#include <cstdint>

#include "../preprocess.h"

namespace gillnet::plain {

/// Photos on a device, and what is drawn for each.
struct Photos {
  /// uint8 [N, H, W, 3], RGB.
  at::Tensor pixels;
  /// float32 [N, 4] as left, top, width, height.
  at::Tensor crops;
  /// float32 [N], 1 to mirror, else 0.
  at::Tensor flips;
  /// float32 [N, 3] as factors of brightness, contrast and saturation; undefined for photos as they are.
  at::Tensor colours;
};

/// As Preprocess(), by operations of one shape whatever was drawn: an antialiased bilinear resize of a crop, mirrored
/// or not, is a product with one matrix for each edge.
at::Tensor Preprocess(const Photos& photos, std::int64_t size, const at::Tensor& scale, const at::Tensor& shift);

/// What pixels of 0…255 are multiplied by, and what is added then: float32 [1, 3, 1, 1] each, on the processor.
std::pair<at::Tensor, at::Tensor> ScaleAndShift(Normalization normalization);

}  // namespace gillnet::plain
