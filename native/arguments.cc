#include "arguments.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "argument_values.h"

namespace gillnet {

namespace {

constexpr const char* kBelowOne = "a number from 0 to below 1";
const double kLargestBelowOne = std::nextafter(1.0, 0.0);

std::array<float, 3> ChannelsFrom(const Napi::Object& object, const char* name, double low) {
  const Napi::Value value = object.Get(name);
  if (!value.IsArray() || value.As<Napi::Array>().Length() != 3) {
    throw Unexpected("an array of three numbers", name, value);
  }
  std::array<float, 3> channels;
  for (std::uint32_t i = 0; i < 3; ++i) {
    channels[i] = static_cast<float>(
        NumberFrom(value.As<Napi::Array>().Get(i), name, "three numbers of pixels scaled to 0…1", low, 1e6));
  }
  return channels;
}

Architecture ArchitectureFrom(const Napi::Value& value) {
  constexpr double kMostBlocks = 256;
  constexpr const char* kChannels = "a multiple of 32 from 32 to 256";
  const Napi::Object object = ObjectFrom(value, "architecture");
  Architecture architecture;
  architecture.bottleneck =
      ChoiceFrom<bool>(object.Get("block"), "block", "basic or bottleneck", {{"basic", false}, {"bottleneck", true}});
  const Napi::Value layers = object.Get("layers");
  if (!layers.IsArray() || layers.As<Napi::Array>().Length() != architecture.layers.size()) {
    throw Unexpected("an array of four numbers", "layers", layers);
  }
  for (std::uint32_t i = 0; i < architecture.layers.size(); ++i) {
    architecture.layers[i] = static_cast<int>(
        IntegerFrom(layers.As<Napi::Array>().Get(i), "layers", "four whole numbers from 1 to 256", 1, kMostBlocks));
  }
  if (const Napi::Value channels = object.Get("channels"); !channels.IsUndefined()) {
    architecture.channels = IntegerFrom(channels, "channels", kChannels, 32, 256);
    // What the kernels of the stem take at once.
    if (architecture.channels % 32 != 0) throw Unexpected(kChannels, "channels", channels);
  }
  return architecture;
}

OptimizerOptions OptimizerFrom(const Napi::Value& value) {
  using Algorithm = OptimizerOptions::Algorithm;
  const Napi::Object object = ObjectFrom(value, "optimizer");
  OptimizerOptions options;
  options.algorithm =
      ChoiceFrom<Algorithm>(object.Get("algorithm"), "algorithm", "adam, adamw or sgd",
                            {{"adam", Algorithm::kAdam}, {"adamw", Algorithm::kAdamW}, {"sgd", Algorithm::kSgd}});
  options.momentum = OptionalNumber(object, "momentum", options.momentum, 0, kLargestBelowOne, kBelowOne);
  options.beta1 = OptionalNumber(object, "beta1", options.beta1, 0, kLargestBelowOne, kBelowOne);
  options.beta2 = OptionalNumber(object, "beta2", options.beta2, 0, kLargestBelowOne, kBelowOne);
  options.weight_decay = OptionalNumber(object, "weightDecay", options.weight_decay, 0, 1e6, "a number, 0 or above");
  options.epsilon =
      OptionalNumber(object, "epsilon", options.epsilon, std::numeric_limits<float>::min(), 1, "a number above 0");
  return options;
}

/// Of the learning rate, group by group; copied, as JavaScript may change them before the step.
std::optional<std::array<float, kGroups>> FactorsFrom(const Napi::Value& value) {
  Napi::Array kept = Napi::Array::New(value.Env());
  const float* given = OptionalValues<float>(value, "factors", kGroups, kept);
  if (!given) return std::nullopt;
  std::array<float, kGroups> factors;
  std::copy_n(given, kGroups, factors.begin());
  for (const float factor : factors) {
    if (!(factor >= 0 && std::isfinite(factor))) {
      throw InvalidArgument("Expected finite numbers, 0 or above, for factors but received " + std::to_string(factor));
    }
  }
  if (*std::max_element(factors.begin(), factors.end()) == 0) {
    throw InvalidArgument("Expected a factor above 0 for one group at least; with all frozen nothing can train");
  }
  return factors;
}

std::int64_t ImageSizeFrom(const Napi::Value& value) {
  // Five halvings leave one position of an edge of 32.
  return IntegerFrom(value, "imageSize", "a whole number of pixels from 32 to 16384", 32, kMaxEdge);
}

DeviceOptions DeviceFrom(const Napi::Object& object) {
  using Kind = DeviceOptions::Kind;
  DeviceOptions options;
  options.tf32 = OptionalBoolean(object, "tf32", options.tf32);
  options.nondeterministic = OptionalBoolean(object, "nondeterministic", options.nondeterministic);
  const Napi::Value device = object.Get("device");
  if (device.IsUndefined()) return options;
  const std::string name = device.IsString() ? device.As<Napi::String>().Utf8Value() : "", card = "cuda:";
  const std::string number = name.substr(std::min(name.size(), card.size()));
  const bool counts =
      !number.empty() && number.size() <= 3 && number.find_first_not_of("0123456789") == std::string::npos;
  if (name == "plain") {
    options.kind = Kind::kPlain;
  } else if (name == card + number && counts) {
    options.kind = Kind::kCuda;
    options.index = std::stoi(number);
  } else if (name != "cpu") {
    throw Unexpected("cpu, plain or cuda:N", "device", device);
  }
  return options;
}

}  // namespace

LearnerOptions LearnerOptionsFrom(const Napi::Value& value) {
  const Napi::Object object = ObjectFrom(value, "options");
  LearnerOptions options;
  options.architecture = ArchitectureFrom(object.Get("architecture"));
  options.classes = IntegerFrom(object.Get("classes"), "classes", kClassCounts, 1, kMaxClasses);
  options.image_size = ImageSizeFrom(object.Get("imageSize"));
  const Napi::Value seed = object.Get("seed");
  if (!seed.IsUndefined()) options.seed = IntegerFrom(seed, "seed", "a whole number, 0 or above", 0, kMaxSafeInteger);
  options.mean = ChannelsFrom(object, "mean", -1e6);
  options.std = ChannelsFrom(object, "std", 1e-6);
  options.optimizer = OptimizerFrom(object.Get("optimizer"));
  const Napi::Value dtype = object.Get("dtype");
  if (!dtype.IsUndefined()) {
    using Dtype = LearnerOptions::Dtype;
    options.dtype =
        ChoiceFrom<Dtype>(dtype, "dtype", "float32, bfloat16 or float16",
                          {{"float32", Dtype::kFloat32}, {"bfloat16", Dtype::kBfloat16}, {"float16", Dtype::kFloat16}});
  }
  options.device = DeviceFrom(object);
  if (options.dtype == LearnerOptions::Dtype::kFloat16 && options.device.kind == DeviceOptions::Kind::kProcessor) {
    throw InvalidArgument("float16 is for cards; use float32 or bfloat16 on the processor");
  }
  return options;
}

StepOptions StepOptionsFrom(const Napi::Value& value) {
  const Napi::Object object = ObjectFrom(value, "options");
  StepOptions options;
  options.learning_rate = NumberFrom(object.Get("learningRate"), "learningRate", "a number, 0 or above", 0, 1e6);
  options.label_smoothing = OptionalNumber(object, "labelSmoothing", 0, 0, 1, "a number from 0 to 1");
  const Napi::Value image_size = object.Get("imageSize");
  if (!image_size.IsUndefined()) options.image_size = ImageSizeFrom(image_size);
  options.frozen_statistics = OptionalBoolean(object, "frozenStatistics", options.frozen_statistics);
  options.sync_batch_norm = OptionalBoolean(object, "syncBatchNorm", options.sync_batch_norm);
  options.asked = OptionalNumber(object, "asked", 0, 0, kMaxSafeInteger, "a number, 0 or above");
  if (const auto factors = FactorsFrom(object.Get("factors"))) options.factors = *factors;
  return options;
}

std::vector<float> MaximaFrom(const Napi::Value& value) {
  if (value.IsNull()) return {};
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_float32_array ||
      value.As<Napi::Float32Array>().ElementLength() == 0) {
    throw Unexpected("a Float32Array with values, or null,", "maxima", value);
  }
  const auto array = value.As<Napi::Float32Array>();
  return std::vector<float>(array.Data(), array.Data() + array.ElementLength());
}

