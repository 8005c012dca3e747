#include "preprocess.h"

#include <ATen/Parallel.h>

#include <algorithm>

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

/// One photo of the network's size, rows `stride` values apart.
template <typename Value>
struct View {
  const Value* first;
  std::int64_t stride;
  std::int64_t size;
};

/// ITU-R BT.601, as PIL's convert("L").
template <typename Value>
float GreyOf(const Value* pixel) {
  return 0.299f * static_cast<float>(pixel[0]) + 0.587f * static_cast<float>(pixel[1]) +
         0.114f * static_cast<float>(pixel[2]);
}

/// The factors of torchvision's ColorJitter in the order in which it lists them, as what they come to together: each
/// value becomes own · value + grey · (the pixel's grey) + shift, within 0…255.
struct Colour {
  float own, grey, shift;

  template <typename Value>
  static Colour Of(const float* factors, const View<Value>& photo) {
    const float brightness = factors[0], contrast = factors[1], saturation = factors[2];
    double sum = 0;
    for (std::int64_t y = 0; y < photo.size; ++y) {
      const Value* row = photo.first + y * photo.stride;
      for (std::int64_t x = 0; x < photo.size; ++x) sum += GreyOf(row + x * kChannels);
    }
    const auto mean = static_cast<float>(sum / static_cast<double>(photo.size * photo.size));
    const float gain = brightness * contrast;
    return {gain * saturation, gain * (1 - saturation), brightness * (1 - contrast) * mean};
  }
};

/// Mirrors, changes the colours and normalises.
template <typename Value>
void Normalize(const View<Value>& photo, bool flip, const float* factors, const Normalization& normalization,
               float* to) {
  std::array<float, 3> scale;
  std::array<float, 3> shift;
  for (std::size_t channel = 0; channel < 3; ++channel) {
    scale[channel] = 1.0f / (255.0f * normalization.std[channel]);
    shift[channel] = -normalization.mean[channel] / normalization.std[channel];
  }
  const Colour colour = factors ? Colour::Of(factors, photo) : Colour{1, 0, 0};
  for (std::int64_t y = 0; y < photo.size; ++y) {
    const Value* row = photo.first + y * photo.stride;
    for (std::int64_t x = 0; x < photo.size; ++x, to += kChannels) {
      const Value* pixel = row + (flip ? photo.size - 1 - x : x) * kChannels;
      const float base = factors ? colour.grey * GreyOf(pixel) + colour.shift : 0;
      for (std::size_t channel = 0; channel < 3; ++channel) {
        auto value = static_cast<float>(pixel[channel]);
        if (factors) value = std::clamp(colour.own * value + base, 0.0f, 255.0f);
        to[channel] = value * scale[channel] + shift[channel];
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
      const float* colour = batch.colours ? batch.colours + index * kChannels : nullptr;
      float* const to = output + index * size * size * kChannels;
      if (box.width == size && box.height == size) {
        const std::int64_t row = batch.width * kChannels;
        const View<std::uint8_t> view{photo + box.top * row + box.left * kChannels, row, size};
        Normalize(view, flip, colour, normalization, to);
      } else {
        const at::Tensor resized = Resized(photo, batch, box, size);
        const View<float> view{resized.data_ptr<float>(), size * kChannels, size};
        Normalize(view, flip, colour, normalization, to);
      }
    }
  });
  return images;
}

}  // namespace gillnet
