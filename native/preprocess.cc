#include "preprocess.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <vector>

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
at::Tensor Resized(const std::uint8_t* photo, const Batch& batch, const Box& box, std::int64_t size) {
  const std::int64_t row = batch.width * kChannels;
  // LibTorch only reads through the pointer.
  auto* first = const_cast<std::uint8_t*>(photo + box.top * row + box.left * kChannels);
  const at::Tensor pixels =
      at::from_blob(first, {1, kChannels, box.height, box.width}, {0, 1, row, kChannels}, at::kByte);
  const at::Tensor planes = pixels.to(at::kFloat, false, true, at::MemoryFormat::Contiguous);
  const bool fits = box.width == size && box.height == size;
  const at::Tensor resized = fits ? planes : at::_upsample_bilinear2d_aa(planes, {size, size}, /*align_corners=*/false);
  return resized.squeeze(0).permute({1, 2, 0}).contiguous();
}

/// ITU-R BT.601, as PIL's convert("L").
float GreyOf(const float* pixel) { return 0.299f * pixel[0] + 0.587f * pixel[1] + 0.114f * pixel[2]; }

/// Multiplies brightness, contrast and saturation by the factors, as torchvision's ColorJitter does in the order in
/// which it lists them, and limits what comes of all three to 0…255. float32 [size, size, 3].
void ChangeColours(const at::Tensor& photo, const float* factors) {
  const float brightness = factors[0], contrast = factors[1], saturation = factors[2];
  float* const first = photo.data_ptr<float>();
  float* const last = first + photo.numel();
  double sum = 0;
  for (const float* pixel = first; pixel < last; pixel += kChannels) sum += GreyOf(pixel);
  const auto mean = static_cast<float>(sum * kChannels / static_cast<double>(photo.numel()));
  // All are linear, and so is what they come to.
  const float gain = brightness * contrast;
  const float own = gain * saturation, grey = gain * (1 - saturation), shift = brightness * (1 - contrast) * mean;
  for (float* pixel = first; pixel < last; pixel += kChannels) {
    const float base = grey * GreyOf(pixel) + shift;
    for (std::int64_t channel = 0; channel < kChannels; ++channel) {
      pixel[channel] = std::clamp(own * pixel[channel] + base, 0.0f, 255.0f);
    }
  }
}

/// `value(pixels[place], place)` for each place of `pixels` [width, 3], which are mirrored first where `flip` says so.
/// Plain, so that compilers vectorise it.
template <typename From, typename To, typename Value>
void MapRow(const From* pixels, bool flip, std::int64_t width, const Value& value, To* to) {
  const std::int64_t values = width * kChannels;
  if (!flip) {
    for (std::int64_t i = 0; i < values; ++i) to[i] = value(pixels[i], i);
    return;
  }
  for (std::int64_t i = 0; i < values; ++i) {
    const std::int64_t mirrored = values - kChannels - i + 2 * (i % kChannels);
    to[i] = value(pixels[mirrored], i);
  }
}

/// Calls read(pixels, flip) for one photo's rows from `top` to before `bottom`: `pixels` [size, 3], bytes as they came
/// or floats in 0…255.
template <typename Read>
void ForRows(const Batch& batch, std::int64_t index, std::int64_t size, std::int64_t top, std::int64_t bottom,
             const Read& read) {
  const std::uint8_t* photo = batch.pixels + index * batch.height * batch.width * kChannels;
  const Box box = BoxOf(batch, index);
  const bool flip = batch.flips && batch.flips[index] != 0;
  if (box.width == size && box.height == size && !batch.colours) {
    const std::int64_t stride = batch.width * kChannels;
    const std::uint8_t* const first = photo + box.top * stride + box.left * kChannels;
    for (std::int64_t y = top; y < bottom; ++y) read(first + y * stride, flip);
  } else {
    const at::Tensor resized = Resized(photo, batch, box, size);
    if (batch.colours) ChangeColours(resized, batch.colours + index * kChannels);
    const float* const first = resized.data_ptr<float>();
    for (std::int64_t y = top; y < bottom; ++y) read(first + y * size * kChannels, flip);
  }
}

std::uint8_t ByteOf(std::uint8_t value) { return value; }
std::uint8_t ByteOf(float value) { return static_cast<std::uint8_t>(std::clamp(value + 0.5f, 0.0f, 255.0f)); }

}  // namespace

bool NeedsWholePhotos(const Batch& batch, std::int64_t size) {
  if (batch.colours) return true;
  for (std::int64_t index = 0; index < batch.count; ++index) {
    const Box box = BoxOf(batch, index);
    if (box.width != size || box.height != size) return true;
  }
  return false;
}

void PreprocessRows(const Batch& batch, std::int64_t index, std::int64_t size, const Normalization& normalization,
                    std::int64_t top, std::int64_t bottom, float* to, std::int64_t row) {
  std::vector<float> scale(size * kChannels), shift(size * kChannels);
  for (std::size_t place = 0; place < scale.size(); ++place) {
    const std::size_t channel = place % kChannels;
    scale[place] = 1.0f / (255.0f * normalization.std[channel]);
    shift[place] = -normalization.mean[channel] / normalization.std[channel];
  }
  ForRows(batch, index, size, top, bottom, [&](const auto* pixels, bool flip) {
    const auto normalized = [&](float value, std::int64_t place) { return value * scale[place] + shift[place]; };
    MapRow(pixels, flip, size, normalized, to);
    to += row;
  });
}

void PixelRows(const Batch& batch, std::int64_t index, std::int64_t size, std::int64_t top, std::int64_t bottom,
               std::uint8_t* to, std::int64_t row) {
  ForRows(batch, index, size, top, bottom, [&](const auto* pixels, bool flip) {
    MapRow(pixels, flip, size, [](auto value, std::int64_t) { return ByteOf(value); }, to);
    to += row;
  });
}

at::Tensor Preprocess(const Batch& batch, std::int64_t size, const Normalization& normalization) {
  const at::Tensor images = at::empty({batch.count, kChannels, size, size},
                                      at::TensorOptions(at::kFloat).memory_format(at::MemoryFormat::ChannelsLast));
  float* const output = images.data_ptr<float>();
  const std::int64_t row = size * kChannels;
  at::parallel_for(0, batch.count, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t index = begin; index < end; ++index) {
      PreprocessRows(batch, index, size, normalization, 0, size, output + index * size * row, row);
    }
  });
  return images;
}

}  // namespace gillnet
