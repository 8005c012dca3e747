#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "architecture.h"

namespace gillnet {

using NamedTensor = std::pair<std::string, at::Tensor>;

struct Parameter {
  std::string name;
  at::Tensor tensor;
  /// Below kGroups.
  std::size_t group;
};

/// torchvision's defaults, which are PyTorch's.
constexpr double kBatchNormMomentum = 0.1;
constexpr double kBatchNormEpsilon = 1e-5;

struct Convolution {
  at::Tensor weight;
  std::int64_t stride;
  std::int64_t padding;

  at::Tensor operator()(const at::Tensor& x) const;
};

struct BatchNorm {
  at::Tensor weight, bias, running_mean, running_var, num_batches_tracked;

  /// By the running statistics.
  at::Tensor operator()(const at::Tensor& x) const;

  /// What it does in inference mode, per channel: x · scale + shift.
  struct Affine {
    std::vector<double> scale, shift;
  };
  Affine AsAffine() const;
};

struct ConvNorm {
  Convolution convolution;
  BatchNorm norm;
  /// The place of the convolution's weight among the network's parameters; the norm's weight and bias follow it.
  std::size_t parameter;
  std::size_t group;

  at::Tensor operator()(const at::Tensor& x) const { return norm(convolution(x)); }
};

/// What is added to the block's input, by way of `downsample` where the shape changes.
struct ResidualBlock {
  std::vector<ConvNorm> body;
  std::optional<ConvNorm> downsample;

  at::Tensor operator()(const at::Tensor& x) const;
};

/// ResNet (He et al. 2015, arXiv:1512.03385), with torchvision's names, order and initialisation. Weights of
/// convolutions are channels_last.
class Network {
 public:
  /// Without a seed all weights are 0, which takes no time: for a state that follows. Those of a seed are the same on
  /// every device.
  Network(const Architecture& architecture, std::int64_t classes, std::optional<std::uint64_t> seed,
          at::Device device = at::kCPU);

  /// float32 [N, 3, H, W] channels_last → what the last layer gives of each photo: float32 [N, width, H/32, W/32],
  /// edges rounded up.
  at::Tensor Features(const at::Tensor& images) const;
  /// Features → their mean over the places: float32 [N, width].
  at::Tensor Pooled(const at::Tensor& features) const;
  /// Features → logits.
  at::Tensor Head(const at::Tensor& features) const;

  /// Grad-CAM of the last layer (Selvaraju et al. 2017, arXiv:1610.02391): what speaks for a class, by
  /// place. Pooling and head are linear, so that the gradients are the head's weights over the places.
  /// `classes` int64 [N] → float32 [N, H/32, W/32], 0 or above.
  at::Tensor ClassActivation(const at::Tensor& features, const at::Tensor& classes) const;

  const ConvNorm& Stem() const { return stem_; }
  const std::vector<ResidualBlock>& Blocks() const { return blocks_; }
  /// float32 [classes, width] and [classes]
  const at::Tensor& HeadWeight() const { return fc_weight_; }
  const at::Tensor& HeadBias() const { return fc_bias_; }

  /// Trainable tensors and buffers by torchvision's names, in the order of its state_dict().
  const std::vector<NamedTensor>& State() const { return state_; }
  /// The trainable ones among them.
  const std::vector<Parameter>& Parameters() const { return parameters_; }

 private:
  friend class NetworkBuilder;

  ConvNorm stem_;
  std::vector<ResidualBlock> blocks_;
  at::Tensor fc_weight_, fc_bias_;
  std::vector<NamedTensor> state_;
  std::vector<Parameter> parameters_;
};

}  // namespace gillnet
