#include "network.h"

#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

namespace gillnet {

namespace {

/// torchvision's defaults, which are PyTorch's.
constexpr double kBatchNormMomentum = 0.1;
constexpr double kBatchNormEpsilon = 1e-5;

constexpr std::int64_t kStemChannels = 64;

}  // namespace

/// Makes tensors in the order of torchvision's modules and registers each under its name.
class NetworkBuilder {
 public:
  NetworkBuilder(Network& network, std::uint64_t seed)
      : network_(network), generator_(at::make_generator<at::CPUGeneratorImpl>(seed)) {}

  /// kaiming_normal_(mode="fan_out", nonlinearity="relu"), as torchvision's ResNet.
  Convolution Conv(const std::string& name, std::int64_t in, std::int64_t out, std::int64_t kernel,
                   std::int64_t stride, std::int64_t padding) {
    const double std = std::sqrt(2.0 / static_cast<double>(out * kernel * kernel));
    at::Tensor weight = at::empty({out, in, kernel, kernel});
    weight.normal_(0.0, std, generator_);
    return {Parameter(name + ".weight", weight.contiguous(at::MemoryFormat::ChannelsLast)), stride,
            padding};
  }

  BatchNorm Norm(const std::string& name, std::int64_t channels) {
    BatchNorm norm;
    norm.weight = Parameter(name + ".weight", at::ones({channels}));
    norm.bias = Parameter(name + ".bias", at::zeros({channels}));
    norm.running_mean = Buffer(name + ".running_mean", at::zeros({channels}));
    norm.running_var = Buffer(name + ".running_var", at::ones({channels}));
    norm.num_batches_tracked =
        Buffer(name + ".num_batches_tracked", at::zeros({}, at::TensorOptions(at::kLong)));
    return norm;
  }

  BasicBlock Block(const std::string& name, std::int64_t in, std::int64_t out, std::int64_t stride) {
    BasicBlock block;
    block.conv1 = Conv(name + ".conv1", in, out, 3, stride, 1);
    block.bn1 = Norm(name + ".bn1", out);
    block.conv2 = Conv(name + ".conv2", out, out, 3, 1, 1);
    block.bn2 = Norm(name + ".bn2", out);
    if (stride != 1 || in != out) {
      Convolution shortcut = Conv(name + ".downsample.0", in, out, 1, stride, 0);
      block.downsample.emplace_back(shortcut, Norm(name + ".downsample.1", out));
    }
    return block;
  }

  /// torch.nn.Linear's own initialisation: uniform within ±1/√in for weight and bias.
  void Head(std::int64_t in, std::int64_t classes) {
    const double bound = 1.0 / std::sqrt(static_cast<double>(in));
    at::Tensor weight = at::empty({classes, in});
    at::Tensor bias = at::empty({classes});
    weight.uniform_(-bound, bound, generator_);
    bias.uniform_(-bound, bound, generator_);
    network_.fc_weight_ = Parameter("fc.weight", weight);
    network_.fc_bias_ = Parameter("fc.bias", bias);
  }

 private:
  at::Tensor Parameter(const std::string& name, at::Tensor tensor) {
    tensor.set_requires_grad(true);
    network_.parameters_.emplace_back(name, tensor);
    network_.state_.emplace_back(name, tensor);
    return tensor;
  }

  at::Tensor Buffer(const std::string& name, at::Tensor tensor) {
    network_.buffers_.emplace_back(name, tensor);
    network_.state_.emplace_back(name, tensor);
    return tensor;
  }

  Network& network_;
  at::Generator generator_;
};

Network::Network(const BlockCounts& blocks, std::int64_t classes, std::uint64_t seed) {
  NetworkBuilder build(*this, seed);
  conv1_ = build.Conv("conv1", 3, kStemChannels, 7, 2, 3);
  bn1_ = build.Norm("bn1", kStemChannels);
  std::int64_t channels = kStemChannels;
  for (std::size_t layer = 0; layer < blocks.size(); ++layer) {
    const std::int64_t out = kStemChannels << layer;
    for (int index = 0; index < blocks[layer]; ++index) {
      const std::int64_t stride = layer > 0 && index == 0 ? 2 : 1;
      const std::string name = "layer" + std::to_string(layer + 1) + "." + std::to_string(index);
      blocks_.push_back(build.Block(name, channels, out, stride));
      channels = out;
    }
  }
  build.Head(channels, classes);
}

at::Tensor Network::Features(const at::Tensor& images, bool training) const {
  at::Tensor x = bn1_(conv1_(images), training).relu_();
  x = at::max_pool2d(x, {3, 3}, {2, 2}, {1, 1});
  for (const BasicBlock& block : blocks_) x = block(x, training);
  return x;
}

at::Tensor Network::Pooled(const at::Tensor& features) const {
  return at::adaptive_avg_pool2d(features, {1, 1}).flatten(1);
}

at::Tensor Network::Head(const at::Tensor& features) const {
  return at::linear(Pooled(features), fc_weight_, fc_bias_);
}

at::Tensor Network::ClassActivation(const at::Tensor& features, const at::Tensor& classes) const {
  const auto places = static_cast<double>(features.size(2) * features.size(3));
  const at::Tensor weights = fc_weight_.index_select(0, classes).div(places);
  return features.mul(weights.unsqueeze(2).unsqueeze(3)).sum(1).relu_();
}

at::Tensor Convolution::operator()(const at::Tensor& x) const {
  return at::conv2d(x, weight, {}, {stride, stride}, {padding, padding});
}

at::Tensor BatchNorm::operator()(const at::Tensor& x, bool training) const {
  if (training) num_batches_tracked.add_(1);
  return at::batch_norm(x, weight, bias, running_mean, running_var, training, kBatchNormMomentum,
                        kBatchNormEpsilon, /*cudnn_enabled=*/false);
}

at::Tensor BasicBlock::operator()(const at::Tensor& x, bool training) const {
  at::Tensor y = bn1(conv1(x), training).relu_();
  y = bn2(conv2(y), training);
  at::Tensor shortcut = x;
  for (const auto& [convolution, norm] : downsample) {
    shortcut = norm(convolution(shortcut), training);
  }
  return y.add_(shortcut).relu_();
}

}  // namespace gillnet
