#pragma once

#include <cstdint>
#include <optional>

#include "kernels.h"
#include "map.h"
#include "memory.h"
#include "winograd_convolution.h"
#include "workers.h"

namespace gillnet::kernels {

struct ConvolutionShape {
  std::int64_t in, out;
  /// Edge of the kernel, and zeros around the input.
  std::int64_t kernel, stride, padding;

  /// Edge of the output.
  std::int64_t Out(std::int64_t edge) const { return (edge + 2 * padding - kernel) / stride + 1; }
};

/// A convolution whose weights are laid out for the kernels, with bias, addition and ReLU. Which way it is computed
/// follows from its shape and the map's, never from the number of photos or threads, and each value is summed in one
/// order: a photo gives the same bits alone and among others.
class Convolution {
 public:
  /// `weights` [out, kernel, kernel, in], each multiplied by its output channel's `scale`; `bias` [out].
  /// `height` and `width` are the output's.
  Convolution(const Kernels& kernels, Workers& workers, const ConvolutionShape& shape, std::int64_t height,
              std::int64_t width, const float* weights, const double* scale, const double* bias);

  /// The output's channels, rounded up to what the kernels write.
  std::int64_t channels() const { return blocks_ * kernels_.block; }

  /// Values that Run needs for itself, for so many photos or fewer.
  std::int64_t Scratch(std::int64_t photos, int threads) const;

  /// `out` and `add` may not overlap with `in`, nor with each other.
  void Run(Workers& workers, const Map& in, const Map& out, const Map* add, bool relu, std::int64_t photos,
           float* scratch) const;

 private:
  void RunDirect(Workers& workers, const Map& in, const Map& out, const Map* add, bool relu, std::int64_t photos) const;

  const Kernels& kernels_;
  ConvolutionShape shape_;
  std::int64_t height_, width_, blocks_;
  /// None for the direct way.
  std::optional<WinogradConvolution> by_winograd_;
  /// [blocks, kernel, kernel · in, block], or [edge², blocks, in, block].
  Memory weights_;
  /// [blocks, block]
  Memory bias_;
};

}  // namespace gillnet::kernels
