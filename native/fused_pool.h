#pragma once

#include "fused_norm.h"

namespace gillnet {

/*
 * What stands behind the stem's convolution: batch norm, ReLU and max pooling in one pass, and that pass back. As
 * fused_norm.h says of types and of threads; channels come in multiples of 32.
 */

/// max_pool2d(relu(x · scale + shift), 3×3, stride 2, padding 1).
struct MaxPooled {
  at::Tensor output;
  /// x where the maximum was.
  at::Tensor peaks;
  /// uint8, the maximum's place in its window, row by row; 255 where nothing was above 0.
  at::Tensor places;
};
MaxPooled NormReluPool(const at::Tensor& x, const Affine& affine);

/// The gradient of x of NormReluPool, over `x`.
void BackwardPool(const at::Tensor& gradient, const at::Tensor& second, const at::Tensor& places, const at::Tensor& x,
                  const InputGradient& formula);

}  // namespace gillnet
