#include "quantized_convolution.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "rounding.h"
#include "tiling.h"

namespace gillnet::kernels {

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
      const auto [photo, y, x] = part.places[run];
      tile.in[run] = in.At(photo, y * shape_.stride - shape_.padding, x * shape_.stride - shape_.padding);
      if (out.bytes) {
        tile.out[run] = out.bytes->At(photo, y, x) + index * block;
        tile.out_pixel = out.bytes->channels;
      } else {
        tile.out_float[run] = out.floats->At(photo, y, x) + index * block;
        tile.out_pixel = out.floats->channels;
      }
      if (add.bytes) {
        tile.add[run] = add.bytes->At(photo, y, x) + index * block;
        tile.add_pixel = add.bytes->channels;
      } else if (add.floats) {
        tile.add_float[run] = add.floats->At(photo, y, x) + index * block;
        tile.add_pixel = add.floats->channels;
      }
    }
    kernels_.tile[part.runs - 1][part.pixels - 1](tile);
  });
}

}  // namespace gillnet::kernels
