#include "learner.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <cmath>
#include <sstream>
#include <unordered_map>

#include "allocator.h"
#include "inference.h"
#include "libtorch_compat.h"
#include "network.h"
#include "optimizer.h"
#include "preprocess.h"
#include "process_group.h"
#include "quantized_network.h"
#include "step_exchange.h"
#include "training_pass.h"

namespace gillnet {

namespace {

at::Tensor LabelsOf(const Batch& batch) {
  // LibTorch only reads through the pointer.
  auto* labels = const_cast<std::int32_t*>(batch.labels);
  return at::from_blob(labels, {batch.count}, at::kInt).to(at::kLong);
}

std::vector<float> ValuesOf(const at::Tensor& tensor) {
  const at::Tensor dense = tensor.contiguous();
  const float* values = dense.data_ptr<float>();
  return std::vector<float>(values, values + dense.numel());
}

at::Tensor CrossEntropy(const at::Tensor& logits, const at::Tensor& labels, at::Reduction::Reduction
                        reduction, double label_smoothing) {
  constexpr std::int64_t kNoIgnoredLabel = -100;
  return at::cross_entropy_loss(logits, labels, {}, reduction, kNoIgnoredLabel, label_smoothing);
}

/// Of the mean cross-entropy with smoothed labels (Szegedy et al. 2016, arXiv:1512.00567) by the logits.
/// @param photos that the mean is over
at::Tensor CrossEntropyGradient(const at::Tensor& logits, const at::Tensor& labels, double label_smoothing,
                                double photos) {
  const double share = label_smoothing / static_cast<double>(logits.size(1));
  at::Tensor gradient = logits.softmax(1).sub_(share);
  const at::Tensor places = labels.unsqueeze(1);
  gradient.scatter_(1, places, gradient.gather(1, places).sub_(1 - label_smoothing));
  return gradient.div_(photos);
}

template <typename Shape>
std::string ShapeText(const Shape& shape) {
  std::ostringstream text;
  text << '[';
  for (std::size_t i = 0; i < shape.size(); ++i) text << (i > 0 ? ", " : "") << shape[i];
  text << ']';
  return text.str();
}

TensorBytes::Type TypeOf(const at::Tensor& tensor) {
  return tensor.scalar_type() == at::kLong ? TensorBytes::Type::kInt64
                                           : TensorBytes::Type::kFloat32;
}

const char* NameOf(TensorBytes::Type type) {
  return type == TensorBytes::Type::kInt64 ? "int64" : "float32";
}

StateBytes BytesOf(const std::vector<NamedTensor>& state) {
  const c10::NoGradGuard no_grad;
  StateBytes bytes;
  for (const auto& [name, tensor] : state) {
    // A copy of its own: the next job may change the original before JavaScript reads this.
    auto copy = std::make_shared<at::Tensor>(tensor.clone(at::MemoryFormat::Contiguous));
    bytes.push_back({name, TypeOf(tensor), tensor.sizes().vec(),
                     static_cast<const std::uint8_t*>(copy->data_ptr()), copy->nbytes(), copy});
  }
  return bytes;
}

/// Each given tensor beside the one of the same name in `expected`, in the order of `expected`.
/// Throws for an unknown or repeated name, another dtype or another shape.
std::vector<std::pair<at::Tensor, at::Tensor>> Matched(const std::vector<NamedTensor>& expected,
                                                       const StateBytes& given) {
  std::unordered_map<std::string, const TensorBytes*> by_name;
  for (const TensorBytes& bytes : given) {
    if (!by_name.emplace(bytes.name, &bytes).second) {
      throw InvalidArgument("Tensor " + bytes.name + " was given twice");
    }
  }
  std::vector<std::pair<at::Tensor, at::Tensor>> pairs;
  for (const auto& [name, tensor] : expected) {
    const auto found = by_name.find(name);
    if (found == by_name.end()) continue;
    const TensorBytes& bytes = *found->second;
    by_name.erase(found);
    if (bytes.type != TypeOf(tensor) || bytes.shape != tensor.sizes().vec()) {
      throw InvalidArgument("Expected " + std::string(NameOf(TypeOf(tensor))) + " " +
                            ShapeText(tensor.sizes()) + " for tensor " + name + " but received " +
                            NameOf(bytes.type) + " " + ShapeText(bytes.shape));
    }
    auto* data = const_cast<std::uint8_t*>(bytes.data);
    pairs.emplace_back(tensor, at::from_blob(data, bytes.shape, tensor.scalar_type()));
  }
  if (!by_name.empty()) {
    throw InvalidArgument("There is no tensor named " + by_name.begin()->first);
  }
  return pairs;
}

/// What was given, by the names and in the order of `expected`. Throws where one is missing, too.
std::vector<NamedTensor> AllOrNone(const std::vector<NamedTensor>& expected, const StateBytes& given,
                                   const char* what) {
  const auto pairs = Matched(expected, given);
  if (pairs.size() != expected.size()) {
    throw InvalidArgument("Expected " + std::to_string(expected.size()) + " tensors of " + what +
                          " but received " + std::to_string(pairs.size()));
  }
  std::vector<NamedTensor> tensors;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    tensors.emplace_back(expected[i].first, pairs[i].second);
  }
  return tensors;
}

}  // namespace

