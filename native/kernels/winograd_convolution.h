#pragma once

#include <cstdint>

#include "kernels.h"
#include "map.h"
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

 private:
  /// One plane of `tiles` × in by its weights.
  void Multiply(const float* weights, const float* in, std::int64_t tiles, std::int64_t plane, float* out) const;
  std::int64_t Planes() const { return winograd_->edge * winograd_->edge; }
  std::int64_t Tiles(std::int64_t photos) const;
  /// Whether one thread takes some patches through all three parts while they are in its cache.
  bool Together() const;
  /// Patches that it takes, and the most that it may.
  std::int64_t TogetherTiles(std::int64_t photos, int threads) const;
  std::int64_t MostTogether() const;

  /// Never null.
  const Kernels* kernels_;
  const WinogradKernels* winograd_;
  std::int64_t in_, out_, height_, width_;
};

/// The patch of `in` for the tile of the output that begins at `y`, `x`, m + 2 being `edge`.
Patch InputPatch(const Map& in, std::int64_t photo, std::int64_t y, std::int64_t x, int edge);

}  // namespace gillnet::kernels
