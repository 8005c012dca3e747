#include "convolution.h"

#include <algorithm>
#include <type_traits>
#include <vector>

#include "tiling.h"

namespace gillnet::kernels {

namespace {

/// The fastest way for one photo, counted in multiplications: a weight that is read from memory costs as much as kWeight
/// of them, and a value that is transformed as kTransformed.
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
    : kernels_(kernels),
      shape_(shape),
      height_(height),
      width_(width),
      blocks_(Parts(shape.out, kernels.block)),
      winograd_(Choose(kernels, shape, height, width)) {
  const std::int64_t planes = winograd_ ? winograd_->edge * winograd_->edge : shape.kernel * shape.kernel;
  weights_ = Allocate(planes * shape.in * channels());
  bias_ = Allocate(channels());
  for (std::int64_t channel = 0; channel < shape.out; ++channel) bias_[channel] = static_cast<float>(bias[channel]);
  Pack(workers, weights, scale);
}

void Convolution::Pack(Workers& workers, const float* weights, const double* scale) {
  const std::int64_t block = kernels_.block, depth = shape_.in;
  const std::int64_t taps = shape_.kernel * shape_.kernel;
  const std::int64_t values = taps * depth * block;
  // Winograd's weights are rounded once, after their transform.
  std::vector<double> folded(winograd_ ? values * workers.threads() : 0);
  workers.Run(blocks_, [&](std::int64_t index, int thread) {
    const std::int64_t channels = std::min(block, shape_.out - index * block);
    const auto fold = [&](auto* to) {
      for (std::int64_t channel = 0; channel < channels; ++channel) {
        const double factor = scale[index * block + channel];
        const float* const from = weights + (index * block + channel) * taps * depth;
        for (std::int64_t place = 0; place < taps * depth; ++place) {
          to[place * block + channel] = static_cast<std::decay_t<decltype(*to)>>(from[place] * factor);
        }
      }
    };
    if (winograd_) {
      double* const own = folded.data() + thread * values;
      fold(own);
      winograd_->weights(own, depth, weights_.get() + index * depth * block, blocks_ * depth * block);
    } else {
      fold(weights_.get() + index * values);
    }
  });
}

void Convolution::Run(Workers& workers, const Map& in, const Map& out, const Map* add, bool relu,
                      std::int64_t photos, float* scratch) const {
  if (winograd_) {
    RunWinograd(workers, in, out, add, relu, photos, scratch);
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
  const Tiling tiling{photos, height_,      width_, blocks_, values * kBytes, shape_.stride * in.row * kBytes,
                      kernels_.run, passes};
  ForTiles(workers, tiling, [&](std::int64_t pass, std::int64_t index, int runs, std::int64_t pixels,
                                const Place* places) {
    const bool last = pass + 1 == passes;
    Tile tile{};
    tile.in_pixel = shape_.stride * in.channels;
    tile.in_row = in.row;
    tile.out_pixel = out.channels;
    tile.add_pixel = add ? add->channels : 0;
    tile.rows = shape_.kernel / passes;
    tile.depth = depth;
    tile.weights = weights_.get() + index * values + pass * row_values;
    tile.bias = last ? bias_.get() + index * block : nullptr;
    tile.accumulate = pass > 0;
    tile.relu = relu && last;
    for (int run = 0; run < runs; ++run) {
      const auto [photo, y, x] = places[run];
      tile.in[run] = in.At(photo, y * shape_.stride - shape_.padding + pass, x * shape_.stride - shape_.padding);
      tile.out[run] = out.At(photo, y, x) + index * block;
      tile.add[run] = add && last ? add->At(photo, y, x) + index * block : nullptr;
    }
    kernels_.tile[runs - 1][pixels - 1](tile);
  });
}

std::int64_t Convolution::Tiles(std::int64_t photos) const {
  const std::int64_t edge = winograd_->edge - 2;
  return photos * Parts(height_, edge) * Parts(width_, edge);
}

bool Convolution::Together() const {
  return winograd_->edge * winograd_->edge * shape_.in * shape_.out <= 3 << 18;
}

std::int64_t Convolution::TogetherTiles(std::int64_t photos, int threads) const {
  // As many tasks for each thread.
  return Parts(Tiles(photos), RoundedUp(Parts(Tiles(photos), MostTogether()), threads));
}

std::int64_t Convolution::MostTogether() const {
  constexpr std::int64_t kBytes = sizeof(float);
  const std::int64_t tile = 2 * kernels_.run * winograd_->edge * winograd_->edge * (shape_.in + shape_.out);
  return std::max<std::int64_t>(1, kNear / kBytes / tile) * 2 * kernels_.run;
}

std::int64_t Convolution::Scratch(std::int64_t photos, int threads) const {
  if (!winograd_) return 0;
  // Fewer photos may be parted into larger tasks.
  const std::int64_t tiles = Together() ? std::min(Tiles(photos), MostTogether()) * threads : Tiles(photos);
  return winograd_->edge * winograd_->edge * (shape_.in + shape_.out) * tiles;
}

/// One plane of `tiles` × in by one block of its weights.
void Convolution::Multiply(const float* in, std::int64_t tiles, std::int64_t plane, std::int64_t block,
                           float* out) const {
  Tile tile{};
  tile.rows = 1;
  tile.depth = tile.in_pixel = shape_.in;
  tile.out_pixel = shape_.out;
  tile.weights = weights_.get() + (plane * blocks_ + block) * shape_.in * kernels_.block;
  const std::int64_t parts = Parts(tiles, 2 * kernels_.run);
  for (std::int64_t part = 0; part < parts; ++part) {
    const std::int64_t first = tiles * part / parts, count = tiles * (part + 1) / parts - first;
    const std::int64_t pixels = (count + 1) / 2;
    // Of an odd number, the one in the middle is computed twice.
    for (const int run : {0, 1}) {
      const std::int64_t begin = first + (run == 0 ? 0 : count - pixels);
      tile.in[run] = in + begin * shape_.in;
      tile.out[run] = out + begin * shape_.out + block * kernels_.block;
    }
    kernels_.tile[count > 1 ? 1 : 0][pixels - 1](tile);
  }
}

void Convolution::RunWinograd(Workers& workers, const Map& in, const Map& out, const Map* add, bool relu,
                              std::int64_t photos, float* scratch) const {
  const std::int64_t edge = winograd_->edge - 2, planes = winograd_->edge * winograd_->edge;
  const std::int64_t across = Parts(width_, edge), down = Parts(height_, edge), tiles = Tiles(photos);
  const auto patch_of = [&](std::int64_t tile) {
    const std::int64_t x = tile % across * edge, y = tile / across % down * edge, photo = tile / across / down;
    Patch patch{};
    patch.in = in.At(photo, y - 1, x - 1);
    patch.in_row = in.row;
    patch.in_pixel = in.channels;
    patch.out = out.At(photo, y, x);
    patch.out_row = out.row;
    patch.out_pixel = out.channels;
    if (add) {
      patch.add = add->At(photo, y, x);
      patch.add_row = add->row;
      patch.add_pixel = add->channels;
    }
    patch.height = height_ - y;
    patch.width = width_ - x;
    patch.bias = bias_.get();
    patch.relu = relu;
    return patch;
  };

  if (Together()) {
    const std::int64_t most = TogetherTiles(photos, workers.threads());
    workers.Run(Parts(tiles, most), [&](std::int64_t task, int thread) {
      const std::int64_t first = task * most, count = std::min(most, tiles - first);
      float* const pixels = scratch + thread * planes * (shape_.in + shape_.out) * most;
      float* const products = pixels + planes * count * shape_.in;
      for (std::int64_t tile = 0; tile < count; ++tile) {
        winograd_->input(patch_of(first + tile), shape_.in, pixels + tile * shape_.in, count * shape_.in);
      }
      for (std::int64_t plane = 0; plane < planes; ++plane) {
        for (std::int64_t block = 0; block < blocks_; ++block) {
          Multiply(pixels + plane * count * shape_.in, count, plane, block, products + plane * count * shape_.out);
        }
      }
      for (std::int64_t tile = 0; tile < count; ++tile) {
        winograd_->output(patch_of(first + tile), shape_.out, products + tile * shape_.out, count * shape_.out);
      }
    });
    return;
  }

  float* const pixels = scratch;
  float* const products = pixels + planes * tiles * shape_.in;
  const std::int64_t parts = std::min<std::int64_t>(tiles, 8 * workers.threads());
  const auto for_tiles = [&](const auto& work) {
    workers.Run(parts, [&](std::int64_t part, int) {
      for (std::int64_t tile = tiles * part / parts; tile < tiles * (part + 1) / parts; ++tile) work(tile);
    });
  };
  for_tiles([&](std::int64_t tile) {
    winograd_->input(patch_of(tile), shape_.in, pixels + tile * shape_.in, tiles * shape_.in);
  });
  workers.Run(planes, [&](std::int64_t plane, int) {
    for (std::int64_t block = 0; block < blocks_; ++block) {
      Multiply(pixels + plane * tiles * shape_.in, tiles, plane, block, products + plane * tiles * shape_.out);
    }
  });
  for_tiles([&](std::int64_t tile) {
    winograd_->output(patch_of(tile), shape_.out, products + tile * shape_.out, tiles * shape_.out);
  });
}

}  // namespace gillnet::kernels
