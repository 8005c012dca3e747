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

/// Of activations at once, in values (64 MB): more photos than that go one part after the other.
constexpr std::int64_t kPlanned = 16 << 20;
/// Zeros around activations, as 3×3 kernels need them.
constexpr std::int64_t kBorder = 1;
/// Winograd's widest step, beyond which its patches may reach.
constexpr std::int64_t kStep = 4;

/// One pool of threads for all networks of the process; it ends with the last.
std::shared_ptr<Workers> SharedWorkers() {
  static std::mutex mutex;
  static std::weak_ptr<Workers> current;
  std::lock_guard<std::mutex> lock(mutex);
  std::shared_ptr<Workers> workers = current.lock();
  if (!workers) {
    workers = std::make_shared<Workers>(at::get_num_threads());
    current = workers;
  }
  return workers;
}

std::int64_t Stretched(std::int64_t edge, std::int64_t border) {
  return (edge + kStep - 1) / kStep * kStep + 2 * border;
}

}  // namespace

std::unique_ptr<CompiledNetwork> CompiledNetwork::Of(const Network& network, std::int64_t size,
                                                     const Normalization& normalization) {
  const kernels::Kernels* best = kernels::Best();
  if (!best) return nullptr;
  return std::unique_ptr<CompiledNetwork>(new CompiledNetwork(*best, network, size, normalization));
}

CompiledNetwork::CompiledNetwork(const kernels::Kernels& kernels, const Network& network, std::int64_t size,
                                 const Normalization& normalization)
    : kernels_(kernels), workers_(SharedWorkers()), size_(size), normalization_(normalization) {
  // What a block reads and what it gives take turns in two places; what is between is in others.
  constexpr int kTrunk = 0, kOther = 2;
  const std::int64_t padding = network.Stem().convolution.padding;
  input_ = Activate(size, size, 3, padding, kTrunk);
  stem_ = Convolve(network.Stem(), input_, kTrunk, /*relu=*/true, /*add=*/-1);
  const Activation& stem = activations_[stem_];
  pool_ = Activate((stem.height + 1) / 2, (stem.width + 1) / 2, stem.channels, kBorder, kTrunk);
  int trunk = pool_, turn = 1;
  for (const ResidualBlock& block : network.Blocks()) {
    int x = trunk;
    for (std::size_t index = 0; index + 1 < block.body.size(); ++index) {
      x = Convolve(block.body[index], x, kOther + static_cast<int>(index), true, -1);
    }
    if (block.downsample) trunk = Convolve(*block.downsample, trunk, kTrunk + 1 - turn, false, -1);
    trunk = Convolve(block.body.back(), x, kTrunk + turn, true, trunk);
    turn = 1 - turn;
  }
  last_ = trunk;

  const at::Tensor weight = network.HeadWeight().contiguous();
  const at::Tensor bias = network.HeadBias().to(at::kDouble).contiguous();
  classes_ = weight.size(0);
  const std::vector<double> one(classes_, 1.0);
  // A 1×1 convolution of what each photo's pooling gives.
  head_.emplace(kernels_, *workers_, ConvolutionShape{weight.size(1), classes_, 1, 1, 0}, 1, 1,
                weight.data_ptr<float>(), one.data(), bias.data_ptr<double>());
}

int CompiledNetwork::Activate(std::int64_t height, std::int64_t width, std::int64_t channels, std::int64_t border,
                              int role) {
  for (std::size_t index = 0; index < activations_.size(); ++index) {
    const Activation& each = activations_[index];
    if (roles_[index] == role && each.height == height && each.width == width && each.channels == channels &&
        each.border == border) {
      return static_cast<int>(index);
    }
  }
  activations_.push_back({height, width, channels, border, {}, {}});
  roles_.push_back(role);
  return static_cast<int>(activations_.size()) - 1;
}

int CompiledNetwork::Convolve(const ConvNorm& layer, int in, int role, bool relu, int add) {
  const auto& [weight, stride, padding] = layer.convolution;
  const ConvolutionShape shape{weight.size(1), weight.size(0), weight.size(2), stride, padding};
  const std::int64_t height = shape.Out(activations_[in].height), width = shape.Out(activations_[in].width);
  const int out = Activate(height, width, shape.out, kBorder, role);
  const BatchNorm::Affine norm = layer.norm.AsAffine();
  const at::Tensor laid = weight.contiguous(at::MemoryFormat::ChannelsLast);
  kernels::Convolution convolution(kernels_, *workers_, shape, height, width, laid.data_ptr<float>(), norm.scale.data(),
                          norm.shift.data());
  steps_.push_back({std::move(convolution), in, out, add, relu});
  return out;
}

