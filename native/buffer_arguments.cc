#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "argument_values.h"
#include "arguments.h"

namespace gillnet {

namespace {

void CheckCrops(const Batch& batch) {
  for (std::int64_t i = 0; i < batch.count; ++i) {
    const std::int32_t* crop = batch.crops + i * 4;
    const std::int64_t left = crop[0], top = crop[1], width = crop[2], height = crop[3];
    if (left < 0 || top < 0 || width < 1 || height < 1 || left + width > batch.width || top + height > batch.height) {
      throw InvalidArgument("Crop " + std::to_string(i) + " (left " + std::to_string(left) + ", top " +
                            std::to_string(top) + ", " + std::to_string(width) + " × " + std::to_string(height) +
                            ") leaves the photo of " + std::to_string(batch.width) + " × " +
                            std::to_string(batch.height));
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
      throw InvalidArgument("Label " + std::to_string(i) + " is " + std::to_string(labels[i]) + "; expected 0…" +
                            std::to_string(classes - 1));
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
      throw InvalidArgument("Fold " + std::to_string(i) + " is " + std::to_string(fold) + "; expected 0…" +
                            std::to_string(photos.count - 1));
    }
    std::int32_t& only = only_fold[static_cast<std::size_t>(photos.labels[i])];
    if (only != fold) only = only == kNone ? fold : kSeveral;
  }
  for (std::size_t i = 0; i < only_fold.size(); ++i) {
    if (only_fold[i] != kSeveral) {
      throw InvalidArgument("Class " + std::to_string(i) + " stands in " +
                            (only_fold[i] == kNone ? "no fold" : "one fold alone") + "; expected two at least");
    }
  }
}

/// A tensor but for its bytes, and the value that holds them.
std::pair<TensorBytes, Napi::Value> TensorFrom(const std::string& name, const Napi::Value& value) {
  const Napi::Object object = ObjectFrom(value, name.c_str());
  TensorBytes tensor;
  tensor.name = name;
  tensor.type =
      ChoiceFrom<TensorBytes::Type>(object.Get("dtype"), name, "float32 or int64",
                                    {{"float32", TensorBytes::Type::kFloat32}, {"int64", TensorBytes::Type::kInt64}});

  const Napi::Value shape = object.Get("shape");
  if (!shape.IsArray()) throw Unexpected("an array", name + ".shape", shape);
  double values = 1;
  for (std::uint32_t i = 0; i < shape.As<Napi::Array>().Length(); ++i) {
    tensor.shape.push_back(
        IntegerFrom(shape.As<Napi::Array>().Get(i), name + ".shape", "whole numbers, 0 or above", 0, 1e9));
    values *= static_cast<double>(tensor.shape.back());
  }
  const double size = values * (tensor.type == TensorBytes::Type::kInt64 ? 8 : 4);
  if (size > kMaxSafeInteger) throw InvalidArgument("Tensor " + name + " is too large");
  tensor.size = static_cast<std::size_t>(size);
  return {std::move(tensor), object.Get("data")};
}

}  // namespace

Batch BatchFrom(const Napi::Value& value, std::int64_t classes, bool needs_labels, Napi::Array& kept,
                std::int64_t least) {
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
  batch.pixels = ValuesFrom<std::uint8_t>(pixels, "pixels", batch.count * batch.height * batch.width * 3, kept);
  batch.labels = OptionalValues<std::int32_t>(labels, "labels", batch.count, kept);
  batch.crops = OptionalValues<std::int32_t>(crops, "crops", batch.count * 4, kept);
  batch.flips = OptionalValues<std::uint8_t>(flips, "flips", batch.count, kept);
  batch.colours = OptionalValues<float>(colours, "colours", batch.count * 3, kept);
  if (needs_labels && !batch.labels) throw Unexpected("an Int32Array", "labels", labels);
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
  photos.penalty =
      NumberFrom(object.Get("penalty"), "penalty", "a number above 0", std::numeric_limits<float>::min(), 1e12);
  const Napi::Value features = object.Get("features"), labels = object.Get("labels");
  const Napi::Value stop = object.Get("stop");
  photos.features = ValuesFrom<float>(features, "features", photos.count * photos.width, kept);
  photos.labels = ValuesFrom<std::int32_t>(labels, "labels", photos.count, kept);
  photos.stop = OptionalValues<std::int32_t>(stop, "stop", 1, kept);
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
  folds.fold_of = ValuesFrom<std::int32_t>(fold_of, "folds", folds.photos.count, kept);
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
    tensor.data = OptionalValues<std::uint8_t>(data, "data", static_cast<std::int64_t>(tensor.size), kept);
    if (!tensor.data && tensor.size > 0) throw InvalidArgument("Tensor " + tensor.name + " has no data");
    state.push_back(std::move(tensor));
  }
  return state;
}

}  // namespace gillnet