struct Learner::Parts {
  explicit Parts(const LearnerOptions& options)
      : network(options.architecture, options.classes, options.seed),
        optimizer(options.optimizer, network.Parameters()),
        dtype(options.bfloat16 ? at::kBFloat16 : at::kFloat),
        image_size(options.image_size),
        normalization{options.mean, options.std} {}

  at::Tensor Images(const Batch& batch) const {
    return Images(batch, image_size);
  }
  at::Tensor Images(const Batch& batch, std::int64_t size) const {
    return Preprocess(batch, size, normalization);
  }

  /// Null where the processor has no kernels.
  FloatNetwork* Compiled() {
    if (!compiled) compiled = FloatNetwork::Of(network, image_size, normalization);
    return compiled.get();
  }

  Inferred Infer(const Batch& batch) {
    if (quantized) return quantized->Infer(batch);
    if (Compiled()) return compiled->Infer(batch);
    const at::Tensor features = network.Features(Images(batch));
    return {features, network.Pooled(features), network.Head(features)};
  }

  /// Before a weight changes.
  void Forget() {
    compiled.reset();
    quantized.reset();
  }

  Network network;
  Optimizer optimizer;
  at::ScalarType dtype;
  std::int64_t image_size;
  Normalization normalization;
  /// Of the weights as they are; none after they have changed.
  std::unique_ptr<FloatNetwork> compiled;
  std::unique_ptr<QuantizedNetwork> quantized;
};

Learner::Learner(const LearnerOptions& options) : parts_(std::make_unique<Parts>(options)) {}

Learner::~Learner() {
  parts_.reset();
  ReleaseIdleMemory();
}

Learner::Trained Learner::TrainStep(const Batch& batch, const StepOptions& options, ProcessGroup* group) {
  const c10::NoGradGuard no_grad;
  const Network& network = parts_->network;
  const std::int64_t image_size = options.image_size.value_or(parts_->image_size);
  // Five halvings: what the last batch norm sees of each photo.
  const std::int64_t edge = (image_size + 31) / 32;
  const auto check_variance = [&](std::int64_t photos) {
    if (options.frozen_statistics || photos * edge * edge >= 2) return;
    throw InvalidArgument("A step on one photo of 32 pixels has no variance to normalise by; give two photos");
  };
  // A rank without photos takes part with one that counts for nothing.
  const bool empty = batch.count == 0;
  const bool sync = group && options.sync_batch_norm && !options.frozen_statistics;
  if (!sync && !empty) check_variance(batch.count);
  const at::Tensor labels = empty ? at::zeros({1}, at::TensorOptions(at::kLong)) : LabelsOf(batch);
  const at::Tensor images =
      empty ? at::zeros({1, 3, image_size, image_size}).contiguous(at::MemoryFormat::ChannelsLast)
            : parts_->Images(batch, image_size);
  parts_->Forget();

  PassOptions pass_options;
  for (std::size_t group_index = 0; group_index < kGroups; ++group_index) {
    pass_options.trained[group_index] = options.factors[group_index] > 0;
  }
  pass_options.frozen_statistics = options.frozen_statistics;
  pass_options.dtype = parts_->dtype;
  pass_options.counted = !empty;
  if (sync) pass_options.over_all = [group](std::vector<double>& sums) { SumOverRanks(*group, sums); };
  TrainingPass pass(network, pass_options);
  const at::Tensor logits = pass.Forward(images);
  Trained trained{CrossEntropy(logits, labels, at::Reduction::Mean, options.label_smoothing).item<float>(),
                  logits.argmax(1).eq(labels).sum().item<std::int64_t>(), batch.count, options.asked};
  const auto check_loss = [&] {
    if (std::isfinite(trained.loss)) return;
    throw Failure("NON_FINITE_LOSS", "The loss of this step is " + std::to_string(trained.loss) +
                                         "; no weight was changed");
  };
  std::vector<at::Tensor> gradients(network.Parameters().size());
  if (!group) {
    check_loss();
    pass.Backward(CrossEntropyGradient(logits, labels, options.label_smoothing, static_cast<double>(batch.count)),
                  [&](std::size_t parameter, const at::Tensor& gradient) { gradients[parameter] = gradient; });
  } else {
    StepExchange exchange(*group, network.Parameters());
    exchange.Tell(trained);
    // Of the sum: what the mean is over is known when all have told.
    at::Tensor gradient = CrossEntropyGradient(logits, labels, options.label_smoothing, 1);
    if (empty) gradient.zero_();
    pass.Backward(gradient, [&](std::size_t parameter, const at::Tensor& of) { exchange.Add(parameter, of); });
    trained = exchange.Told();
    if (trained.count > 0) {
      check_loss();
      check_variance(trained.count);
    }
    gradients = exchange.Means(static_cast<double>(trained.count));
    if (trained.count == 0) return trained;
  }
  if (sync || !empty) pass.MoveStatistics();
  parts_->optimizer.Step(gradients, options.learning_rate, options.factors);
  return trained;
}

