#include "convolution.h"

#include <algorithm>
#include <type_traits>
#include <vector>

#include "tiling.h"

namespace gillnet::kernels {

namespace {

/// The fastest way for one photo, counted in multiplications: a weight that is read from memory costs as much as
/// kWeight of them, and a value that is transformed as kTransformed.
const WinogradKernels* Choose(const Kernels& kernels, const ConvolutionShape& shape, std::int64_t height,
                              std::int64_t width) {
  constexpr double kWeight = 32, kTransformed = 6;
  if (shape.kernel != 3 || shape.stride != 1 || shape.padding != 1) return nullptr;
  if (shape.in % kernels.block != 0 || shape.out % kernels.block != 0) return nullptr;
  const auto in = static_cast<double>(shape.in), out = static_cast<double>(shape.out);
  const WinogradKernels* best = nullptr;
  double least = 9 * in * out * (static_cast<double>(height * width) + kWeight);
  for (const WinogradKernels* each : {&kernels.winograd2, &kernels.winograd4}) {
    const std::int64_t edge = each->edge - 2;
    const auto tiles = static_cast<double>(Parts(height, edge) * Parts(width, edge));
    const double planes = each->edge * each->edge;
    const double cost = planes * (in * out * (tiles + kWeight) + tiles * (in + out) * kTransformed);
    if (cost < least) {
      least = cost;
      best = each;
    }
  }
  return best;
}

}  // namespace

Convolution::Convolution(const Kernels& kernels, Workers& workers, const ConvolutionShape& shape, std::int64_t height,
                         std::int64_t width, const float* weights, const double* scale, const double* bias)
    : kernels_(kernels), shape_(shape), height_(height), width_(width), blocks_(Parts(shape.out, kernels.block)) {
  const WinogradKernels* const winograd = Choose(kernels, shape, height, width);
  if (winograd) by_winograd_.emplace(kernels, *winograd, shape.in, shape.out, height, width);
  const std::int64_t block = kernels.block, depth = shape.in, taps = shape.kernel * shape.kernel;
  weights_ = Allocate((winograd ? by_winograd_->Planes() : taps) * depth * channels());
  bias_ = Allocate(channels());
  for (std::int64_t channel = 0; channel < shape.out; ++channel) bias_[channel] = static_cast<float>(bias[channel]);
  const std::int64_t values = taps * depth * block;
  // Winograd's weights are rounded once, after their transform.
  std::vector<double> folded(winograd ? values * workers.threads() : 0);
  workers.Run(blocks_, [&](std::int64_t index, int thread) {
    const std::int64_t channels = std::min(block, shape.out - index * block);
    const auto fold = [&](auto* to) {
      for (std::int64_t channel = 0; channel < channels; ++channel) {
        const double factor = scale[index * block + channel];
        const float* const from = weights + (index * block + channel) * taps * depth;
        for (std::int64_t place = 0; place < taps * depth; ++place) {
          to[place * block + channel] = static_cast<std::decay_t<decltype(*to)>>(from[place] * factor);
        }
      }
    };
    if (winograd) {
      double* const own = folded.data() + thread * values;
      fold(own);
      winograd->exact_weights(own, depth, weights_.get() + index * depth * block, blocks_ * depth * block);
    } else {
      fold(weights_.get() + index * values);
    }
  });
}

std::int64_t Convolution::Scratch(std::int64_t photos, int threads) const {
  return by_winograd_ ? by_winograd_->Scratch(photos, threads) : 0;
}

void Convolution::Run(Workers& workers, const Map& in, const Map& out, const Map* add, bool relu, std::int64_t photos,
                      float* scratch) const {
  if (by_winograd_) {
    by_winograd_->Run(workers, weights_.get(), bias_.get(), in, out, add, relu, photos, scratch);
  } else {
    RunDirect(workers, in, out, add, relu, photos);
  }
}

void Convolution::RunDirect(Workers& workers, const Map& in, const Map& out, const Map* add, bool relu,
                            std::int64_t photos) const {
  const std::int64_t block = kernels_.block, depth = shape_.kernel * shape_.in;
  const std::int64_t row_values = depth * block, values = shape_.kernel * row_values;
  constexpr std::int64_t kBytes = sizeof(float);
  // Where one block's weights are more than stays near, each row of the kernel goes over all pixels on its own.
  const std::int64_t passes = values * kBytes > kNear / 2 ? shape_.kernel : 1;
  const Tiling tiling{photos,       height_, width_, blocks_, values * kBytes, shape_.stride * in.row * kBytes,
                      kernels_.run, passes};
  const auto weights_of = [&](const Pass& pass) {
    return weights_.get() + pass.block * values + pass.index * row_values;
  };
  ForTiles(workers, tiling, [&](const OutputTile& part) {
    const auto [pass, index] = part.pass;
    const bool last = pass + 1 == passes;
    Tile tile{};
    tile.in_pixel = shape_.stride * in.channels;
    tile.in_row = in.row;
    tile.in_step = 1;
    tile.out_pixel = out.channels;
    tile.add_pixel = add ? add->channels : 0;
    tile.rows = shape_.kernel / passes;
    tile.depth = depth;
    tile.weights = weights_of(part.pass);
    tile.soon = weights_of(part.next) + part.half * (tile.rows * row_values / 2);
    tile.bias = last ? bias_.get() + index * block : nullptr;
    tile.accumulate = pass > 0;
    tile.relu = relu && last;
    for (int run = 0; run < part.runs; ++run) {
      const auto [photo, y, x] = part.places[run];
      tile.in[run] = in.At(photo, y * shape_.stride - shape_.padding + pass, x * shape_.stride - shape_.padding);
      tile.out[run] = out.At(photo, y, x) + index * block;
      tile.add[run] = add && last ? add->At(photo, y, x) + index * block : nullptr;
    }
    kernels_.tile[part.runs - 1][part.pixels - 1](tile);
  });
}

}  // namespace gillnet::kernels
