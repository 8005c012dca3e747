#include "quantized_convolution.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "tiling.h"

namespace gillnet::kernels {

namespace {

/// Rounds a filter's weights to whole numbers as SQuant does (Guo et al. 2022, arXiv:2202.07471, algorithm 1): to the
/// nearest, and then some to the other side, so that the errors of each of its kernels, and those of all, sum up to
/// half a step at most. Activations are 0 or above and those of neighbours alike, so that errors of one sign would add
/// up. `weights` [places, in], in steps, are within the whole numbers that `rounded` [places, in] may hold.
void RoundFilter(const float* weights, std::int64_t places, std::int64_t in, std::int8_t* rounded) {
  // A filter has one kernel [places] for each channel of its input.
  std::vector<float> sums(in, 0.0f);
  const auto error = [&](std::int64_t at) { return static_cast<float>(rounded[at]) - weights[at]; };
  // Of a kernel's weights the one whose error is the largest with that sign goes to the other side.
  const auto flip = [&](std::int64_t kernel, float sign) {
    std::int64_t largest = kernel;
    for (std::int64_t at = kernel; at < places * in; at += in) {
      if (sign * error(at) > sign * error(largest)) largest = at;
    }
    rounded[largest] = static_cast<std::int8_t>(rounded[largest] - static_cast<int>(sign));
    sums[kernel] -= sign;
  };
  for (std::int64_t at = 0; at < places * in; ++at) {
    rounded[at] = static_cast<std::int8_t>(std::lrint(weights[at]));
    sums[at % in] += error(at);
  }
  for (std::int64_t kernel = 0; kernel < in; ++kernel) {
    const float sign = std::copysign(1.0f, sums[kernel]);
    for (long left = std::lrint(std::fabs(sums[kernel])); left > 0; --left) flip(kernel, sign);
  }
  const float sum = std::accumulate(sums.begin(), sums.end(), 0.0f), sign = std::copysign(1.0f, sum);
  std::vector<std::int64_t> kernels(in);
  std::iota(kernels.begin(), kernels.end(), 0);
  std::stable_sort(kernels.begin(), kernels.end(),
                   [&](std::int64_t a, std::int64_t b) { return sign * sums[a] > sign * sums[b]; });
  const long flips = std::lrint(std::fabs(sum));
  for (long place = 0; place < flips; ++place) flip(kernels[place], sign);
}

}  // namespace

QuantizedConvolution::QuantizedConvolution(const QuantizedKernels& kernels, Workers& workers,
                                           const ConvolutionShape& shape, std::int64_t height, std::int64_t width,
                                           const float* weights, const double* scale, const double* bias,
                                           const double* in_zero, double in_scale, double out_scale)
    : kernels_(kernels),
      shape_(shape),
      height_(height),
      width_(width),
      blocks_(Parts(shape.out, kernels.block)),
      depth_(RoundedUp(shape.kernel * shape.in, 4)) {
  const std::int64_t block = kernels.block, row = shape.kernel * shape.in, values = shape.kernel * row;
  const std::int64_t bytes = shape.kernel * depth_ * block;
  weights_ = Allocate(blocks_ * bytes / sizeof(float));
  affine_ = Allocate(2 * blocks_ * block);
  auto* const packed = reinterpret_cast<std::int8_t*>(weights_.get());
  workers.Run(shape.out, [&](std::int64_t channel, int) {
    const float* const from = weights + channel * values;
    float largest = 0;
    for (std::int64_t place = 0; place < values; ++place) largest = std::max(largest, std::fabs(from[place]));
    const float step = largest > 0 ? largest / static_cast<float>(kernels_.limit) : 1.0f;
    std::vector<float> steps(values);
    for (std::int64_t at = 0; at < values; ++at) steps[at] = from[at] / step;
    std::vector<std::int8_t> rounded(values);
    RoundFilter(steps.data(), shape_.kernel * shape_.kernel, shape_.in, rounded.data());
    std::int8_t* const to = packed + channel / block * bytes + channel % block * 4;
    double zeros = 0;
    for (std::int64_t y = 0; y < shape_.kernel; ++y) {
      for (std::int64_t place = 0; place < row; ++place) {
        const std::int8_t weight = rounded[y * row + place];
        to[(y * depth_ + place / 4 * 4) * block + place % 4] = weight;
        if (in_zero) zeros += weight * in_zero[place % shape_.in];
      }
    }
    // The sign of batch norm's scale goes with it, as the weights' steps are those of what is not folded yet.
    const double worth = scale[channel] * step * in_scale;
    affine_[channel] = static_cast<float>(worth / out_scale);
    affine_[blocks_ * block + channel] = static_cast<float>((bias[channel] - worth * zeros) / out_scale);
  });
}

void QuantizedConvolution::Run(Workers& workers, const ByteMap& in, const Operand& out, const Operand& add,
                               float add_scale, bool relu, std::int64_t photos) const {
  const std::int64_t block = kernels_.block, bytes = shape_.kernel * depth_ * block;
  const Tiling tiling{photos, height_, width_, blocks_, bytes, shape_.stride * in.row, kernels_.run, /*passes=*/1};
  const auto* const weights = reinterpret_cast<const std::int8_t*>(weights_.get());
  ForTiles(workers, tiling, [&](const OutputTile& part) {
    const std::int64_t index = part.pass.block;
    QuantizedTile tile{};
    tile.add_scale = add_scale;
    tile.in_pixel = shape_.stride * in.channels;
    tile.in_row = in.row;
    tile.rows = shape_.kernel;
    tile.depth = depth_;
    tile.weights = weights + index * bytes;
    tile.soon = weights + part.next.block * bytes + part.half * (bytes / 2);
    tile.scale = affine_.get() + index * block;
    tile.bias = tile.scale + blocks_ * block;
    tile.relu = relu;
    for (int run = 0; run < part.runs; ++run) {
      const Place& place = part.places[run];
      const std::int64_t y = place.y * shape_.stride - shape_.padding, x = place.x * shape_.stride - shape_.padding;
      tile.in[run] = in.At(place.photo, y, x);
      const auto point = [&](const auto* map, auto& runs, std::int64_t& pixel) {
        if (!map) return;
        runs[run] = map->At(place.photo, place.y, place.x) + index * block;
        pixel = map->channels;
      };
      point(out.bytes, tile.out, tile.out_pixel);
      point(out.floats, tile.out_float, tile.out_pixel);
      point(add.bytes, tile.add, tile.add_pixel);
      point(add.floats, tile.add_float, tile.add_pixel);
    }
    kernels_.tile[part.runs - 1][part.pixels - 1](tile);
  });
}

}  // namespace gillnet::kernels