Rendezvous RendezvousFrom(const Napi::Value& value) {
  constexpr double kMostRanks = 65536, kMostSeconds = 86400;
  const Napi::Object object = ObjectFrom(value, "options");
  Rendezvous rendezvous;
  rendezvous.size =
      static_cast<int>(IntegerFrom(object.Get("size"), "size", "a whole number from 1 to 65536", 1, kMostRanks));
  rendezvous.rank = static_cast<int>(
      IntegerFrom(object.Get("rank"), "rank", "a whole number from 0 to below the size", 0, rendezvous.size - 1));
  rendezvous.host = TextFrom(object.Get("host"), "host");
  rendezvous.port =
      static_cast<std::uint16_t>(IntegerFrom(object.Get("port"), "port", "a whole number from 1 to 65535", 1, 65535));
  rendezvous.hosts = BooleanFrom(object.Get("hosts"), "hosts");
  rendezvous.prefix = TextFrom(object.Get("prefix"), "prefix");
  rendezvous.timeout = std::chrono::milliseconds(static_cast<std::int64_t>(
      1000 * NumberFrom(object.Get("seconds"), "seconds", "a number from 1 to 86400", 1, kMostSeconds)));
  rendezvous.interface = TextFrom(object.Get("interface"), "interface");
  return rendezvous;
}

int ThreadsFrom(const Napi::Value& value) {
  return static_cast<int>(IntegerFrom(value, "threads", "a whole number from 1 to 1024", 1, 1024));
}

}  // namespace gillnet
