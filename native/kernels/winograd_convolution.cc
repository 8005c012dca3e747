#include "winograd_convolution.h"

#include <algorithm>

namespace gillnet::kernels {

Place WinogradConvolution::PlaceOf(std::int64_t tile) const {
  const std::int64_t edge = winograd_->edge - 2, row = tile / across_;
  return {row / down_, row % down_ * edge, tile % across_ * edge};
}

Patch WinogradConvolution::InputPatch(const Map& in, std::int64_t photo, std::int64_t y, std::int64_t x) const {
  Patch patch{};
  patch.in = in.At(photo, y - 1, x - 1);
  patch.in_row = in.row;
  patch.in_pixel = in.channels;
  patch.top = y == 0 ? 1 : 0;
  patch.left = x == 0 ? 1 : 0;
  patch.bottom = std::min<std::int64_t>(winograd_->edge, in.height + 1 - y);
  patch.right = std::min<std::int64_t>(winograd_->edge, in.width + 1 - x);
  return patch;
}

bool WinogradConvolution::Together() const { return Planes() * in_ * out_ <= 3 << 18; }

std::int64_t WinogradConvolution::MostTogether() const {
  constexpr std::int64_t kBytes = sizeof(float);
  const std::int64_t tile = 2 * kernels_->run * Planes() * (in_ + out_);
  return std::max<std::int64_t>(1, kNear / kBytes / tile) * 2 * kernels_->run;
}

std::int64_t WinogradConvolution::Scratch(std::int64_t photos, int threads) const {
  const std::int64_t tiles = Together() ? std::min(Tiles(photos), MostTogether()) * threads : Tiles(photos);
  return Planes() * (in_ + out_) * tiles;
}

void WinogradConvolution::Multiply(const float* weights, const float* in, std::int64_t tiles, std::int64_t plane,
                                   float* out) const {
  const std::int64_t block = kernels_->block;
  Tile tile{};
  tile.rows = tile.in_step = 1;
  tile.depth = tile.in_pixel = in_;
  tile.out_pixel = out_;
  for (std::int64_t first = 0; first < out_; first += block) {
    tile.weights = weights + (plane * out_ + first) * in_;
    const bool last = plane + 1 == Planes() && first + block == out_;
    tile.soon = tile.weights + (last ? 0 : in_ * block);
    MultiplyRows(*kernels_, tile, in, tiles, out + first);
  }
}

void WinogradConvolution::Run(Workers& workers, const float* weights, const float* bias, const Map& in, const Map& out,
                              const Map* add, bool relu, std::int64_t photos, float* scratch) const {
  const std::int64_t planes = Planes(), tiles = Tiles(photos);
  const auto patch_of = [&](std::int64_t tile) {
    const auto [photo, y, x] = PlaceOf(tile);
    Patch patch = InputPatch(in, photo, y, x);
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
    patch.bias = bias;
    patch.relu = relu;
    return patch;
  };

  if (Together()) {
    // Whole runs, and several tasks for each thread.
    const std::int64_t wanted = RoundedUp(Parts(tiles, 8 * workers.threads()), 2 * kernels_->run);
    const std::int64_t most = std::min({wanted, tiles, MostTogether()});
    workers.Run(Parts(tiles, most), [&](std::int64_t task, int thread) {
      const std::int64_t first = task * most, count = std::min(most, tiles - first);
      float* const pixels = scratch + thread * planes * (in_ + out_) * most;
      float* const products = pixels + planes * count * in_;
      for (std::int64_t tile = 0; tile < count; ++tile) {
        winograd_->input(patch_of(first + tile), in_, pixels + tile * in_, count * in_);
      }
      for (std::int64_t plane = 0; plane < planes; ++plane) {
        Multiply(weights, pixels + plane * count * in_, count, plane, products + plane * count * out_);
      }
      for (std::int64_t tile = 0; tile < count; ++tile) {
        winograd_->output(patch_of(first + tile), out_, products + tile * out_, count * out_);
      }
    });
    return;
  }

  float* const pixels = scratch;
  float* const products = pixels + planes * tiles * in_;
  const std::int64_t parts = std::min<std::int64_t>(tiles, 8 * workers.threads());
  const auto for_tiles = [&](const auto& work) {
    workers.Run(parts, [&](std::int64_t part, int) {
      for (std::int64_t tile = tiles * part / parts; tile < tiles * (part + 1) / parts; ++tile) work(tile);
    });
  };
  for_tiles([&](std::int64_t tile) { winograd_->input(patch_of(tile), in_, pixels + tile * in_, tiles * in_); });
  workers.Run(planes, [&](std::int64_t plane, int) {
    Multiply(weights, pixels + plane * tiles * in_, tiles, plane, products + plane * tiles * out_);
  });
  for_tiles([&](std::int64_t tile) { winograd_->output(patch_of(tile), out_, products + tile * out_, tiles * out_); });
}

}  // namespace gillnet::kernels
