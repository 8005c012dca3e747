#include "arguments.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gillnet {

namespace {

constexpr std::int64_t kMaxEdge = 1 << 14;
constexpr double kMaxClasses = 100000;
constexpr const char* kClassCounts = "a whole number from 1 to 100000";
constexpr const char* kBelowOne = "a number from 0 to below 1";
const double kLargestBelowOne = std::nextafter(1.0, 0.0);
constexpr double kMaxSafeInteger = 9007199254740991.0;

std::string Described(const Napi::Value& value) {
  switch (value.Type()) {
    case napi_undefined: return "undefined";
    case napi_null: return "null";
    case napi_boolean: return value.ToString().Utf8Value() + " of type boolean";
    case napi_number: return value.ToString().Utf8Value() + " of type number";
    case napi_string: return "a string";
    case napi_function: return "a function";
    case napi_object: return value.IsTypedArray() ? "another typed array" : "an object";
    default: return "another type";
  }
}

Failure Unexpected(const char* expected, const std::string& name, const Napi::Value& value) {
  return InvalidArgument("Expected " + std::string(expected) + " for " + name + " but received " +
                         Described(value));
}

Napi::Object ObjectFrom(const Napi::Value& value, const char* name) {
  if (!value.IsObject() || value.IsTypedArray()) throw Unexpected("an object", name, value);
  return value.As<Napi::Object>();
}

bool BooleanFrom(const Napi::Value& value, const char* name) {
  if (!value.IsBoolean()) throw Unexpected("true or false", name, value);
  return value.As<Napi::Boolean>();
}

double NumberFrom(const Napi::Value& value, const std::string& name, const char* expected,
                  double low, double high) {
  if (!value.IsNumber()) throw Unexpected(expected, name, value);
  const double number = value.As<Napi::Number>().DoubleValue();
  if (!(number >= low && number <= high)) throw Unexpected(expected, name, value);
  return number;
}

std::int64_t IntegerFrom(const Napi::Value& value, const std::string& name, const char* expected,
                         double low, double high) {
  const double number = NumberFrom(value, name, expected, low, high);
  if (number != std::floor(number)) throw Unexpected(expected, name, value);
  return static_cast<std::int64_t>(number);
}

double OptionalNumber(const Napi::Object& object, const char* name, double fallback, double low,
                      double high, const char* expected) {
  const Napi::Value value = object.Get(name);
  return value.IsUndefined() ? fallback : NumberFrom(value, name, expected, low, high);
}

/// The typed array's values, `count` of them, and the array into `kept`; null when absent. What runs
/// JavaScript, as reading a property does, may take the values away: it has to be done before.
template <typename Value>
const Value* ValuesFrom(const Napi::Value& value, const char* name, napi_typedarray_type type,
                        const char* type_name, std::int64_t count, Napi::Array& kept) {
  if (value.IsUndefined()) return nullptr;
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) {
    throw Unexpected(type_name, name, value);
  }
  const auto array = value.As<Napi::TypedArrayOf<Value>>();
  if (static_cast<std::int64_t>(array.ElementLength()) != count) {
    throw InvalidArgument("Expected " + std::to_string(count) + " values for " + name +
                          " but received " + std::to_string(array.ElementLength()));
  }
  kept.Set(kept.Length(), array);
  return array.Data();
}

std::array<float, 3> ChannelsFrom(const Napi::Object& object, const char* name, double low) {
  const Napi::Value value = object.Get(name);
  if (!value.IsArray() || value.As<Napi::Array>().Length() != 3) {
    throw Unexpected("an array of three numbers", name, value);
  }
  std::array<float, 3> channels;
  for (std::uint32_t i = 0; i < 3; ++i) {
    channels[i] = static_cast<float>(NumberFrom(value.As<Napi::Array>().Get(i), name,
                                                "three numbers of pixels scaled to 0…1", low, 1e6));
  }
  return channels;
}

Architecture ArchitectureFrom(const Napi::Value& value) {
  constexpr double kMostBlocks = 256;
  const Napi::Object object = ObjectFrom(value, "architecture");
  Architecture architecture;
  const Napi::Value block = object.Get("block");
  const std::string name = block.IsString() ? block.As<Napi::String>().Utf8Value() : "";
  if (name != "basic" && name != "bottleneck") throw Unexpected("basic or bottleneck", "block", block);
  architecture.bottleneck = name == "bottleneck";
  const Napi::Value layers = object.Get("layers");
  if (!layers.IsArray() || layers.As<Napi::Array>().Length() != architecture.layers.size()) {
    throw Unexpected("an array of four numbers", "layers", layers);
  }
  for (std::uint32_t i = 0; i < architecture.layers.size(); ++i) {
    architecture.layers[i] = static_cast<int>(
        IntegerFrom(layers.As<Napi::Array>().Get(i), "layers",
                    "four whole numbers from 1 to 256", 1, kMostBlocks));
  }
  return architecture;
}

