#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "../network.h"
#include "../pass.h"

namespace gillnet::plain {

/// One pass of a network in training mode, forward and backward, by LibTorch's operations alone, none of which reads a
/// value back: what TrainingPass does for the processor, on any device.
class TrainingPass {
 public:
  TrainingPass(const Network& network, const PassOptions& options);

  /// float32 [N, 3, H, W] channels_last → logits float32 [N, classes]. The network stays as it is.
  at::Tensor Forward(const at::Tensor& images);

  /// The gradient of the logits → those of the network's parameters where their group is trained: told in the order in
  /// which they are there. Once, after Forward().
  void Backward(const at::Tensor& logits, const OnGradient& on_gradient);

  /// Moves the running statistics of the batch norms by what Forward() saw, where `counts`, bool [], holds.
  void MoveStatistics(const at::Tensor& counts) const;

 private:
  /// A convolution with its batch norm, and what its backward pass needs.
  struct Layer {
    const ConvNorm* made_of;
    at::Tensor input, weight, convolved;
    /// What the norm keeps for itself.
    at::Tensor mean, inverse_std, reserve;
    std::int64_t kind = 0;
    at::Tensor output;
  };

  struct Block {
    std::vector<Layer> body;
    std::optional<Layer> downsample;
    at::Tensor output;
  };

  Layer Normed(const ConvNorm& of, const at::Tensor& input);
  at::Tensor ForwardBlock(const ResidualBlock& of, const at::Tensor& input);
  /// `gradient` of the layer's output, without what follows it → of its input, where it is asked for.
  at::Tensor BackwardLayer(const Layer& layer, const at::Tensor& gradient, bool input);
  at::Tensor BackwardBlock(const Block& block, const at::Tensor& gradient, bool input);

  const Network& network_;
  PassOptions options_;
  /// The first trained group.
  std::size_t lowest_;
  std::optional<Layer> stem_;
  at::Tensor peaks_;
  std::vector<Block> blocks_;
  std::vector<std::int64_t> features_sizes_;
  at::Tensor features_;
  /// Of all norms, as their statistics need them.
  struct Seen {
    const BatchNorm* norm;
    at::Tensor mean, inverse_std;
    double values;
  };
  std::vector<Seen> seen_;
  OnGradient on_gradient_;
};

}  // namespace gillnet::plain
