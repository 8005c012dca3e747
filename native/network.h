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

struct Convolution {
  at::Tensor weight;
  std::int64_t stride;
  std::int64_t padding;

  at::Tensor operator()(const at::Tensor& x) const;
};

struct BatchNorm {
  at::Tensor weight, bias, running_mean, running_var, num_batches_tracked;

  at::Tensor operator()(const at::Tensor& x, bool training) const;
};

struct ConvNorm {
  Convolution convolution;
  BatchNorm norm;

  at::Tensor operator()(const at::Tensor& x, bool training) const {
    return norm(convolution(x), training);
  }
};

/// What is added to the block's input, by way of `downsample` where the shape changes.
struct ResidualBlock {
  std::vector<ConvNorm> body;
  std::optional<ConvNorm> downsample;

  at::Tensor operator()(const at::Tensor& x, bool training) const;
};

/// ResNet (He et al. 2015, arXiv:1512.03385), with torchvision's names, order and initialisation. Weights of
/// convolutions are channels_last.
class Network {
 public:
  /// Without a seed all weights are 0, which takes no time: for a state that follows.
  Network(const Architecture& architecture, std::int64_t classes, std::optional<std::uint64_t> seed);

  /// float32 [N, 3, H, W] channels_last → logits float32 [N, classes]. Training mode normalises by
  /// the batch and moves the running statistics.
  at::Tensor Forward(const at::Tensor& images, bool training) const {
    return Head(Features(images, training));
  }

  /// What the last layer gives of each photo: float32 [N, width, H/32, W/32], edges rounded up.
  at::Tensor Features(const at::Tensor& images, bool training) const;
  /// Features → their mean over the places: float32 [N, width].
  at::Tensor Pooled(const at::Tensor& features) const;
  /// Features → logits.
  at::Tensor Head(const at::Tensor& features) const;

  /// Grad-CAM of the last layer (Selvaraju et al. 2017, arXiv:1610.02391): what speaks for a class, by
  /// place. Pooling and head are linear, so that the gradients are the head's weights over the places.
  /// `classes` int64 [N] → float32 [N, H/32, W/32], 0 or above.
  at::Tensor ClassActivation(const at::Tensor& features, const at::Tensor& classes) const;

  /// Trainable tensors and buffers by torchvision's names, in the order of its state_dict().
  const std::vector<NamedTensor>& State() const { return state_; }
  /// The trainable ones among them.
  const std::vector<NamedTensor>& Parameters() const { return parameters_; }
  /// Batch norm's running statistics and step counts among them.
  const std::vector<NamedTensor>& Buffers() const { return buffers_; }

 private:
  friend class NetworkBuilder;

  ConvNorm stem_;
  std::vector<ResidualBlock> blocks_;
  at::Tensor fc_weight_, fc_bias_;
  std::vector<NamedTensor> state_, parameters_, buffers_;
};

}  // namespace gillnet