OptimizerOptions OptimizerFrom(const Napi::Value& value) {
  using Algorithm = OptimizerOptions::Algorithm;
  const Napi::Object object = ObjectFrom(value, "optimizer");
  OptimizerOptions options;
  const Napi::Value algorithm = object.Get("algorithm");
  const std::string name = algorithm.IsString() ? algorithm.As<Napi::String>().Utf8Value() : "";
  if (name == "adam") {
    options.algorithm = Algorithm::kAdam;
  } else if (name == "adamw") {
    options.algorithm = Algorithm::kAdamW;
  } else if (name == "sgd") {
    options.algorithm = Algorithm::kSgd;
  } else {
    throw Unexpected("adam, adamw or sgd", "algorithm", algorithm);
  }
  options.momentum = OptionalNumber(object, "momentum", options.momentum, 0, kLargestBelowOne, kBelowOne);
  options.beta1 = OptionalNumber(object, "beta1", options.beta1, 0, kLargestBelowOne, kBelowOne);
  options.beta2 = OptionalNumber(object, "beta2", options.beta2, 0, kLargestBelowOne, kBelowOne);
  options.weight_decay =
      OptionalNumber(object, "weightDecay", options.weight_decay, 0, 1e6, "a number, 0 or above");
  options.epsilon = OptionalNumber(object, "epsilon", options.epsilon,
                                   std::numeric_limits<float>::min(), 1, "a number above 0");
  return options;
}

/// Of the learning rate, group by group; copied, as JavaScript may change them before the step.
std::optional<std::array<float, kGroups>> FactorsFrom(const Napi::Value& value) {
  Napi::Array kept = Napi::Array::New(value.Env());
  const float* given = ValuesFrom<float>(value, "factors", napi_float32_array, "a Float32Array",
                                         static_cast<std::int64_t>(kGroups), kept);
  if (!given) return std::nullopt;
  std::array<float, kGroups> factors;
  std::copy_n(given, kGroups, factors.begin());
  for (const float factor : factors) {
    if (!(factor >= 0 && std::isfinite(factor))) {
      throw InvalidArgument("Expected finite numbers, 0 or above, for factors but received " +
                            std::to_string(factor));
    }
  }
  if (*std::max_element(factors.begin(), factors.end()) == 0) {
    throw InvalidArgument("Expected a factor above 0 for one group at least; with all frozen nothing can train");
  }
  return factors;
}

void CheckCrops(const Batch& batch) {
  for (std::int64_t i = 0; i < batch.count; ++i) {
    const std::int32_t* crop = batch.crops + i * 4;
    const std::int64_t left = crop[0], top = crop[1], width = crop[2], height = crop[3];
    if (left < 0 || top < 0 || width < 1 || height < 1 || left + width > batch.width ||
        top + height > batch.height) {
      throw InvalidArgument("Crop " + std::to_string(i) + " (left " + std::to_string(left) +
                            ", top " + std::to_string(top) + ", " + std::to_string(width) + " × " +
                            std::to_string(height) + ") leaves the photo of " +
                            std::to_string(batch.width) + " × " + std::to_string(batch.height));
    }
  }
}

void CheckColours(const Batch& batch) {
  for (std::int64_t i = 0; i < 3 * batch.count; ++i) {
    if (batch.colours[i] >= 0 && std::isfinite(batch.colours[i])) continue;
    throw InvalidArgument("Colour factor " + std::to_string(i % 3) + " of photo " + std::to_string(i / 3) + " is " +
                          std::to_string(batch.colours[i]) + "; expected a finite number, 0 or above");
  }
}

void CheckLabels(const std::int32_t* labels, std::int64_t count, std::int64_t classes) {
  for (std::int64_t i = 0; i < count; ++i) {
    if (labels[i] < 0 || labels[i] >= classes) {
      throw InvalidArgument("Label " + std::to_string(i) + " is " + std::to_string(labels[i]) +
                            "; expected 0…" + std::to_string(classes - 1));
    }
  }
}

