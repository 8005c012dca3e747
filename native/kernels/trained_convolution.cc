#include "trained_convolution.h"

#include <algorithm>

#include "tiling.h"

namespace gillnet::kernels {

namespace {

constexpr std::int64_t kTaps = 9;
/// Rows of the weights that are transformed at once.
constexpr std::int64_t kRows = 32;
/// Tiles that one call of the innermost kernel sums over: their values of a block lie in the first-level cache.
constexpr std::int64_t kDepth = 196;

}  // namespace

std::optional<TrainedConvolution> TrainedConvolution::Of(const ConvolutionShape& shape, std::int64_t photos,
                                                         std::int64_t height, std::int64_t width) {
  const Kernels* const best = Best();
  if (!best || shape.kernel != 3 || shape.stride != 1 || shape.padding != 1) return std::nullopt;
  if (shape.in % kRows != 0 || shape.out % kRows != 0) return std::nullopt;
  // The fewest products of a channel; of as many, with the fewer weights.
  const WinogradKernels* fewest = nullptr;
  std::int64_t products = kTaps * height * width;
  for (const WinogradKernels* each : {&best->winograd2, &best->winograd4}) {
    const std::int64_t edge = each->edge - 2;
    const std::int64_t own = each->edge * each->edge * Parts(height, edge) * Parts(width, edge);
    if (own < products) {
      products = own;
      fewest = each;
    }
  }
  if (!fewest) return std::nullopt;
  return TrainedConvolution(*best, *fewest, shape.in, shape.out, photos, height, width);
}

TrainedConvolution::TrainedConvolution(const Kernels& kernels, const WinogradKernels& winograd, std::int64_t in,
                                       std::int64_t out, std::int64_t photos, std::int64_t height, std::int64_t width)
    : kernels_(&kernels),
      winograd_(&winograd),
      in_(in),
      out_(out),
      photos_(photos),
      height_(height),
      width_(width),
      forward_(kernels, winograd, in, out, height, width),
      backward_(kernels, winograd, out, in, height, width) {}

std::int64_t TrainedConvolution::Scratch(int threads) const {
  const std::int64_t weights = Planes() * in_ * out_;
  const std::int64_t both_ways = std::max({kTaps * kRows * kernels_->block * threads,
                                           forward_.Scratch(photos_, threads), backward_.Scratch(photos_, threads)});
  const std::int64_t together = SumParts() > 1 ? threads : 1;
  return std::max(weights + both_ways, weights * SumParts() + Planes() * (in_ + out_) * AtOnce() * together);
}

void TrainedConvolution::Forward(Workers& workers, const float* weights, const float* in, float* out,
                                 float* scratch) const {
  float* const rest = scratch + Planes() * in_ * out_;
  TransformWeights(workers, weights, /*turned=*/false, scratch, rest);
  forward_.Run(workers, scratch, /*bias=*/nullptr, MapOf(in, in_), MapOf(out, out_), /*add=*/nullptr, /*relu=*/false,
               photos_, rest);
}

void TrainedConvolution::InputGradient(Workers& workers, const float* weights, const float* out, float* in,
                                       float* scratch) const {
  float* const rest = scratch + Planes() * in_ * out_;
  TransformWeights(workers, weights, /*turned=*/true, scratch, rest);
  backward_.Run(workers, scratch, /*bias=*/nullptr, MapOf(out, out_), MapOf(in, in_), /*add=*/nullptr, /*relu=*/false,
                photos_, rest);
}

void TrainedConvolution::TransformWeights(Workers& workers, const float* weights, bool turned, float* transformed,
                                          float* scratch) const {
  const std::int64_t block = kernels_->block, depth = turned ? out_ : in_, channels = turned ? in_ : out_;
  const std::int64_t row_step = turned ? kTaps * in_ : 1, channel_step = turned ? 1 : kTaps * in_;
  const std::int64_t parts = depth / kRows;
  workers.Run(channels / block * parts, [&](std::int64_t task, int thread) {
    const std::int64_t index = task / parts, first = task % parts * kRows;
    float* const laid_out = scratch + thread * kTaps * kRows * block;
    for (std::int64_t tap = 0; tap < kTaps; ++tap) {
      const float* const from =
          weights + (turned ? kTaps - 1 - tap : tap) * in_ + index * block * channel_step + first * row_step;
      float* const to = laid_out + tap * kRows * block;
      // The weights side by side are read side by side.
      if (turned) {
        for (std::int64_t row = 0; row < kRows; ++row) std::copy_n(from + row * row_step, block, to + row * block);
      } else {
        for (std::int64_t channel = 0; channel < block; ++channel) {
          for (std::int64_t row = 0; row < kRows; ++row) to[row * block + channel] = from[channel * channel_step + row];
        }
      }
    }
    winograd_->weights(laid_out, kRows, transformed + (index * depth + first) * block, depth * channels);
  });
}

void TrainedConvolution::WeightGradient(Workers& workers, const float* in, const float* out, float* weights,
                                        float* scratch) const {
  const std::int64_t planes = Planes(), tiles = Tiles(), parts = SumParts(), most = AtOnce();
  const std::int64_t products = planes * (in_ / kernels_->block), values = planes * in_ * out_;
  const Map in_map = MapOf(in, in_), out_map = MapOf(out, out_);
  float* const sums = scratch;  // [parts, edge², out, in]
  float* const rest = sums + parts * values;

  const auto sum_up = [&](std::int64_t part, float* transformed, const auto& run) {
    const std::int64_t last = tiles * (part + 1) / parts, begin = tiles * part / parts;
    for (std::int64_t first = begin; first < last; first += most) {
      const std::int64_t count = std::min(most, last - first);
      float* const outputs = transformed + planes * in_ * count;
      run(count, [&](std::int64_t index, int) {
        TransformTile(in_map, out_map, first + index, index, count, transformed, outputs);
      });
      run(products, [&](std::int64_t product, int) {
        MultiplyTiles(product, count, transformed, outputs, first > begin, sums + part * values);
      });
    }
  };
  if (parts == 1) {
    sum_up(0, rest, [&](std::int64_t tasks, const auto& work) { workers.Run(tasks, work); });
  } else {
    workers.Run(parts, [&](std::int64_t part, int thread) {
      sum_up(part, rest + thread * most * planes * (in_ + out_), [&](std::int64_t tasks, const auto& work) {
        for (std::int64_t task = 0; task < tasks; ++task) work(task, thread);
      });
    });
  }

  workers.Run(out_, [&](std::int64_t channel, int) {
    float* const first = sums + channel * in_;
    for (std::int64_t part = 1; part < parts; ++part) {
      for (std::int64_t plane = 0; plane < planes; ++plane) {
        float* const to = first + plane * out_ * in_;
        for (std::int64_t each = 0; each < in_; ++each) to[each] += to[part * values + each];
      }
    }
    winograd_->weights_gradient(first, out_ * in_, in_, weights + channel * kTaps * in_);
  });
}

void TrainedConvolution::TransformTile(const Map& in, const Map& out, std::int64_t tile, std::int64_t index,
                                       std::int64_t count, float* inputs, float* outputs) const {
  const std::int64_t block = kernels_->block, blocks = in_ / block;
  const auto [photo, y, x] = forward_.PlaceOf(tile);
  Patch patch = forward_.InputPatch(in, photo, y, x);
  for (std::int64_t each = 0; each < blocks; ++each, patch.in += block) {
    winograd_->input(patch, block, inputs + (each * count + index) * block, blocks * count * block);
  }
  patch.in = out.At(photo, y, x);
  patch.in_row = out.row;
  patch.in_pixel = out_;
  patch.top = patch.left = 0;
  patch.bottom = height_ - y;
  patch.right = width_ - x;
  winograd_->output_gradient(patch, out_, outputs + index * out_, count * out_);
}

void TrainedConvolution::MultiplyTiles(std::int64_t product, std::int64_t count, const float* inputs,
                                       const float* outputs, bool accumulate, float* sums) const {
  const std::int64_t block = kernels_->block, blocks = in_ / block;
  const std::int64_t plane = product / blocks, first_channel = product % blocks * block;
  Tile tile{};
  tile.rows = tile.in_pixel = 1;
  tile.in_step = out_;
  tile.out_pixel = in_;
  for (std::int64_t first = 0; first < count; first += kDepth) {
    tile.depth = std::min(kDepth, count - first);
    tile.weights = tile.soon = inputs + (product * count + first) * block;
    tile.accumulate = accumulate || first > 0;
    MultiplyRows(*kernels_, tile, outputs + (plane * count + first) * out_, out_,
                 sums + plane * out_ * in_ + first_channel);
  }
}

Map TrainedConvolution::MapOf(const float* data, std::int64_t channels) const {
  const std::int64_t row = width_ * channels;
  // What is only read comes as a map, too.
  return {const_cast<float*>(data), height_, width_, channels, row, height_ * row};
}

std::int64_t TrainedConvolution::SumParts() const {
  // Sums of 1 MB: what is added to them takes as much of a second-level cache again.
  constexpr std::int64_t kParts = 16, kValues = 1 << 18;
  return Planes() * in_ * out_ <= kValues ? std::min(kParts, Tiles()) : 1;
}

std::int64_t TrainedConvolution::AtOnce() const {
  // 4 MB for all threads, or as much as stays near one.
  const std::int64_t near = kNear / static_cast<std::int64_t>(sizeof(float)), all = 1 << 20;
  const std::int64_t tile = Planes() * (in_ + out_);
  return SumParts() > 1 ? std::max<std::int64_t>(1, near / tile)
                        : std::min(Tiles(), RoundedUp(std::max<std::int64_t>(1, all / tile), kDepth));
}

}  // namespace gillnet::kernels
