#include "inference.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstring>
#include <mutex>

namespace gillnet {

namespace {

using kernels::ConvolutionShape;
using kernels::Map;
using kernels::Workers;

/// Of activations at once, in values (64 MB as float32): more photos than that go one part after the other.
constexpr std::int64_t kAtOnce = 16 << 20;
/// Zeros around activations, as 3×3 kernels need them.
constexpr std::int64_t kBorder = 1;
/// Winograd's widest step, beyond which its patches may reach.
constexpr std::int64_t kStep = 4;

/// One pool of threads for all networks of the process; it ends with the last.
std::shared_ptr<Workers> SharedWorkers() {
  static std::mutex mutex;
  static std::weak_ptr<Workers> current;
  const std::scoped_lock lock(mutex);
  std::shared_ptr<Workers> workers = current.lock();
  if (!workers) {
    workers = std::make_shared<kernels::WorkerThreads>(at::get_num_threads());
    current = workers;
  }
  return workers;
}

std::int64_t Stretched(std::int64_t edge, std::int64_t border) {
  return (edge + kStep - 1) / kStep * kStep + 2 * border;
}

kernels::Convolution HeadOf(const kernels::Kernels& kernels, Workers& workers, const Network& network) {
  const at::Tensor weight = network.HeadWeight().contiguous();
  const at::Tensor bias = network.HeadBias().to(at::kDouble).contiguous();
  const std::vector<double> one(weight.size(0), 1.0);
  return {kernels,
          workers,
          {weight.size(1), weight.size(0), 1, 1, 0},
          1,
          1,
          weight.data_ptr<float>(),
          one.data(),
          bias.data_ptr<double>()};
}

}  // namespace

std::int64_t InferencePlan::Activation::Down() const { return Stretched(height, border); }
std::int64_t InferencePlan::Activation::Across() const { return Stretched(width, border); }

ConvolutionShape InferencePlan::Step::Shape() const {
  const auto& [weight, stride, padding] = layer->convolution;
  return {weight.size(1), weight.size(0), weight.size(2), stride, padding};
}

InferencePlan::InferencePlan(const Network& network, std::int64_t size) {
  constexpr int kTrunk = 0, kOther = 2;
  input = Activate({size, size, 3, network.Stem().convolution.padding, kTrunk});
  stem = Convolve(network.Stem(), input, kTrunk, /*relu=*/true, /*add=*/-1);
  const Activation stemmed = activations[stem];
  pool = Activate({(stemmed.height + 1) / 2, (stemmed.width + 1) / 2, stemmed.channels, kBorder, kTrunk});
  int trunk = pool, turn = 1;
  for (const ResidualBlock& block : network.Blocks()) {
    int x = trunk;
    for (std::size_t index = 0; index + 1 < block.body.size(); ++index) {
      x = Convolve(block.body[index], x, kOther + static_cast<int>(index), true, -1);
    }
    if (block.downsample) trunk = Convolve(*block.downsample, trunk, kTrunk + 1 - turn, false, -1);
    trunk = Convolve(block.body.back(), x, kTrunk + turn, true, trunk);
    turn = 1 - turn;
  }
  last = trunk;
}

int InferencePlan::Activate(const Activation& wanted) {
  for (std::size_t index = 0; index < activations.size(); ++index) {
    const Activation& each = activations[index];
    if (each.role == wanted.role && each.height == wanted.height && each.width == wanted.width &&
        each.channels == wanted.channels && each.border == wanted.border) {
      return static_cast<int>(index);
    }
  }
  activations.push_back(wanted);
  return static_cast<int>(activations.size()) - 1;
}

int InferencePlan::Convolve(const ConvNorm& layer, int in, int role, bool relu, int add) {
  Step step{&layer, in, 0, add, relu};
  const ConvolutionShape shape = step.Shape();
  const Activation& read = activations[in];
  step.out = Activate({shape.Out(read.height), shape.Out(read.width), shape.out, kBorder, role});
  steps.push_back(step);
  return step.out;
}

CompiledNetwork::CompiledNetwork(const Network& network, std::int64_t size, const Normalization& normalization)
    : workers_(SharedWorkers()),
      size_(size),
      normalization_(normalization),
      plan_(network, size),
      classes_(network.HeadWeight().size(0)),
      head_(HeadOf(kernels_, *workers_, network)) {}

std::int64_t CompiledNetwork::Most() const {
  std::int64_t values = 0;
  for (const auto& each : plan_.activations) values += each.Values();
  return std::max<std::int64_t>(1, kAtOnce / values);
}

Inferred CompiledNetwork::Infer(const Batch& batch) {
  const auto& shape = plan_.activations[plan_.last];
  const std::int64_t width = shape.channels, row = shape.width * width, padded = head_.channels();
  Inferred inferred{at::empty({batch.count, width, shape.height, shape.width},
                              at::TensorOptions(at::kFloat).memory_format(at::MemoryFormat::ChannelsLast)),
                    at::zeros({batch.count, width}), at::empty({batch.count, padded})};
  float* features = inferred.features.data_ptr<float>();
  float* const all_pooled = inferred.pooled.data_ptr<float>();
  for (std::int64_t first = 0; first < batch.count; first += Most()) {
    const std::int64_t photos = std::min(Most(), batch.count - first);
    Reserve(photos);
    const Map& last = Forward(batch, first, photos);
    float* const pooled = all_pooled + first * width;
    for (std::int64_t photo = 0; photo < photos; ++photo) {
      float* const sums = pooled + photo * width;
      for (std::int64_t y = 0; y < last.height; ++y, features += row) {
        std::memcpy(features, last.At(photo, y, 0), row * sizeof(float));
        kernels_.sum(features, last.width, width, sums);
      }
      const auto places = static_cast<float>(last.height * last.width);
      for (std::int64_t channel = 0; channel < width; ++channel) sums[channel] /= places;
    }
    // A 1×1 convolution, to the kernels.
    float* const logits = inferred.logits.data_ptr<float>() + first * padded;
    head_.Run(*workers_, Map{pooled, 1, 1, width, width, width}, Map{logits, 1, 1, padded, padded, padded},
              /*add=*/nullptr, /*relu=*/false, photos, /*scratch=*/nullptr);
  }
  inferred.logits = inferred.logits.narrow(1, 0, classes_);
  return inferred;
}

FloatNetwork::FloatNetwork(const Network& network, std::int64_t size, const Normalization& normalization)
    : CompiledNetwork(network, size, normalization) {
  convolutions_.reserve(plan_.steps.size());
  for (const InferencePlan::Step& step : plan_.steps) {
    const auto& out = plan_.activations[step.out];
    const BatchNorm::Affine norm = step.layer->norm.AsAffine();
    const at::Tensor weight = step.layer->convolution.weight.contiguous(at::MemoryFormat::ChannelsLast);
    convolutions_.emplace_back(kernels_, *workers_, step.Shape(), out.height, out.width, weight.data_ptr<float>(),
                               norm.scale.data(), norm.shift.data());
  }
}

void FloatNetwork::Reserve(std::int64_t photos) {
  if (photos <= reserved_) return;
  reserved_ = 0;
  memory_.clear();
  maps_.clear();
  for (const auto& each : plan_.activations) {
    memory_.push_back(kernels::Allocate(photos * each.Values()));
    maps_.push_back(MapIn(each, memory_.back().get()));
  }
  std::int64_t scratch = 1;
  for (const auto& each : convolutions_) scratch = std::max(scratch, each.Scratch(photos, workers_->threads()));
  scratch_ = kernels::Allocate(scratch);
  reserved_ = photos;
}

const Map& FloatNetwork::Forward(const Batch& batch, std::int64_t first, std::int64_t photos) {
  const Map& input = maps_[plan_.input];
  ReadBands(batch, photos, [&](std::int64_t photo, std::int64_t top, std::int64_t bottom) {
    PreprocessRows(batch, first + photo, size_, normalization_, top, bottom, input.At(photo, top, 0), input.row);
  });
  for (std::size_t index = 0; index < plan_.steps.size(); ++index) {
    const InferencePlan::Step& step = plan_.steps[index];
    const Map& out = maps_[step.out];
    convolutions_[index].Run(*workers_, maps_[step.in], out, step.add < 0 ? nullptr : &maps_[step.add], step.relu,
                             photos, scratch_.get());
    if (maxima_) {
      for (std::int64_t photo = 0; photo < photos; ++photo) {
        float& most = maxima_[photo * static_cast<std::int64_t>(plan_.steps.size()) + static_cast<std::int64_t>(index)];
        for (std::int64_t y = 0; y < out.height; ++y) {
          const float* const values = out.At(photo, y, 0);
          most = std::max(most, *std::max_element(values, values + out.width * out.channels));
        }
      }
    }
    if (step.out == plan_.stem) MaxPool(out, maps_[plan_.pool], kernels_.max3x3, photos);
  }
  return maps_[plan_.last];
}

std::vector<float> FloatNetwork::Maxima(const Batch& batch) {
  const auto steps = static_cast<std::int64_t>(plan_.steps.size());
  std::vector<float> maxima(batch.count * steps, 0.0f);
  for (std::int64_t first = 0; first < batch.count; first += Most()) {
    const std::int64_t photos = std::min(Most(), batch.count - first);
    Reserve(photos);
    maxima_ = maxima.data() + first * steps;
    Forward(batch, first, photos);
    maxima_ = nullptr;
  }
  return maxima;
}

}  // namespace gillnet
