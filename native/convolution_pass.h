#pragma once

#include <ATen/ATen.h>

#include <optional>

#include "kernels/trained_convolution.h"
#include "network.h"

namespace gillnet {

/// One pass of a convolution in training, forward and backward. Activations are channels_last and dense, float32 or
/// bfloat16. 3×3 convolutions with stride 1 in float32 have kernels of their own; all others are LibTorch's.
class ConvolutionPass {
 public:
  /// Computes in the dtype of `input`.
  ConvolutionPass(const Convolution& of, const at::Tensor& input);

  at::Tensor Output() const;

  /// Undefined where they are not asked for. The input's is channels_last.
  struct Gradients {
    at::Tensor input, weight;
  };
  Gradients Backward(const at::Tensor& output, bool input, bool weight) const;

 private:
  at::Tensor Scratch() const;

  /// In the dtype of the input.
  Convolution convolution_;
  at::Tensor input_;
  std::optional<kernels::TrainedConvolution> own_;
};

}  // namespace gillnet
