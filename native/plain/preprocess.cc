#include "preprocess.h"

#include <utility>

namespace gillnet::plain {

namespace {

/// What each place of the result takes of each place of an edge: float32 [N, size, edge]. A triangle around the place's
/// centre, as wide as the crop is larger than the result (PIL's and torchvision's bilinear), within the crop.
/// @param first, length float32 [N], of the crop along this edge
/// @param mirrored float32 [N]; undefined for none
at::Tensor Weights(const at::Tensor& first, const at::Tensor& length, std::int64_t size, std::int64_t edge,
                   const at::Tensor& mirrored) {
  const at::TensorOptions floats = first.options();
  const at::Tensor from = first.view({-1, 1, 1}), of = length.view({-1, 1, 1});
  at::Tensor to = at::arange(size, floats).view({1, size, 1});
  if (mirrored.defined()) {
    const at::Tensor flip = mirrored.view({-1, 1, 1});
    to = to.mul(1 - 2 * flip).add(flip.mul(static_cast<double>(size - 1)));
  }
  const at::Tensor scale = of.div(static_cast<double>(size));
  const at::Tensor centre = to.add(0.5).mul(scale);
  const at::Tensor place = at::arange(edge, floats).view({1, 1, edge}).sub(from);
  const at::Tensor inside = place.ge(0).logical_and(place.lt(of));
  const at::Tensor distance = place.add(0.5).sub(centre).abs().div(scale.clamp_min(1));
  const at::Tensor weights = distance.neg().add(1).clamp_min(0).mul(inside);
  return weights.div(weights.sum(2, /*keepdim=*/true));
}

/// As the processor's: brightness, contrast and saturation in one linear step. float32 [N, 3, size, size], 0…255.
at::Tensor Coloured(const at::Tensor& images, const at::Tensor& factors) {
  const auto factor = [&](std::int64_t which) { return factors.select(1, which).view({-1, 1, 1, 1}); };
  const at::Tensor brightness = factor(0), contrast = factor(1), saturation = factor(2);
  const auto plane = [&](std::int64_t channel) { return images.narrow(1, channel, 1); };
  // ITU-R BT.601, as PIL's convert("L").
  const at::Tensor grey = plane(0).mul(0.299).add(plane(1), 0.587).add(plane(2), 0.114);
  const at::Tensor mean = grey.mean({2, 3}, /*keepdim=*/true);
  const at::Tensor gain = brightness.mul(contrast);
  const at::Tensor base = grey.mul(gain.mul(1 - saturation)).add(brightness.mul(1 - contrast).mul(mean));
  return images.mul(gain.mul(saturation)).add(base).clamp(0, 255);
}

}  // namespace

at::Tensor Preprocess(const Photos& photos, std::int64_t size, const at::Tensor& scale, const at::Tensor& shift) {
  const at::Tensor& pixels = photos.pixels;
  const std::int64_t count = pixels.size(0), height = pixels.size(1), width = pixels.size(2);
  const auto crop = [&](std::int64_t which) { return photos.crops.select(1, which); };
  const at::Tensor across = Weights(crop(0), crop(2), size, width, photos.flips);
  const at::Tensor down = Weights(crop(1), crop(3), size, height, {});
  const at::Tensor rows = down.bmm(pixels.to(at::kFloat).view({count, height, width * 3}));
  // [N, W, 3 · size]
  const at::Tensor columns = rows.view({count, size, width, 3}).permute({0, 2, 3, 1}).reshape({count, width, 3 * size});
  at::Tensor images = across.bmm(columns).view({count, size, 3, size}).permute({0, 2, 3, 1});
  if (photos.colours.defined()) images = Coloured(images, photos.colours);
  return images.mul(scale).add(shift).contiguous(at::MemoryFormat::ChannelsLast);
}

std::pair<at::Tensor, at::Tensor> ScaleAndShift(Normalization normalization) {
  const at::Tensor mean = at::from_blob(normalization.mean.data(), {1, 3, 1, 1});
  const at::Tensor std = at::from_blob(normalization.std.data(), {1, 3, 1, 1});
  return {std.mul(255).reciprocal(), mean.neg().div(std)};
}

}  // namespace gillnet::plain
