#include "training_pass.h"

#include <algorithm>
#include <cmath>

namespace gillnet {

TrainingPass::TrainingPass(const Network& network, const PassOptions& options, OverRanks ranks)
    : network_(network), options_(options), ranks_(std::move(ranks)), lowest_(LowestOf(options.trained)) {}

at::Tensor TrainingPass::Forward(const at::Tensor& images) {
  Layer stem = Convolved(network_.Stem(), images.to(options_.dtype));
  pooled_ = NormReluPool(stem.output, stem.affine);
  at::Tensor x = pooled_.output;
  if (lowest_ == 0) {
    stem_ = std::move(stem);
  } else {
    pooled_ = {};
  }
  for (const ResidualBlock& block : network_.Blocks()) x = ForwardBlock(block, x);
  features_sizes_ = x.sizes().vec();
  features_ = x.mean({2, 3}, /*keepdim=*/false, at::kFloat);
  return at::linear(features_, network_.HeadWeight(), network_.HeadBias());
}

TrainingPass::Layer TrainingPass::Convolved(const ConvNorm& of, const at::Tensor& input) {
  const auto& [convolution, norm, parameter, group] = of;
  Layer layer{&of, ConvolutionPass(convolution, input), {}, {}, {}, {}, 0};
  layer.output = layer.convolution.Output();

  const auto channels = static_cast<std::size_t>(layer.output.size(1));
  Moments moments;
  if (options_.frozen_statistics) {
    const float *mean = norm.running_mean.data_ptr<float>(), *variance = norm.running_var.data_ptr<float>();
    moments = {{mean, mean + channels}, {variance, variance + channels}};
  } else {
    moments = OverAll(MomentsOf(layer.output));
    moments_.emplace_back(&of, moments);
  }
  layer.places = moments.values;
  layer.mean = Channels(moments.mean.begin(), moments.mean.end());
  const float *weight = norm.weight.data_ptr<float>(), *bias = norm.bias.data_ptr<float>();
  layer.inverse_std.resize(channels);
  layer.affine = {Channels(channels), Channels(channels)};
  for (std::size_t c = 0; c < channels; ++c) {
    const auto variance = static_cast<float>(moments.variance[c]);
    const double inverse_std = 1 / std::sqrt(static_cast<double>(variance) + kBatchNormEpsilon);
    const double scale = static_cast<double>(weight[c]) * inverse_std;
    layer.inverse_std[c] = static_cast<float>(inverse_std);
    layer.affine.scale[c] = static_cast<float>(scale);
    layer.affine.shift[c] =
        static_cast<float>(static_cast<double>(bias[c]) - static_cast<double>(layer.mean[c]) * scale);
  }
  return layer;
}

Moments TrainingPass::OverAll(const Moments& own) const {
  if (!ranks_.sum) return own;
  const std::size_t channels = own.mean.size();
  // Of values, of their means and of their squares: float64, as the variance is a difference.
  std::vector<double> sums(1 + 2 * channels);
  const double values = ranks_.counted ? own.values : 0;
  sums[0] = values;
  for (std::size_t c = 0; c < channels; ++c) {
    sums[1 + c] = values * own.mean[c];
    sums[1 + channels + c] = values * (own.variance[c] + own.mean[c] * own.mean[c]);
  }
  ranks_.sum(sums);
  Moments all{std::vector<double>(channels), std::vector<double>(channels), sums[0]};
  // None where no process has a photo: what is made of them counts for nothing.
  const double count = std::max(1.0, sums[0]);
  for (std::size_t c = 0; c < channels; ++c) {
    all.mean[c] = sums[1 + c] / count;
    const double variance = sums[1 + channels + c] / count - all.mean[c] * all.mean[c];
    // Keeps NaN.
    all.variance[c] = variance < 0 ? 0 : variance;
  }
  return all;
}

GradientSums TrainingPass::OverAll(const GradientSums& own) const {
  if (!ranks_.sum || options_.frozen_statistics) return own;
  std::vector<double> sums(own.gradient.begin(), own.gradient.end());
  sums.insert(sums.end(), own.product.begin(), own.product.end());
  sums.insert(sums.end(), own.addend_product.begin(), own.addend_product.end());
  ranks_.sum(sums);
  const auto product = sums.begin() + static_cast<std::ptrdiff_t>(own.gradient.size());
  const auto addend = product + static_cast<std::ptrdiff_t>(own.product.size());
  return {Channels(sums.begin(), product), Channels(product, addend), Channels(addend, sums.end())};
}

at::Tensor TrainingPass::ForwardBlock(const ResidualBlock& of, const at::Tensor& input) {
  const bool kept = of.body.front().group >= lowest_;
  // What is not kept is written over what it was made of.
  const auto output_of = [&](const Layer& layer) { return kept ? at::empty_like(layer.output) : layer.output; };
  Block block;
  at::Tensor x = input;
  for (const ConvNorm& each : of.body) {
    block.body.push_back(Convolved(each, x));
    if (&each == &of.body.back()) break;
    const Layer& layer = block.body.back();
    x = output_of(layer);
    NormRelu(layer.output, layer.affine, {}, nullptr, x);
    if (!kept) block.body.clear();
  }
  const Layer& last = block.body.back();
  block.output = output_of(last);
  if (of.downsample) {
    block.downsample = Convolved(*of.downsample, input);
    NormRelu(last.output, last.affine, block.downsample->output, &block.downsample->affine, block.output);
  } else {
    NormRelu(last.output, last.affine, input, nullptr, block.output);
  }
  x = block.output;
  block.passes_on = !blocks_.empty() || lowest_ == 0;
  if (kept) blocks_.push_back(std::move(block));
  return x;
}

void TrainingPass::Backward(const at::Tensor& logits, const OnGradient& on_gradient) {
  on_gradient_ = on_gradient;
  const at::Tensor features =
      BackwardHead(network_, options_.trained, logits, features_, features_sizes_, options_.dtype, on_gradient);
  if (!features.defined()) return;
  Gradient gradient{features, {}};
  for (; !blocks_.empty(); blocks_.pop_back()) gradient = BackwardBlock(blocks_.back(), gradient);
  if (!stem_) return;

  const GradientSums sums = SumsOf(gradient.first, gradient.second, pooled_.peaks, stem_->affine, stem_->mean);
  TellNorm(*stem_, sums.gradient, sums.product);
  const GradientSums all = OverAll(sums);
  BackwardPool(gradient.first, gradient.second, pooled_.places, stem_->output,
               NormGradient(*stem_, all.gradient, all.product));
  ConvolutionGradient(*stem_, stem_->output, /*input=*/false);
}

TrainingPass::Gradient TrainingPass::BackwardBlock(const Block& block, const Gradient& output) {
  const Layer* layer = &block.body.back();
  const auto& downsample = block.downsample;
  const GradientSums sums =
      ResidualSumsOf(output.first, output.second, block.output, layer->output, layer->mean,
                     downsample ? downsample->output : at::Tensor(), downsample ? downsample->mean : Channels());
  const at::Tensor& of_sum = output.first;
  TellNorm(*layer, sums.gradient, sums.product);
  const GradientSums all = OverAll(sums);

  BackwardNorm(of_sum, layer->output, nullptr, NormGradient(*layer, all.gradient, all.product));
  at::Tensor gradient = layer->output;
  for (std::size_t index = block.body.size() - 1; index > 0; --index) {
    gradient = ConvolutionGradient(block.body[index], gradient, /*input=*/true);
    layer = &block.body[index - 1];
    const GradientSums inner = SumsOf(gradient, {}, layer->output, layer->affine, layer->mean);
    TellNorm(*layer, inner.gradient, inner.product);
    const GradientSums all_inner = OverAll(inner);
    BackwardNorm(gradient, layer->output, &layer->affine, NormGradient(*layer, all_inner.gradient, all_inner.product));
  }
  gradient = ConvolutionGradient(*layer, gradient, block.passes_on);
  if (!downsample) return {gradient, of_sum};

  TellNorm(*downsample, sums.gradient, sums.addend_product);
  BackwardNorm(of_sum, downsample->output, nullptr, NormGradient(*downsample, all.gradient, all.addend_product));
  return {gradient, ConvolutionGradient(*downsample, downsample->output, block.passes_on)};
}

void TrainingPass::TellNorm(const Layer& layer, const Channels& gradient, const Channels& product) {
  const auto& [convolution, norm, parameter, group] = *layer.made_of;
  if (!options_.trained[group]) return;
  Channels weight(product.size());
  for (std::size_t c = 0; c < weight.size(); ++c) weight[c] = product[c] * layer.inverse_std[c];
  on_gradient_(parameter + 2, at::tensor(gradient));
  on_gradient_(parameter + 1, at::tensor(weight));
}

InputGradient TrainingPass::NormGradient(const Layer& layer, const Channels& gradient, const Channels& product) const {
  const std::size_t channels = gradient.size();
  InputGradient formula{layer.affine.scale, Channels(channels), Channels(channels)};
  // Photos that count for nothing are in no mean: none of the others' gradients is theirs.
  if (options_.frozen_statistics || !ranks_.counted) return formula;
  const double places = std::max(1.0, layer.places);
  for (std::size_t c = 0; c < channels; ++c) {
    const auto scale = static_cast<double>(layer.affine.scale[c]);
    const auto inverse_std = static_cast<double>(layer.inverse_std[c]);
    const double by_x = -scale * inverse_std * inverse_std * static_cast<double>(product[c]) / places;
    formula.x[c] = static_cast<float>(by_x);
    formula.constant[c] = static_cast<float>(-scale * static_cast<double>(gradient[c]) / places -
                                             by_x * static_cast<double>(layer.mean[c]));
  }
  return formula;
}

at::Tensor TrainingPass::ConvolutionGradient(const Layer& layer, const at::Tensor& output, bool input) {
  const auto& [convolution, norm, parameter, group] = *layer.made_of;
  const bool trained = options_.trained[group];
  const ConvolutionPass::Gradients gradients = layer.convolution.Backward(output, input, /*weight=*/trained);
  if (trained) on_gradient_(parameter, gradients.weight);
  return gradients.input;
}

void TrainingPass::MoveStatistics() const {
  for (const auto& [layer, moments] : moments_) {
    const BatchNorm& norm = layer->norm;
    float *mean = norm.running_mean.data_ptr<float>(), *variance = norm.running_var.data_ptr<float>();
    const auto rest = static_cast<float>(1 - kBatchNormMomentum), share = static_cast<float>(kBatchNormMomentum);
    const auto values = static_cast<float>(moments.values);
    // Running variances are unbiased.
    const float unbiased = values / (values - 1);
    for (std::size_t c = 0; c < moments.mean.size(); ++c) {
      mean[c] = rest * mean[c] + share * static_cast<float>(moments.mean[c]);
      variance[c] = rest * variance[c] + share * (static_cast<float>(moments.variance[c]) * unbiased);
    }
    *norm.num_batches_tracked.data_ptr<std::int64_t>() += 1;
  }
}

}  // namespace gillnet
