#pragma once

#include <array>
#include <vector>

#include "inference.h"
#include "kernels/quantized_convolution.h"

namespace gillnet {

/// A network in 8-bit integers, statically quantized after training (Jacob et al. 2018, arXiv:1712.05877): weights
/// per output channel, activations per tensor, each from 0 to what was calibrated; pixels are bytes as they come. The
/// shortcuts that change the shape, the last layer's result, pooling and head stay float32.
class QuantizedNetwork final : public CompiledNetwork {
 public:
  /// `maxima` [steps]: the largest value of each step's result that is told apart. Throws InvalidArgument for another
  /// number of them, or one that is no finite number above 0.
  QuantizedNetwork(const Network& network, std::int64_t size, const Normalization& normalization,
                   const std::vector<float>& maxima);

 private:
  void Reserve(std::int64_t photos) override;
  const kernels::Map& Forward(const Batch& batch, std::int64_t first, std::int64_t photos) override;
  /// Whether a step's result stays in floats.
  bool IsFloat(std::size_t index) const { return !plan_.steps[index].relu || index + 1 == plan_.steps.size(); }

  struct Layer {
    kernels::QuantizedConvolution convolution;
    float add_scale;
    bool adds_floats;
  };
  std::vector<Layer> layers_;
  /// The pixel that normalisation makes 0; the zeros around the input are the nearest to it.
  std::array<double, 3> zero_;
  /// Of each activation; one may be written as both, one after the other.
  std::vector<kernels::Memory> byte_memory_, float_memory_;
  std::vector<kernels::ByteMap> bytes_;
  std::vector<kernels::Map> floats_;
  std::int64_t reserved_ = 0;
};

}  // namespace gillnet