Learner::Evaluated Learner::Evaluate(const Batch& batch) {
  const c10::NoGradGuard no_grad;
  const at::Tensor logits = parts_->Infer(batch).logits;
  const double loss =
      batch.labels
          ? CrossEntropy(logits, LabelsOf(batch), at::Reduction::Sum, 0).item<float>()
          : 0;
  return {loss, ValuesOf(logits)};
}

std::vector<float> Learner::Features(const Batch& batch) {
  const c10::NoGradGuard no_grad;
  return ValuesOf(parts_->Infer(batch).pooled);
}

Learner::Explained Learner::Explain(const Batch& batch) {
  const c10::NoGradGuard no_grad;
  const Inferred inferred = parts_->Infer(batch);
  const at::Tensor maps = parts_->network.ClassActivation(inferred.features, LabelsOf(batch));
  return {ValuesOf(inferred.logits), ValuesOf(maps), maps.size(1), maps.size(2)};
}

std::vector<float> Learner::Calibrate(const Batch& batch) {
  const c10::NoGradGuard no_grad;
  if (!parts_->Compiled()) throw InvalidArgument("int8 needs a processor with AVX2; use float32 here");
  return parts_->compiled->Maxima(batch);
}

void Learner::Quantize(const std::vector<float>& maxima) {
  const c10::NoGradGuard no_grad;
  std::unique_ptr<QuantizedNetwork> quantized;
  if (!maxima.empty()) {
    quantized =
        std::make_unique<QuantizedNetwork>(parts_->network, parts_->image_size, parts_->normalization, maxima);
  }
  parts_->quantized = std::move(quantized);
}

StateBytes Learner::State() const { return BytesOf(parts_->network.State()); }

void Learner::SetState(const StateBytes& state) {
  const c10::NoGradGuard no_grad;
  const auto pairs = Matched(parts_->network.State(), state);
  parts_->Forget();
  for (auto& [tensor, given] : pairs) tensor.copy_(given);
}

StateBytes Learner::OptimizerState() const { return BytesOf(parts_->optimizer.State()); }

void Learner::SetOptimizerState(const StateBytes& state) {
  const auto given =
      AllOrNone(state.empty() ? std::vector<NamedTensor>{} : parts_->optimizer.Template(), state,
                "the optimizer's state");
  if (!given.empty()) {
    const at::Tensor& steps = given[0].second;
    if (steps.min().item<std::int64_t>() < 0 || steps.max().item<std::int64_t>() < 1) {
      throw InvalidArgument("Expected steps of 0 or above, and one above 0, in the optimizer's state");
    }
  }
  parts_->optimizer.SetState(given);
}

const char* LibTorchVersion() { return kLibTorchVersion; }

Failure CurrentFailure() {
  try {
    throw;
  } catch (const Failure& failure) {
    return failure;
  } catch (const c10::Error& error) {
    const std::string message = error.what_without_backtrace();
    const bool memory = message.find("not enough memory") != std::string::npos ||
                        message.find("can't allocate memory") != std::string::npos;
    return Failure(memory ? "OUT_OF_MEMORY" : "LIBTORCH", message);
  } catch (const std::bad_alloc&) {
    return Failure("OUT_OF_MEMORY", "Memory ran out");
  } catch (const std::exception& error) {
    return Failure("LIBTORCH", error.what());
  } catch (...) {
    return Failure("LIBTORCH", "Unknown failure");
  }
}

}  // namespace gillnet
