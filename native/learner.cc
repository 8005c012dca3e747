#include "learner.h"

#include <ATen/ATen.h>
#include <c10/util/StringUtil.h>

#include <unordered_map>

#include "allocator.h"
#include "backend.h"
#include "libtorch_compat.h"

namespace gillnet {

namespace {

std::vector<float> ValuesOf(const at::Tensor& tensor) {
  const at::Tensor dense = tensor.to(at::kCPU).contiguous();
  const float* values = dense.data_ptr<float>();
  return std::vector<float>(values, values + dense.numel());
}

TensorBytes::Type TypeOf(const at::Tensor& tensor) {
  return tensor.scalar_type() == at::kLong ? TensorBytes::Type::kInt64 : TensorBytes::Type::kFloat32;
}

const char* NameOf(TensorBytes::Type type) { return type == TensorBytes::Type::kInt64 ? "int64" : "float32"; }

StateBytes BytesOf(const std::vector<NamedTensor>& state) {
  StateBytes bytes;
  for (const auto& [name, tensor] : state) {
    // A copy of its own: the next job may change the original before JavaScript reads this.
    const at::Tensor here = tensor.to(at::kCPU);
    auto copy = std::make_shared<at::Tensor>(
        here.is_same(tensor) || !here.is_contiguous() ? here.clone(at::MemoryFormat::Contiguous) : here);
    bytes.push_back({name, TypeOf(tensor), tensor.sizes().vec(), static_cast<const std::uint8_t*>(copy->data_ptr()),
                     copy->nbytes(), copy});
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
      throw InvalidArgument(c10::str("Expected ", NameOf(TypeOf(tensor)), " ", tensor.sizes(), " for tensor ", name,
                                     " but received ", NameOf(bytes.type), " ", at::IntArrayRef(bytes.shape)));
    }
    auto* data = const_cast<std::uint8_t*>(bytes.data);
    pairs.emplace_back(tensor, at::from_blob(data, bytes.shape, tensor.scalar_type()));
  }
  if (!by_name.empty()) {
    throw InvalidArgument("There is no tensor named " + by_name.begin()->first);
  }
  return pairs;
}

/// The optimiser's tensors that were given, in the order of `expected`. Throws where one is missing, too.
std::vector<at::Tensor> AllOf(const std::vector<NamedTensor>& expected, const StateBytes& given) {
  const auto pairs = Matched(expected, given);
  if (pairs.size() != expected.size()) {
    throw InvalidArgument("Expected " + std::to_string(expected.size()) +
                          " tensors of the optimizer's state but received " + std::to_string(pairs.size()));
  }
  std::vector<at::Tensor> tensors;
  for (const auto& pair : pairs) tensors.push_back(pair.second);
  return tensors;
}

}  // namespace

std::array<bool, kGroups> StepOptions::Trained() const {
  std::array<bool, kGroups> trained{};
  for (std::size_t group = 0; group < kGroups; ++group) trained[group] = factors[group] > 0;
  return trained;
}

Learner::Learner(const LearnerOptions& options)
    : backend_(options.device.kind == DeviceOptions::Kind::kProcessor ? ProcessorBackend(options)
                                                                      : AcceleratorBackend(options)) {}

Learner::~Learner() {
  backend_.reset();
  ReleaseIdleMemory();
}

void Learner::StartStep(const Batch& batch, const StepOptions& options, ProcessGroup* group) {
  backend_->StartStep(batch, options, group);
  started_ += 1;
}

Learner::Trained Learner::FinishStep() {
  if (started_ == 0) throw InvalidArgument("No step was begun that is not finished");
  started_ -= 1;
  return backend_->FinishStep();
}

Learner::Trained Learner::TrainStep(const Batch& batch, const StepOptions& options, ProcessGroup* group) {
  if (started_ > 0) throw InvalidArgument("A step was begun that is not finished");
  StartStep(batch, options, group);
  return FinishStep();
}

Learner::Evaluated Learner::Evaluate(const Batch& batch) {
  Evaluated evaluated{0, {}};
  backend_->Run([&] {
    const at::Tensor logits = backend_->Infer(batch).logits.to(at::kCPU);
    if (batch.labels) evaluated.loss = CrossEntropy(logits, LabelsOf(batch), at::Reduction::Sum, 0).item<float>();
    evaluated.logits = ValuesOf(logits);
  });
  return evaluated;
}

std::vector<float> Learner::Features(const Batch& batch) {
  std::vector<float> features;
  backend_->Run([&] { features = ValuesOf(backend_->Infer(batch).pooled); });
  return features;
}

Learner::Explained Learner::Explain(const Batch& batch) {
  Explained explained;
  backend_->Run([&] {
    const Inferred inferred = backend_->Infer(batch);
    const at::Tensor classes = LabelsOf(batch).to(inferred.features.device());
    const at::Tensor maps = backend_->Of().ClassActivation(inferred.features, classes);
    explained = {ValuesOf(inferred.logits), ValuesOf(maps), maps.size(1), maps.size(2)};
  });
  return explained;
}

std::vector<float> Learner::Calibrate(const Batch& batch) { return backend_->Calibrate(batch); }

void Learner::Quantize(const std::vector<float>& maxima) { backend_->Quantize(maxima); }

StateBytes Learner::State() const {
  StateBytes bytes;
  backend_->Run([&] { bytes = BytesOf(backend_->Of().State()); });
  return bytes;
}

void Learner::SetState(const StateBytes& state) {
  const auto pairs = Matched(backend_->Of().State(), state);
  backend_->Forget();
  backend_->Run([&] {
    for (auto& [tensor, given] : pairs) tensor.copy_(given);
  });
}

StateBytes Learner::OptimizerState() const {
  StateBytes bytes;
  backend_->Run([&] { bytes = BytesOf(backend_->State().State()); });
  return bytes;
}

void Learner::SetOptimizerState(const StateBytes& state) {
  backend_->Forget();
  backend_->Run([&] {
    gillnet::OptimizerState& optimizer = backend_->State();
    const auto given = AllOf(state.empty() ? std::vector<NamedTensor>{} : optimizer.Template(), state);
    if (!given.empty()) {
      const at::Tensor& steps = given[0];
      if (steps.min().item<std::int64_t>() < 0 || steps.max().item<std::int64_t>() < 1) {
        throw InvalidArgument("Expected steps of 0 or above, and one above 0, in the optimizer's state");
      }
    }
    optimizer.SetState(given);
  });
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
                        message.find("can't allocate memory") != std::string::npos ||
                        message.find("out of memory") != std::string::npos;
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