/// A class that one fold holds alone can't be told by the others.
void CheckFolds(const Folds& folds) {
  constexpr std::int32_t kNone = -1, kSeveral = -2;
  const LabelledFeatures& photos = folds.photos;
  std::vector<std::int32_t> only_fold(static_cast<std::size_t>(photos.classes), kNone);
  for (std::int64_t i = 0; i < photos.count; ++i) {
    const std::int32_t fold = folds.fold_of[i];
    if (fold < 0 || fold >= photos.count) {
      throw InvalidArgument("Fold " + std::to_string(i) + " is " + std::to_string(fold) +
                            "; expected 0…" + std::to_string(photos.count - 1));
    }
    std::int32_t& only = only_fold[static_cast<std::size_t>(photos.labels[i])];
    if (only != fold) only = only == kNone ? fold : kSeveral;
  }
  for (std::size_t i = 0; i < only_fold.size(); ++i) {
    if (only_fold[i] != kSeveral) {
      throw InvalidArgument("Class " + std::to_string(i) + " stands in " +
                            (only_fold[i] == kNone ? "no fold" : "one fold alone") +
                            "; expected two at least");
    }
  }
}

/// Those values that have to be there.
template <typename Value>
const Value* RequiredFrom(const Napi::Value& value, const char* name, napi_typedarray_type type,
                          const char* type_name, std::int64_t count, Napi::Array& kept) {
  const Value* values = ValuesFrom<Value>(value, name, type, type_name, count, kept);
  if (!values) throw Unexpected(type_name, name, value);
  return values;
}

/// A tensor but for its bytes, and the value that holds them.
std::pair<TensorBytes, Napi::Value> TensorFrom(const std::string& name, const Napi::Value& value) {
  const Napi::Object object = ObjectFrom(value, name.c_str());
  TensorBytes tensor;
  tensor.name = name;
  const Napi::Value dtype = object.Get("dtype");
  const std::string type = dtype.IsString() ? dtype.As<Napi::String>().Utf8Value() : "";
  if (type != "float32" && type != "int64") throw Unexpected("float32 or int64", name, dtype);
  tensor.type = type == "int64" ? TensorBytes::Type::kInt64 : TensorBytes::Type::kFloat32;

  const Napi::Value shape = object.Get("shape");
  if (!shape.IsArray()) throw Unexpected("an array", name + ".shape", shape);
  double values = 1;
  for (std::uint32_t i = 0; i < shape.As<Napi::Array>().Length(); ++i) {
    tensor.shape.push_back(IntegerFrom(shape.As<Napi::Array>().Get(i), name + ".shape",
                                       "whole numbers, 0 or above", 0, 1e9));
    values *= static_cast<double>(tensor.shape.back());
  }
  const double size = values * (tensor.type == TensorBytes::Type::kInt64 ? 8 : 4);
  if (size > kMaxSafeInteger) throw InvalidArgument("Tensor " + name + " is too large");
  tensor.size = static_cast<std::size_t>(size);
  return {std::move(tensor), object.Get("data")};
}

std::int64_t ImageSizeFrom(const Napi::Value& value) {
  // Five halvings leave one position of an edge of 32.
  return IntegerFrom(value, "imageSize", "a whole number of pixels from 32 to 16384", 32, kMaxEdge);
}

LearnerOptions::Dtype DtypeFrom(const Napi::Value& value) {
  using Dtype = LearnerOptions::Dtype;
  const std::string name = value.IsString() ? value.As<Napi::String>().Utf8Value() : "";
  if (name == "float32") return Dtype::kFloat32;
  if (name == "bfloat16") return Dtype::kBfloat16;
  if (name == "float16") return Dtype::kFloat16;
  throw Unexpected("float32, bfloat16 or float16", "dtype", value);
}

DeviceOptions DeviceFrom(const Napi::Object& object) {
  using Kind = DeviceOptions::Kind;
  DeviceOptions options;
  const Napi::Value device = object.Get("device"), tf32 = object.Get("tf32");
  const Napi::Value loose = object.Get("nondeterministic");
  if (!tf32.IsUndefined()) options.tf32 = BooleanFrom(tf32, "tf32");
  if (!loose.IsUndefined()) options.nondeterministic = BooleanFrom(loose, "nondeterministic");
  if (device.IsUndefined()) return options;
  const std::string name = device.IsString() ? device.As<Napi::String>().Utf8Value() : "", card = "cuda:";
  const std::string number = name.substr(std::min(name.size(), card.size()));
  const bool counts = !number.empty() && number.size() <= 3 && number.find_first_not_of("0123456789") == std::string::npos;
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
  if (!seed.IsUndefined()) {
    options.seed = static_cast<std::uint64_t>(
        IntegerFrom(seed, "seed", "a whole number, 0 or above", 0, kMaxSafeInteger));
  }
  options.mean = ChannelsFrom(object, "mean", -1e6);
  options.std = ChannelsFrom(object, "std", 1e-6);
  options.optimizer = OptimizerFrom(object.Get("optimizer"));
  const Napi::Value dtype = object.Get("dtype");
  if (!dtype.IsUndefined()) options.dtype = DtypeFrom(dtype);
  options.device = DeviceFrom(object);
  if (options.dtype == LearnerOptions::Dtype::kFloat16 && options.device.kind == DeviceOptions::Kind::kProcessor) {
    throw InvalidArgument("float16 is for cards; use float32 or bfloat16 on the processor");
  }
  return options;
}

