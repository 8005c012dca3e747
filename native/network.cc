#include "network.h"

#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

namespace gillnet {

/// Makes tensors in the order of torchvision's modules and registers each under its name.
class NetworkBuilder {
 public:
  NetworkBuilder(Network& network, std::optional<std::uint64_t> seed, at::Device device)
      : network_(network), device_(device) {
    if (seed) generator_ = at::make_generator<at::CPUGeneratorImpl>(*seed);
  }

  /// Weights by kaiming_normal_(mode="fan_out", nonlinearity="relu"), as torchvision's ResNet.
  ConvNorm Layer(const std::string& convolution, const std::string& norm, const ConvNormShape& shape) {
    const auto [in, out, kernel, stride] = shape;
    const double std = std::sqrt(2.0 / static_cast<double>(out * kernel * kernel));
    const std::size_t parameter = network_.parameters_.size();
    at::Tensor weight = at::empty({out, in, kernel, kernel}, at::MemoryFormat::ChannelsLast);
    if (generator_) {
      // Drawn in the order of torchvision's.
      weight.copy_(at::empty({out, in, kernel, kernel}).normal_(0.0, std, *generator_));
    } else {
      weight.zero_();
    }
    weight = Parameter(convolution + ".weight", weight);
    return {{weight, stride, kernel / 2}, Norm(norm, out), parameter, group_};
  }

  ResidualBlock Block(const std::string& name, const BlockShape& shape) {
    ResidualBlock block;
    for (const ConvNormShape& each : shape.body) {
      const std::string number = std::to_string(block.body.size() + 1);
      block.body.push_back(Layer(name + ".conv" + number, name + ".bn" + number, each));
    }
    if (shape.downsample) {
      block.downsample = Layer(name + ".downsample.0", name + ".downsample.1", *shape.downsample);
    }
    return block;
  }

  /// torch.nn.Linear's own initialisation: uniform within ±1/√in for weight and bias.
  void Head(std::int64_t in, std::int64_t classes) {
    const double bound = 1.0 / std::sqrt(static_cast<double>(in));
    at::Tensor weight = at::zeros({classes, in});
    at::Tensor bias = at::zeros({classes});
    if (generator_) {
      weight.uniform_(-bound, bound, *generator_);
      bias.uniform_(-bound, bound, *generator_);
    }
    network_.fc_weight_ = Parameter("fc.weight", weight);
    network_.fc_bias_ = Parameter("fc.bias", bias);
  }

  /// What is made from now on belongs to the next group.
  void NextGroup() { group_ += 1; }

 private:
  BatchNorm Norm(const std::string& name, std::int64_t channels) {
    BatchNorm norm;
    norm.weight = Parameter(name + ".weight", at::ones({channels}));
    norm.bias = Parameter(name + ".bias", at::zeros({channels}));
    norm.running_mean = Buffer(name + ".running_mean", at::zeros({channels}));
    norm.running_var = Buffer(name + ".running_var", at::ones({channels}));
    norm.num_batches_tracked = Buffer(name + ".num_batches_tracked", at::zeros({}, at::TensorOptions(at::kLong)));
    return norm;
  }

  at::Tensor Parameter(const std::string& name, at::Tensor tensor) {
    tensor = Buffer(name, tensor);
    network_.parameters_.push_back({name, tensor, group_});
    return tensor;
  }

  at::Tensor Buffer(const std::string& name, at::Tensor tensor) {
    tensor = tensor.to(device_);
    network_.state_.emplace_back(name, tensor);
    return tensor;
  }

  Network& network_;
  at::Device device_;
  std::optional<at::Generator> generator_;
  std::size_t group_ = 0;
};

Network::Network(const Architecture& architecture, std::int64_t classes, std::optional<std::uint64_t> seed,
                 at::Device device) {
  NetworkBuilder build(*this, seed, device);
  stem_ = build.Layer("conv1", "bn1", architecture.Stem());
  const auto layers = architecture.Blocks();
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    build.NextGroup();
    for (std::size_t index = 0; index < layers[layer].size(); ++index) {
      const std::string name = "layer" + std::to_string(layer + 1) + "." + std::to_string(index);
      blocks_.push_back(build.Block(name, layers[layer][index]));
    }
  }
  build.NextGroup();
  build.Head(architecture.Width(), classes);
}

at::Tensor Network::Features(const at::Tensor& images) const {
  at::Tensor x = stem_(images).relu_();
  x = at::max_pool2d(x, {3, 3}, {2, 2}, {1, 1});
  for (const ResidualBlock& block : blocks_) x = block(x);
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

at::Tensor BatchNorm::operator()(const at::Tensor& x) const {
  return at::batch_norm(x, weight, bias, running_mean, running_var, /*training=*/false, kBatchNormMomentum,
                        kBatchNormEpsilon, /*cudnn_enabled=*/false);
}

BatchNorm::Affine BatchNorm::AsAffine() const {
  const auto values = [](const at::Tensor& tensor) {
    const at::Tensor dense = tensor.to(at::kDouble).contiguous();
    return std::vector<double>(dense.data_ptr<double>(), dense.data_ptr<double>() + dense.numel());
  };
  Affine affine{values(weight), values(bias)};
  const std::vector<double> mean = values(running_mean), variance = values(running_var);
  for (std::size_t channel = 0; channel < mean.size(); ++channel) {
    affine.scale[channel] /= std::sqrt(variance[channel] + kBatchNormEpsilon);
    affine.shift[channel] -= mean[channel] * affine.scale[channel];
  }
  return affine;
}

at::Tensor ResidualBlock::operator()(const at::Tensor& x) const {
  at::Tensor y = x;
  for (const ConvNorm& each : body) {
    y = each(y);
    if (&each != &body.back()) y = y.relu_();
  }
  return y.add_(downsample ? (*downsample)(x) : x).relu_();
}

}  // namespace gillnet
