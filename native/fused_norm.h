#pragma once

#include <ATen/ATen.h>

#include <vector>

namespace gillnet {

/*
 * Batch norm (Ioffe & Szegedy 2015, arXiv:1502.03167) with what stands around it in a ResNet, forward and backward, in
 * as few passes over memory as the sums in between allow. Activations are float32 or bfloat16 [N, C, H, W],
 * channels_last and dense; arithmetic is float32, sums across chunks float64. Results do not depend on the number of
 * threads.
 */

/// One value per channel.
using Channels = std::vector<float>;

/// What a batch norm does to a channel: x · scale + shift.
struct Affine {
  Channels scale, shift;
};

/// Mean and biased variance over all but the channels, of as many values each.
struct Moments {
  std::vector<double> mean, variance;
  double values = 0;
};
Moments MomentsOf(const at::Tensor& x);

/// relu(x · scale + shift + addend) into `output`, which may be `x`. `addend` may be undefined, and is taken as it is
/// unless it has an affine of its own.
void NormRelu(const at::Tensor& x, const Affine& affine, const at::Tensor& addend, const Affine* addend_affine,
              const at::Tensor& output);

/// Sums over all but the channels that the backward pass needs, of the gradient g of what ReLU got.
struct GradientSums {
  Channels gradient;
  /// Of g · (x - mean).
  Channels product;
  /// Of g · (addend - its mean), where there is one.
  Channels addend_product;
};

/// Of relu(x · scale + shift) with the output's gradient, which may come in two parts.
GradientSums SumsOf(const at::Tensor& gradient, const at::Tensor& second, const at::Tensor& x, const Affine& affine,
                    const Channels& mean);

/// Of a residual block's end, relu(norm(x) + addend) = `output`. Overwrites `gradient` with g. `addend` is defined
/// where it has a norm of its own.
GradientSums ResidualSumsOf(const at::Tensor& gradient, const at::Tensor& second, const at::Tensor& output,
                            const at::Tensor& x, const Channels& mean, const at::Tensor& addend,
                            const Channels& addend_mean);

/// The gradient of x is g · gradient + x · x + constant.
struct InputGradient {
  Channels gradient, x, constant;
};

/// The gradient of x: from g, over `x`; with an affine from that of relu(x · scale + shift), over `gradient`.
void BackwardNorm(const at::Tensor& gradient, const at::Tensor& x, const Affine* affine, const InputGradient& formula);

}  // namespace gillnet