StepOptions StepOptionsFrom(const Napi::Value& value) {
  const Napi::Object object = ObjectFrom(value, "options");
  StepOptions options;
  options.learning_rate =
      NumberFrom(object.Get("learningRate"), "learningRate", "a number, 0 or above", 0, 1e6);
  options.label_smoothing =
      OptionalNumber(object, "labelSmoothing", 0, 0, 1, "a number from 0 to 1");
  const Napi::Value image_size = object.Get("imageSize");
  if (!image_size.IsUndefined()) options.image_size = ImageSizeFrom(image_size);
  const Napi::Value frozen = object.Get("frozenStatistics"), sync = object.Get("syncBatchNorm");
  if (!frozen.IsUndefined()) options.frozen_statistics = BooleanFrom(frozen, "frozenStatistics");
  if (!sync.IsUndefined()) options.sync_batch_norm = BooleanFrom(sync, "syncBatchNorm");
  options.asked = OptionalNumber(object, "asked", 0, 0, kMaxSafeInteger, "a number, 0 or above");
  if (const auto factors = FactorsFrom(object.Get("factors"))) options.factors = *factors;
  return options;
}

Batch BatchFrom(const Napi::Value& value, std::int64_t classes, bool needs_labels,
                Napi::Array& kept, std::int64_t least) {
  const Napi::Object object = ObjectFrom(value, "batch");
  const char* edge = "a whole number of pixels from 1 to 16384";
  Batch batch;
  batch.count = IntegerFrom(object.Get("count"), "count",
                            least > 0 ? "a whole number from 1 to 65536" : "a whole number from 0 to 65536",
                            static_cast<double>(least), 65536);
  batch.height = IntegerFrom(object.Get("height"), "height", edge, 1, kMaxEdge);
  batch.width = IntegerFrom(object.Get("width"), "width", edge, 1, kMaxEdge);
  if (batch.count == 0) return batch;
  const Napi::Value pixels = object.Get("pixels"), labels = object.Get("labels");
  const Napi::Value crops = object.Get("crops"), flips = object.Get("flips");
  const Napi::Value colours = object.Get("colours");
  batch.pixels = RequiredFrom<std::uint8_t>(pixels, "pixels", napi_uint8_array, "a Uint8Array",
                                            batch.count * batch.height * batch.width * 3, kept);
  batch.labels = ValuesFrom<std::int32_t>(labels, "labels", napi_int32_array, "an Int32Array",
                                              batch.count, kept);
  batch.crops = ValuesFrom<std::int32_t>(crops, "crops", napi_int32_array, "an Int32Array",
                                             batch.count * 4, kept);
  batch.flips = ValuesFrom<std::uint8_t>(flips, "flips", napi_uint8_array, "a Uint8Array",
                                             batch.count, kept);
  batch.colours = ValuesFrom<float>(colours, "colours", napi_float32_array, "a Float32Array",
                                    batch.count * 3, kept);
  if (needs_labels && !batch.labels) {
    throw InvalidArgument("Expected an Int32Array for labels but received undefined");
  }
  if (batch.labels) CheckLabels(batch.labels, batch.count, classes);
  if (batch.crops) CheckCrops(batch);
  if (batch.colours) CheckColours(batch);
  return batch;
}

