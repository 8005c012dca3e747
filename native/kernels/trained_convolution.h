#pragma once

#include <cstdint>
#include <optional>

#include "convolution.h"
#include "kernels.h"
#include "map.h"
#include "winograd_convolution.h"
#include "workers.h"

namespace gillnet::kernels {

/// A 3×3 convolution with stride 1 and padding 1 as training needs it, by Winograd's algorithm: forward, the gradient
/// of the input, which is the same convolution of the output's gradient by the kernel turned by 180°, and the gradient
/// of the weights, which is the forward way's transpose (Lavin and Gray 2016, arXiv:1509.09308, section 3, call it
/// F(3×3, m×m)): over all tiles, products of the transformed input and the transformed gradient of the output.
/// Activations are dense, weights [out, 3, 3, in]. Each value is summed in one order, whatever the number of threads.
class TrainedConvolution {
 public:
  /// None where the processor has no kernels, or the shape needs no fewer products so than directly.
  static std::optional<TrainedConvolution> Of(const ConvolutionShape& shape, std::int64_t photos, std::int64_t height,
                                              std::int64_t width);

  /// `in` and `out` are multiples of the kernels' block.
  TrainedConvolution(const Kernels& kernels, const WinogradKernels& winograd, std::int64_t in, std::int64_t out,
                     std::int64_t photos, std::int64_t height, std::int64_t width);

  /// Values that each of the following needs for itself.
  std::int64_t Scratch(int threads) const;

  void Forward(Workers& workers, const float* weights, const float* in, float* out, float* scratch) const;
  void InputGradient(Workers& workers, const float* weights, const float* out, float* in, float* scratch) const;
  void WeightGradient(Workers& workers, const float* in, const float* out, float* weights, float* scratch) const;

 private:
  /// Of the convolution, or of the one that its input's gradient is.
  void TransformWeights(Workers& workers, const float* weights, bool turned, float* transformed, float* scratch) const;
  /// Dense.
  Map MapOf(const float* data, std::int64_t channels) const;
  /// Both sides of the weights' gradient: → `inputs` [edge², in / block, count, block], `outputs` [edge², count, out].
  void TransformTile(const Map& in, const Map& out, std::int64_t tile, std::int64_t index, std::int64_t count,
                     float* inputs, float* outputs) const;
  /// Of one plane and one block of the input's channels, over all tiles: → `sums` [edge², out, in].
  void MultiplyTiles(std::int64_t product, std::int64_t count, const float* inputs, const float* outputs,
                     bool accumulate, float* sums) const;
  /// Parts of the tiles that are summed up each by one thread, where the sums stay in its cache; else 1.
  std::int64_t SumParts() const;
  /// Tiles that are transformed before they are multiplied.
  std::int64_t AtOnce() const;
  std::int64_t Planes() const { return forward_.Planes(); }
  std::int64_t Tiles() const { return forward_.Tiles(photos_); }

  /// Never null.
  const Kernels* kernels_;
  const WinogradKernels* winograd_;
  std::int64_t in_, out_, photos_, height_, width_;
  WinogradConvolution forward_, backward_;
};

}  // namespace gillnet::kernels