void CompiledNetwork::Plan(std::int64_t photos) {
  if (photos <= planned_) return;
  planned_ = 0;
  for (Activation& each : activations_) {
    each.memory.reset();
    const std::int64_t down = Stretched(each.height, each.border), across = Stretched(each.width, each.border);
    each.memory = kernels::Allocate(photos * down * across * each.channels);
    Map& map = each.map;
    map = {nullptr, each.height, each.width, each.channels, across * each.channels, down * across * each.channels};
    map.data = each.memory.get() + each.border * (map.row + map.channels);
  }
  std::int64_t scratch = 1;
  for (const Step& step : steps_) scratch = std::max(scratch, step.convolution.Scratch(photos, workers_->threads()));
  scratch_ = kernels::Allocate(scratch);
  pooled_ = kernels::Allocate(photos * activations_[last_].channels);
  logits_ = kernels::Allocate(photos * head_->channels());
  planned_ = photos;
}

void CompiledNetwork::Read(const Batch& batch, std::int64_t first, std::int64_t photos) {
  const Map& map = activations_[input_].map;
  constexpr std::int64_t kBands = 8;
  const auto read = [&](std::int64_t photo, std::int64_t top, std::int64_t bottom) {
    PreprocessRows(batch, first + photo, size_, normalization_, top, bottom, map.At(photo, top, 0), map.row);
  };
  if (NeedsWholePhotos(batch, size_)) {
    // LibTorch resizes, with threads of its own.
    for (std::int64_t photo = 0; photo < photos; ++photo) read(photo, 0, size_);
    return;
  }
  workers_->Run(photos * kBands, [&](std::int64_t task, int) {
    read(task / kBands, size_ * (task % kBands) / kBands, size_ * (task % kBands + 1) / kBands);
  });
}

void CompiledNetwork::Forward(std::int64_t photos) {
  const auto run = [&](const Step& step) {
    const Map* add = step.add < 0 ? nullptr : &activations_[step.add].map;
    step.convolution.Run(*workers_, activations_[step.in].map, activations_[step.out].map, add, step.relu, photos,
                         scratch_.get());
  };
  run(steps_.front());
  const Map &stem = activations_[stem_].map, &pool = activations_[pool_].map;
  workers_->Run(photos * pool.height, [&](std::int64_t task, int) {
    const std::int64_t photo = task / pool.height, y = task % pool.height;
    // The border's zeros never win: what is pooled went through ReLU.
    for (std::int64_t x = 0; x < pool.width; ++x) {
      kernels_.max3x3(stem.At(photo, 2 * y - 1, 2 * x - 1), stem.row, stem.channels, stem.channels,
                      pool.At(photo, y, x));
    }
  });
  for (auto step = steps_.begin() + 1; step != steps_.end(); ++step) run(*step);

  const Map& last = activations_[last_].map;
  for (std::int64_t photo = 0; photo < photos; ++photo) {
    float* const sums = pooled_.get() + photo * last.channels;
    std::fill_n(sums, last.channels, 0.0f);
    for (std::int64_t y = 0; y < last.height; ++y) kernels_.sum(last.At(photo, y, 0), last.width, last.channels, sums);
    const auto places = static_cast<float>(last.height * last.width);
    for (std::int64_t channel = 0; channel < last.channels; ++channel) sums[channel] /= places;
  }
  const Map pooled{pooled_.get(), 1, 1, last.channels, last.channels, last.channels};
  const Map logits{logits_.get(), 1, 1, head_->channels(), head_->channels(), head_->channels()};
  head_->Run(*workers_, pooled, logits, nullptr, /*relu=*/false, photos, scratch_.get());
}

Inferred CompiledNetwork::Infer(const Batch& batch) {
  std::int64_t values = 0;
  for (const Activation& each : activations_) {
    values += Stretched(each.height, each.border) * Stretched(each.width, each.border) * each.channels;
  }
  const std::int64_t most = std::max<std::int64_t>(1, kPlanned / values);
  const std::int64_t width = activations_[last_].channels;
  const std::int64_t height = activations_[last_].height, columns = activations_[last_].width;
  Inferred inferred{
      at::empty({batch.count, width, height, columns},
                at::TensorOptions(at::kFloat).memory_format(at::MemoryFormat::ChannelsLast)),
      at::empty({batch.count, width}), at::empty({batch.count, classes_})};
  for (std::int64_t first = 0; first < batch.count; first += most) {
    const std::int64_t photos = std::min(most, batch.count - first);
    Plan(photos);
    Read(batch, first, photos);
    Forward(photos);
    const Map& last = activations_[last_].map;
    const std::int64_t row = last.width * width;
    for (std::int64_t photo = 0; photo < photos; ++photo) {
      float* const features = inferred.features.data_ptr<float>() + (first + photo) * last.height * row;
      for (std::int64_t y = 0; y < last.height; ++y) {
        std::memcpy(features + y * row, last.At(photo, y, 0), row * sizeof(float));
      }
      std::memcpy(inferred.logits.data_ptr<float>() + (first + photo) * classes_,
                  logits_.get() + photo * head_->channels(), classes_ * sizeof(float));
    }
    std::memcpy(inferred.pooled.data_ptr<float>() + first * width, pooled_.get(), photos * width * sizeof(float));
  }
  return inferred;
}

}  // namespace gillnet
