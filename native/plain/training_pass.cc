#include "training_pass.h"

namespace gillnet::plain {

namespace {

/// The gradient of what went into ReLU, by what came out of it.
at::Tensor BackwardRelu(const at::Tensor& gradient, const at::Tensor& output) {
  return at::threshold_backward(gradient, output, 0);
}

/// Of max pooling of 3×3 places with stride 2: each window's gradient goes to its peak. LibTorch's own adds them up in
/// any order on a card; here each place of a window takes its turn.
/// @param peaks int64, places of the peaks within the input's plane
at::Tensor BackwardPool(const at::Tensor& gradient, const at::Tensor& peaks, at::IntArrayRef sizes) {
  const std::int64_t height = sizes[2], width = sizes[3], down = gradient.size(2), across = gradient.size(3);
  // With a border, in which no peak lies.
  const at::Tensor bordered = at::zeros({sizes[0], sizes[1], 2 * down + 1, 2 * across + 1}, gradient.options())
                                  .contiguous(at::MemoryFormat::ChannelsLast);
  const at::TensorOptions places = peaks.options();
  const at::Tensor top = at::arange(down, places).mul(2).sub(1).view({1, 1, down, 1});
  const at::Tensor left = at::arange(across, places).mul(2).sub(1).view({1, 1, 1, across});
  for (std::int64_t y = 0; y < 3; ++y) {
    for (std::int64_t x = 0; x < 3; ++x) {
      const at::Tensor place = top.add(y).mul(width).add(left.add(x));
      bordered.slice(2, y, y + 2 * down - 1, 2).slice(3, x, x + 2 * across - 1, 2).add_(gradient.mul(peaks.eq(place)));
    }
  }
  return bordered.narrow(2, 1, height).narrow(3, 1, width).contiguous(at::MemoryFormat::ChannelsLast);
}

}  // namespace

TrainingPass::TrainingPass(const Network& network, const PassOptions& options)
    : network_(network), options_(options), lowest_(LowestOf(options.trained)) {}

at::Tensor TrainingPass::Forward(const at::Tensor& images) {
  Layer stem = Normed(network_.Stem(), images.to(options_.dtype));
  stem.output.relu_();
  at::Tensor x;
  std::tie(x, peaks_) = at::max_pool2d_with_indices(stem.output, {3, 3}, {2, 2}, {1, 1});
  if (lowest_ == 0) stem_ = std::move(stem);
  for (const ResidualBlock& block : network_.Blocks()) x = ForwardBlock(block, x);
  features_sizes_ = x.sizes().vec();
  features_ = x.mean({2, 3}, /*keepdim=*/false, at::kFloat);
  return at::linear(features_, network_.HeadWeight(), network_.HeadBias());
}

TrainingPass::Layer TrainingPass::Normed(const ConvNorm& of, const at::Tensor& input) {
  const auto& [convolution, norm, parameter, group] = of;
  Layer layer;
  layer.made_of = &of;
  layer.input = input;
  layer.weight = convolution.weight.to(options_.dtype);
  layer.convolved = Convolution{layer.weight, convolution.stride, convolution.padding}(input);
  if (options_.frozen_statistics) {
    layer.output =
        std::get<0>(at::native_batch_norm(layer.convolved, norm.weight, norm.bias, norm.running_mean, norm.running_var,
                                          /*training=*/false, kBatchNormMomentum, kBatchNormEpsilon));
  } else {
    std::tie(layer.output, layer.mean, layer.inverse_std, layer.reserve, layer.kind) =
        at::_batch_norm_impl_index(layer.convolved, norm.weight, norm.bias, {}, {}, /*training=*/true,
                                   kBatchNormMomentum, kBatchNormEpsilon, /*cudnn_enabled=*/true);
    const at::Tensor& values = layer.convolved;
    seen_.push_back(
        {&norm, layer.mean, layer.inverse_std, static_cast<double>(values.size(0) * values.size(2) * values.size(3))});
  }
  return layer;
}

at::Tensor TrainingPass::ForwardBlock(const ResidualBlock& of, const at::Tensor& input) {
  Block block;
  at::Tensor x = input;
  for (const ConvNorm& each : of.body) {
    block.body.push_back(Normed(each, x));
    x = block.body.back().output;
    if (&each != &of.body.back()) x.relu_();
  }
  if (of.downsample) block.downsample = Normed(*of.downsample, input);
  block.output = x.add_(block.downsample ? block.downsample->output : input).relu_();
  x = block.output;
  if (of.body.front().group >= lowest_) blocks_.push_back(std::move(block));
  return x;
}

void TrainingPass::Backward(const at::Tensor& logits, const OnGradient& on_gradient) {
  on_gradient_ = on_gradient;
  at::Tensor gradient =
      BackwardHead(network_, options_.trained, logits, features_, features_sizes_, options_.dtype, on_gradient);
  if (!gradient.defined()) return;
  while (!blocks_.empty()) {
    const bool input = blocks_.size() > 1 || stem_;
    gradient = BackwardBlock(blocks_.back(), gradient, input);
    blocks_.pop_back();
  }
  if (!stem_) return;
  const at::Tensor of_peaks = BackwardPool(gradient, peaks_, stem_->output.sizes());
  BackwardLayer(*stem_, BackwardRelu(of_peaks, stem_->output), /*input=*/false);
}

at::Tensor TrainingPass::BackwardBlock(const Block& block, const at::Tensor& gradient, bool input) {
  const at::Tensor of_sum = BackwardRelu(gradient, block.output);
  at::Tensor of_body = of_sum;
  for (std::size_t index = block.body.size(); index-- > 0;) {
    if (index + 1 < block.body.size()) of_body = BackwardRelu(of_body, block.body[index].output);
    of_body = BackwardLayer(block.body[index], of_body, index > 0 || input);
  }
  const at::Tensor of_input = block.downsample ? BackwardLayer(*block.downsample, of_sum, input) : of_sum;
  return input ? of_body.add_(of_input) : at::Tensor();
}

at::Tensor TrainingPass::BackwardLayer(const Layer& layer, const at::Tensor& gradient, bool input) {
  const auto& [convolution, norm, parameter, group] = *layer.made_of;
  const bool trained = options_.trained[group];
  const std::array<bool, 3> wanted{true, trained, trained};
  const auto [of_convolved, of_weight, of_bias] =
      options_.frozen_statistics
          ? at::native_batch_norm_backward(gradient, layer.convolved, norm.weight, norm.running_mean, norm.running_var,
                                           {}, {}, /*train=*/false, kBatchNormEpsilon, wanted)
          : at::_batch_norm_impl_index_backward(layer.kind, layer.convolved, gradient, norm.weight, {}, {}, layer.mean,
                                                layer.inverse_std, /*train=*/true, kBatchNormEpsilon, wanted,
                                                layer.reserve);
  const std::vector<std::int64_t> stride(2, convolution.stride), padding(2, convolution.padding);
  const auto [of_input, of_kernel, none] =
      at::convolution_backward(of_convolved, layer.input, layer.weight, c10::nullopt, stride, padding, {1, 1},
                               /*transposed=*/false, {0, 0}, /*groups=*/1, {input, trained, false});
  if (trained) {
    on_gradient_(parameter + 2, of_bias);
    on_gradient_(parameter + 1, of_weight);
    on_gradient_(parameter, of_kernel);
  }
  return of_input;
}

void TrainingPass::MoveStatistics(const at::Tensor& counts) const {
  for (const auto& [norm, mean, inverse_std, values] : seen_) {
    // Running variances are unbiased.
    const at::Tensor variance = inverse_std.pow(-2).sub_(kBatchNormEpsilon).clamp_min_(0).mul_(values / (values - 1));
    // A sum that isn't finite would stay so when it is multiplied by 0.
    const auto move = [&](const at::Tensor& running, const at::Tensor& seen) {
      running.copy_(at::where(counts, running.lerp(seen, kBatchNormMomentum), running));
    };
    move(norm->running_mean, mean);
    move(norm->running_var, variance);
    norm->num_batches_tracked.add_(counts);
  }
}

}  // namespace gillnet::plain
