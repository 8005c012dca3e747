#include "preprocess.h"

#include <ATen/Parallel.h>

namespace gillnet {

namespace {

constexpr std::int64_t kChannels = 3;

struct Box {
  std::int64_t left, top, width, height;
};

Box BoxOf(const Batch& batch, std::int64_t index) {
  if (!batch.crops) return {0, 0, batch.width, batch.height};
  const std::int32_t* crop = batch.crops + index * 4;
  return {crop[0], crop[1], crop[2], crop[3]};
}

/// uint8 [H, W, 3] → float32 [size, size, 3], 0…255.
at::Tensor Resized(const std::uint8_t* photo, const Batch& batch, const Box& box,
                   std::int64_t size) {
  const std::int64_t row = batch.width * kChannels;
  // LibTorch only reads through the pointer.
  auto* first = const_cast<std::uint8_t*>(photo + box.top * row + box.left * kChannels);
  const at::Tensor pixels =
      at::from_blob(first, {1, kChannels, box.height, box.width}, {0, 1, row, kChannels}, at::kByte);
  const at::Tensor planes = pixels.to(at::kFloat, false, true, at::MemoryFormat::Contiguous);
  return at::_upsample_bilinear2d_aa(planes, {size, size}, /*align_corners=*/false)
      .squeeze(0)
      .permute({1, 2, 0})
      .contiguous();
}

/// Mirrors and normalises one photo of the network's size, rows `stride` values apart.
template <typename Value>
void Normalize(const Value* from, std::int64_t stride, bool flip, std::int64_t size,
               const Normalization& normalization, float* to) {
  std::array<float, 3> scale;
  std::array<float, 3> shift;
  for (std::size_t channel = 0; channel < 3; ++channel) {
    scale[channel] = 1.0f / (255.0f * normalization.std[channel]);
    shift[channel] = -normalization.mean[channel] / normalization.std[channel];
  }
  for (std::int64_t y = 0; y < size; ++y, from += stride) {
    for (std::int64_t x = 0; x < size; ++x, to += kChannels) {
      const Value* pixel = from + (flip ? size - 1 - x : x) * kChannels;
      for (std::size_t channel = 0; channel < 3; ++channel) {
        to[channel] = static_cast<float>(pixel[channel]) * scale[channel] + shift[channel];
      }
    }
  }
}

}  // namespace

at::Tensor Preprocess(const Batch& batch, std::int64_t size, const Normalization& normalization) {
  const at::Tensor images =
      at::empty({batch.count, kChannels, size, size},
                at::TensorOptions(at::kFloat).memory_format(at::MemoryFormat::ChannelsLast));
  float* const output = images.data_ptr<float>();
  at::parallel_for(0, batch.count, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t index = begin; index < end; ++index) {
      const std::uint8_t* photo = batch.pixels + index * batch.height * batch.width * kChannels;
      const Box box = BoxOf(batch, index);
      const bool flip = batch.flips && batch.flips[index] != 0;
      float* const to = output + index * size * size * kChannels;
      if (box.width == size && box.height == size) {
        const std::int64_t row = batch.width * kChannels;
        Normalize(photo + box.top * row + box.left * kChannels, row, flip, size, normalization, to);
      } else {
        const at::Tensor resized = Resized(photo, batch, box, size);
        Normalize(resized.data_ptr<float>(), size * kChannels, flip, size, normalization, to);
      }
    }
  });
  return images;
}

}  // namespace gillnet
