#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "convolution_pass.h"
#include "fused_pool.h"
#include "network.h"
#include "pass.h"

namespace gillnet {

/// Batch norms over the photos of several processes.
struct OverRanks {
  /// Makes sums over this process's photos the sums over those of all; none where they are all.
  std::function<void(std::vector<double>& sums)> sum;
  /// Whether this process's photos count in those sums.
  bool counted = true;
};

/// One pass of a network in training mode, forward and backward, written out: the network is a fixed list of layers, so
/// that each knows what the next one needs, and nothing is kept or computed that nobody asks for. Layers in front of
/// all trained ones keep nothing.
class TrainingPass {
 public:
  /// `options.dtype`: float32 or bfloat16.
  TrainingPass(const Network& network, const PassOptions& options, OverRanks ranks = {});

  /// float32 [N, 3, H, W] channels_last → logits float32 [N, classes]. The network stays as it is.
  at::Tensor Forward(const at::Tensor& images);

  /// The gradient of the logits → those of the network's parameters, in their layout, where their group is trained:
  /// told in the order in which they are there. Once, after Forward().
  void Backward(const at::Tensor& logits, const OnGradient& on_gradient);

  /// Moves the running statistics of the batch norms by what Forward() saw.
  void MoveStatistics() const;

 private:
  /// A convolution with its batch norm, and what its backward pass needs.
  struct Layer {
    const ConvNorm* made_of;
    ConvolutionPass convolution;
    /// What the convolution gave.
    at::Tensor output;
    Channels mean, inverse_std;
    Affine affine;
    /// Values of a channel that `mean` is of.
    double places;
  };

  struct Block {
    std::vector<Layer> body;
    std::optional<Layer> downsample;
    at::Tensor output;
    /// Whether anything in front of it is trained.
    bool passes_on;
  };

  /// A gradient in two parts, of which the second may be undefined.
  struct Gradient {
    at::Tensor first, second;
  };

  Layer Convolved(const ConvNorm& of, const at::Tensor& input);
  /// Those over all processes, of this one's.
  Moments OverAll(const Moments& own) const;
  /// The same of the sums that the backward pass needs.
  GradientSums OverAll(const GradientSums& own) const;
  at::Tensor ForwardBlock(const ResidualBlock& of, const at::Tensor& input);
  Gradient BackwardBlock(const Block& block, const Gradient& output);
  /// Tells the gradients of the norm's parameters, of this process's sums of g and of g · (x - mean).
  void TellNorm(const Layer& layer, const Channels& gradient, const Channels& product);
  /// The input's, of the sums over all processes.
  InputGradient NormGradient(const Layer& layer, const Channels& gradient, const Channels& product) const;
  /// Tells the gradient of the weight. → the input's, if it is asked for.
  at::Tensor ConvolutionGradient(const Layer& layer, const at::Tensor& output, bool input);

  const Network& network_;
  PassOptions options_;
  OverRanks ranks_;
  /// The first trained group.
  std::size_t lowest_;
  /// Of the norms, in the order of the layers.
  std::vector<std::pair<const ConvNorm*, Moments>> moments_;
  /// What is kept for Backward().
  std::optional<Layer> stem_;
  MaxPooled pooled_;
  std::vector<Block> blocks_;
  std::vector<std::int64_t> features_sizes_;
  at::Tensor features_;
  OnGradient on_gradient_;
};

}  // namespace gillnet
