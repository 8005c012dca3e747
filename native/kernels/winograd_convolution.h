#pragma once

#include <cstdint>

#include "kernels.h"
#include "map.h"
#include "tiling.h"
#include "workers.h"

namespace gillnet::kernels {

/// A 3×3 convolution with stride 1 and padding 1 by Winograd's algorithm, of weights that are transformed already. Each
/// value is summed in one order, whatever the number of photos or threads.
class WinogradConvolution {
 public:
  /// `in` and `out` are multiples of the kernels' block; `height` and `width` are the map's.
  WinogradConvolution(const Kernels& kernels, const WinogradKernels& winograd, std::int64_t in, std::int64_t out,
                      std::int64_t height, std::int64_t width)
      : kernels_(&kernels), winograd_(&winograd), in_(in), out_(out), height_(height), width_(width) {}

  /// Values that Run needs for itself, for so many photos or fewer.
  std::int64_t Scratch(std::int64_t photos, int threads) const;

  /// `weights` [edge², out / block, in, block]. `out` and `add` may not overlap with `in`, nor with each other; `add`
  /// and `bias` may be null.
  void Run(Workers& workers, const float* weights, const float* bias, const Map& in, const Map& out, const Map* add,
           bool relu, std::int64_t photos, float* scratch) const;

  /// Tiles of the output, of m × m pixels, and where one begins.
  std::int64_t Tiles(std::int64_t photos) const { return photos * down_ * across_; }
  Place PlaceOf(std::int64_t tile) const;
  /// The patch of `in` for the tile at a place.
  Patch InputPatch(const Map& in, std::int64_t photo, std::int64_t y, std::int64_t x) const;
  std::int64_t Planes() const { return winograd_->edge * winograd_->edge; }

 private:
  /// One plane of `tiles` × in by its weights.
  void Multiply(const float* weights, const float* in, std::int64_t tiles, std::int64_t plane, float* out) const;
  /// Whether one thread takes some patches through all three parts while they are in its cache.
  bool Together() const;
  /// The most that it may take.
  std::int64_t MostTogether() const;

  /// Never null.
  const Kernels* kernels_;
  const WinogradKernels* winograd_;
  std::int64_t in_, out_, height_, width_;
  std::int64_t across_ = Parts(width_, winograd_->edge - 2), down_ = Parts(height_, winograd_->edge - 2);
};

}  // namespace gillnet::kernels
