#include "quantized_network.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "failure.h"

namespace gillnet {

namespace {

constexpr double kLargestByte = 255;

}  // namespace

QuantizedNetwork::QuantizedNetwork(const Network& network, std::int64_t size, const Normalization& normalization,
                                   const std::vector<float>& maxima)
    : CompiledNetwork(network, size, normalization) {
  if (maxima.size() != plan_.steps.size()) {
    throw InvalidArgument("Expected " + std::to_string(plan_.steps.size()) +
                          " maxima of activations, one for each convolution, but received " +
                          std::to_string(maxima.size()));
  }
  // What a step of each activation's bytes is worth, as the layers write them one after the other.
  std::vector<double> steps(plan_.activations.size(), 1.0);
  std::vector<bool> floats(plan_.activations.size(), false);
  for (std::size_t index = 0; index < plan_.steps.size(); ++index) {
    const InferencePlan::Step& step = plan_.steps[index];
    if (!IsFloat(index) && !(maxima[index] > 0 && std::isfinite(maxima[index]))) {
      throw InvalidArgument("Expected a finite number above 0 for maximum " + std::to_string(index) + " but received " +
                            std::to_string(maxima[index]));
    }
    const BatchNorm::Affine norm = step.layer->norm.AsAffine();
    at::Tensor weight = step.layer->convolution.weight.contiguous(at::MemoryFormat::ChannelsLast);
    if (index == 0) {
      // The stem takes pixels as they are.
      weight = weight.clone();
      for (std::int64_t channel = 0; channel < 3; ++channel) {
        weight.select(1, channel).div_(kLargestByte * normalization.std[channel]);
        zero_[channel] = kLargestByte * normalization.mean[channel];
      }
    }
    const auto& out = plan_.activations[step.out];
    const double out_step = IsFloat(index) ? 1.0 : maxima[index] / kLargestByte;
    layers_.push_back(
        {kernels::QuantizedConvolution(*kernels::BestQuantized(), *workers_, step.Shape(), out.height, out.width,
                                       weight.data_ptr<float>(), norm.scale.data(), norm.shift.data(),
                                       index == 0 ? zero_.data() : nullptr, steps[step.in], out_step),
         step.add < 0 ? 0.0f : static_cast<float>(steps[step.add] / out_step), step.add >= 0 && floats[step.add]});
    steps[step.out] = out_step;
    floats[step.out] = IsFloat(index);
    // Max pooling takes bytes as they are.
    if (step.out == plan_.stem) steps[plan_.pool] = out_step;
  }
}

void QuantizedNetwork::Reserve(std::int64_t photos) {
  if (photos <= reserved_) return;
  reserved_ = 0;
  byte_memory_.clear();
  float_memory_.clear();
  bytes_.clear();
  floats_.clear();
  // Kernels read a row of 7 × 3 bytes as 24.
  constexpr std::int64_t kBeyond = 4;
  for (const auto& each : plan_.activations) {
    const std::int64_t values = photos * each.Values();
    byte_memory_.push_back(kernels::Allocate((values + kBeyond) / sizeof(float) + 1));
    bytes_.push_back(MapIn(each, reinterpret_cast<std::uint8_t*>(byte_memory_.back().get())));
    bool used = false;
    for (std::size_t index = 0; index < plan_.steps.size(); ++index) {
      used |= IsFloat(index) && &plan_.activations[plan_.steps[index].out] == &each;
    }
    float_memory_.push_back(kernels::Allocate(used ? values : 1));
    floats_.push_back(MapIn(each, float_memory_.back().get()));
  }
  std::uint8_t* const input = reinterpret_cast<std::uint8_t*>(byte_memory_[plan_.input].get());
  const std::int64_t values = photos * plan_.activations[plan_.input].Values();
  for (std::int64_t place = 0; place < values; ++place) {
    input[place] = static_cast<std::uint8_t>(std::lrint(std::clamp(zero_[place % 3], 0.0, kLargestByte)));
  }
  reserved_ = photos;
}

const kernels::Map& QuantizedNetwork::Forward(const Batch& batch, std::int64_t first, std::int64_t photos) {
  const kernels::ByteMap& input = bytes_[plan_.input];
  ReadBands(batch, photos, [&](std::int64_t photo, std::int64_t top, std::int64_t bottom) {
    PixelRows(batch, first + photo, size_, top, bottom, input.At(photo, top, 0), input.row);
  });
  for (std::size_t index = 0; index < plan_.steps.size(); ++index) {
    const InferencePlan::Step& step = plan_.steps[index];
    const Layer& layer = layers_[index];
    kernels::Operand out, add;
    if (IsFloat(index))
      out.floats = &floats_[step.out];
    else
      out.bytes = &bytes_[step.out];
    if (layer.adds_floats)
      add.floats = &floats_[step.add];
    else if (step.add >= 0)
      add.bytes = &bytes_[step.add];
    layer.convolution.Run(*workers_, bytes_[step.in], out, add, layer.add_scale, step.relu, photos);
    if (step.out == plan_.stem) {
      MaxPool(bytes_[plan_.stem], bytes_[plan_.pool], kernels::BestQuantized()->max3x3, photos);
    }
  }
  return floats_[plan_.last];
}

}  // namespace gillnet
