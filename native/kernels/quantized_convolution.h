#pragma once

#include <cstdint>

#include "convolution.h"
#include "kernels.h"
#include "memory.h"
#include "workers.h"

namespace gillnet::kernels {

/// Activations as unsigned bytes, each standing for itself times a scale that is known elsewhere.
using ByteMap = MapOf<std::uint8_t>;

/// What a quantized convolution adds to its result, and where it goes: bytes, or floats where `bytes` is null.
struct Operand {
  const ByteMap* bytes = nullptr;
  const Map* floats = nullptr;
};

/// A convolution of bytes. Weights are rounded by RoundFilter, each output channel's largest being the kernels' limit.
class QuantizedConvolution {
 public:
  /// As Convolution; `in_zero` [in] is what stands for 0 in each channel of the input and around it, null for 0 itself.
  /// `in_scale` and `out_scale` are what a step of the input's and the output's bytes is worth, 1 for an output in
  /// floats.
  QuantizedConvolution(const QuantizedKernels& kernels, Workers& workers, const ConvolutionShape& shape,
                       std::int64_t height, std::int64_t width, const float* weights, const double* scale,
                       const double* bias, const double* in_zero, double in_scale, double out_scale);

  /// `add_scale` is what a step of `add` is worth, in steps of the output.
  void Run(Workers& workers, const ByteMap& in, const Operand& out, const Operand& add, float add_scale, bool relu,
           std::int64_t photos) const;

 private:
  const QuantizedKernels& kernels_;
  ConvolutionShape shape_;
  std::int64_t height_, width_, blocks_;
  /// Values of a row of the kernel, rounded up to 4.
  std::int64_t depth_;
  /// Bytes [blocks, kernel, depth / 4, block, 4].
  Memory weights_;
  /// [2, blocks, block]: scales, biases.
  Memory affine_;
};

}  // namespace gillnet::kernels