LabelledFeatures LabelledFeaturesFrom(const Napi::Value& value, Napi::Array& kept) {
  const Napi::Object object = ObjectFrom(value, "options");
  const char* size = "a whole number from 1 to 2147483647";
  const double highest = std::numeric_limits<std::int32_t>::max();
  LabelledFeatures photos;
  photos.count = IntegerFrom(object.Get("count"), "count", size, 1, highest);
  photos.width = IntegerFrom(object.Get("width"), "width", size, 1, highest);
  photos.classes = IntegerFrom(object.Get("classes"), "classes", kClassCounts, 1, kMaxClasses);
  photos.penalty = NumberFrom(object.Get("penalty"), "penalty", "a number above 0",
                              std::numeric_limits<float>::min(), 1e12);
  const Napi::Value features = object.Get("features"), labels = object.Get("labels");
  const Napi::Value stop = object.Get("stop");
  photos.features = RequiredFrom<float>(features, "features", napi_float32_array, "a Float32Array",
                                        photos.count * photos.width, kept);
  photos.labels = RequiredFrom<std::int32_t>(labels, "labels", napi_int32_array, "an Int32Array",
                                             photos.count, kept);
  photos.stop = ValuesFrom<std::int32_t>(stop, "stop", napi_int32_array, "an Int32Array", 1, kept);
  for (std::int64_t i = 0; i < photos.count * photos.width; ++i) {
    if (!std::isfinite(photos.features[i])) {
      throw InvalidArgument("Feature " + std::to_string(i % photos.width) + " of photo " +
                            std::to_string(i / photos.width) + " is not finite");
    }
  }
  CheckLabels(photos.labels, photos.count, photos.classes);
  return photos;
}

Folds FoldsFrom(const Napi::Value& value, Napi::Array& kept) {
  // First: a getter among the others may take the folds' memory away.
  const Napi::Value fold_of = ObjectFrom(value, "options").Get("folds");
  Folds folds;
  folds.photos = LabelledFeaturesFrom(value, kept);
  folds.fold_of = RequiredFrom<std::int32_t>(fold_of, "folds", napi_int32_array, "an Int32Array",
                                             folds.photos.count, kept);
  CheckFolds(folds);
  return folds;
}

StateBytes StateFrom(const Napi::Value& value, Napi::Array& kept) {
  const Napi::Object object = ObjectFrom(value, "state");
  const Napi::Array names = object.GetPropertyNames();
  std::vector<std::pair<TensorBytes, Napi::Value>> tensors;
  for (std::uint32_t i = 0; i < names.Length(); ++i) {
    const Napi::Value name = names.Get(i);
    tensors.push_back(TensorFrom(name.ToString().Utf8Value(), object.Get(name)));
  }
  StateBytes state;
  for (auto& [tensor, data] : tensors) {
    tensor.data = ValuesFrom<std::uint8_t>(data, "data", napi_uint8_array, "a Uint8Array",
                                           static_cast<std::int64_t>(tensor.size), kept);
    if (!tensor.data && tensor.size > 0) {
      throw InvalidArgument("Tensor " + tensor.name + " has no data");
    }
    state.push_back(std::move(tensor));
  }
  return state;
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

std::string TextFrom(const Napi::Value& value, const char* name) {
  if (!value.IsString()) throw Unexpected("a string", name, value);
  return value.As<Napi::String>().Utf8Value();
}

std::string BytesFrom(const Napi::Value& value, const char* name) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    throw Unexpected("a Uint8Array", name, value);
  }
  const auto array = value.As<Napi::Uint8Array>();
  return std::string(reinterpret_cast<const char*>(array.Data()), array.ByteLength());
}

Rendezvous RendezvousFrom(const Napi::Value& value) {
  constexpr double kMostRanks = 65536, kMostSeconds = 86400;
  const Napi::Object object = ObjectFrom(value, "options");
  Rendezvous rendezvous;
  rendezvous.size = static_cast<int>(
      IntegerFrom(object.Get("size"), "size", "a whole number from 1 to 65536", 1, kMostRanks));
  rendezvous.rank = static_cast<int>(IntegerFrom(object.Get("rank"), "rank", "a whole number from 0 to below the size", 0,
                                                 rendezvous.size - 1));
  rendezvous.host = TextFrom(object.Get("host"), "host");
  rendezvous.port = static_cast<std::uint16_t>(
      IntegerFrom(object.Get("port"), "port", "a whole number from 1 to 65535", 1, 65535));
  rendezvous.hosts = BooleanFrom(object.Get("hosts"), "hosts");
  rendezvous.prefix = TextFrom(object.Get("prefix"), "prefix");
  rendezvous.timeout = std::chrono::milliseconds(static_cast<std::int64_t>(
      1000 * NumberFrom(object.Get("seconds"), "seconds", "a number from 1 to 86400", 1, kMostSeconds)));
  rendezvous.interface = TextFrom(object.Get("interface"), "interface");
  return rendezvous;
}

int ThreadsFrom(const Napi::Value& value) {
  return static_cast<int>(
      IntegerFrom(value, "threads", "a whole number from 1 to 1024", 1, 1024));
}

}  // namespace gillnet
