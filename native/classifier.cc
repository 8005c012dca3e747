#include "classifier.h"

#include <utility>

#include "arguments.h"
#include "group.h"

namespace gillnet {

namespace {

/// Weight, gradient and Adam's two averages, each float32.
constexpr std::int64_t kBytesPerParameter = 16;

Napi::Value StateOf(Napi::Env env, const StateBytes& state) {
  Napi::Object object = Napi::Object::New(env);
  for (const TensorBytes& tensor : state) {
    Napi::Array shape = Napi::Array::New(env, tensor.shape.size());
    for (std::uint32_t i = 0; i < tensor.shape.size(); ++i) {
      shape.Set(i, static_cast<double>(tensor.shape[i]));
    }
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("dtype", tensor.type == TensorBytes::Type::kInt64 ? "int64" : "float32");
    entry.Set("shape", shape);
    entry.Set("data", BytesOf(env, tensor.data, tensor.size));
    object.Set(tensor.name, entry);
  }
  return object;
}

Napi::Value TrainedOf(Napi::Env env, const Learner::Trained& trained) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("loss", trained.loss);
  object.Set("correct", static_cast<double>(trained.correct));
  object.Set("count", static_cast<double>(trained.count));
  object.Set("asked", trained.asked);
  return object;
}

Napi::Value EvaluatedOf(Napi::Env env, const Learner::Evaluated& evaluated) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("loss", evaluated.loss);
  object.Set("logits", FloatsOf(env, evaluated.logits));
  return object;
}

Napi::Value ExplainedOf(Napi::Env env, const Learner::Explained& explained) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("logits", FloatsOf(env, explained.logits));
  object.Set("maps", FloatsOf(env, explained.maps));
  object.Set("rows", static_cast<double>(explained.rows));
  object.Set("columns", static_cast<double>(explained.columns));
  return object;
}

}  // namespace

Napi::Function Classifier::Define(Napi::Env env) {
  return DefineClass(env, "Classifier",
                     {
                         InstanceMethod<&Classifier::TrainStep>("trainStep"),
                         InstanceMethod<&Classifier::StartStep>("startStep"),
                         InstanceMethod<&Classifier::FinishStep>("finishStep"),
                         InstanceMethod<&Classifier::Evaluate>("evaluate"),
                         InstanceMethod<&Classifier::Predict>("predict"),
                         InstanceMethod<&Classifier::Features>("features"),
                         InstanceMethod<&Classifier::Explain>("explain"),
                         InstanceMethod<&Classifier::Calibrate>("calibrate"),
                         InstanceMethod<&Classifier::Quantize>("quantize"),
                         InstanceMethod<&Classifier::State>("state"),
                         InstanceMethod<&Classifier::SetState>("setState"),
                         InstanceMethod<&Classifier::OptimizerState>("optimizerState"),
                         InstanceMethod<&Classifier::SetOptimizerState>("setOptimizerState"),
                         InstanceMethod<&Classifier::Dispose>("dispose"),
                     });
}

Classifier::Classifier(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<Classifier>(info),
      Holder<Learner>(info.Env(), "The classifier was disposed of; make another one") {
  try {
    const LearnerOptions options = LearnerOptionsFrom(info[0]);
    classes_ = options.classes;
    native_bytes_ = kBytesPerParameter * options.architecture.Parameters(options.classes);
    Napi::MemoryManagement::AdjustExternalMemory(info.Env(), native_bytes_);
    Begin([options] { return std::make_unique<Learner>(options); });
  } catch (const Failure& failure) {
    throw ErrorOf(info.Env(), failure);
  }
}

Classifier::~Classifier() { Release(Env()); }

void Classifier::Release(Napi::Env env) {
  End();
  Napi::MemoryManagement::AdjustExternalMemory(env, -std::exchange(native_bytes_, 0));
}

template <typename Method>
auto Classifier::Step(const Napi::CallbackInfo& info, Napi::Array& kept, Method method) {
  // First: a getter among the options may take the batch's memory away.
  const StepOptions options = StepOptionsFrom(info[1]);
  const auto group = Group::From(info[2]);
  const Batch batch = BatchFrom(info[0], classes_, /*needs_labels=*/true, kept, /*least=*/group ? 0 : 1);
  return [batch, options, group, method](Learner& learner) {
    return (learner.*method)(batch, options, group ? &group->Get() : nullptr);
  };
}

template <typename Method, typename Convert>
Napi::Value Classifier::OfBatch(const Napi::CallbackInfo& info, bool needs_labels, Method method, Convert convert) {
  return Run(
      info,
      [&](Napi::Array& kept) {
        return [batch = BatchFrom(info[0], classes_, needs_labels, kept), method](Learner& learner) {
          return (learner.*method)(batch);
        };
      },
      convert);
}

Napi::Value Classifier::TrainStep(const Napi::CallbackInfo& info) {
  return Run(info, [&](Napi::Array& kept) { return Step(info, kept, &Learner::TrainStep); }, TrainedOf);
}

Napi::Value Classifier::StartStep(const Napi::CallbackInfo& info) {
  return Run(info, [&](Napi::Array& kept) { return Step(info, kept, &Learner::StartStep); }, Undefined);
}

Napi::Value Classifier::FinishStep(const Napi::CallbackInfo& info) {
  return Run(info, [](Napi::Array&) { return [](Learner& learner) { return learner.FinishStep(); }; }, TrainedOf);
}

Napi::Value Classifier::Evaluate(const Napi::CallbackInfo& info) {
  return OfBatch(info, /*needs_labels=*/true, &Learner::Evaluate, EvaluatedOf);
}

Napi::Value Classifier::Predict(const Napi::CallbackInfo& info) {
  return OfBatch(info, /*needs_labels=*/false, &Learner::Evaluate,
                 [](Napi::Env env, const Learner::Evaluated& evaluated) { return FloatsOf(env, evaluated.logits); });
}

Napi::Value Classifier::Features(const Napi::CallbackInfo& info) {
  return OfBatch(info, /*needs_labels=*/false, &Learner::Features, FloatsOf);
}

Napi::Value Classifier::Explain(const Napi::CallbackInfo& info) {
  return OfBatch(info, /*needs_labels=*/true, &Learner::Explain, ExplainedOf);
}

Napi::Value Classifier::Calibrate(const Napi::CallbackInfo& info) {
  return OfBatch(info, /*needs_labels=*/false, &Learner::Calibrate, FloatsOf);
}

Napi::Value Classifier::Quantize(const Napi::CallbackInfo& info) {
  return Run(
      info,
      [&](Napi::Array&) { return [maxima = MaximaFrom(info[0])](Learner& learner) { learner.Quantize(maxima); }; },
      Undefined);
}

Napi::Value Classifier::State(const Napi::CallbackInfo& info) {
  return Run(info, [](Napi::Array&) { return [](Learner& learner) { return learner.State(); }; }, StateOf);
}

Napi::Value Classifier::SetState(const Napi::CallbackInfo& info) {
  return Run(
      info,
      [&](Napi::Array& kept) {
        return [state = StateFrom(info[0], kept)](Learner& learner) { learner.SetState(state); };
      },
      Undefined);
}

Napi::Value Classifier::OptimizerState(const Napi::CallbackInfo& info) {
  return Run(info, [](Napi::Array&) { return [](Learner& learner) { return learner.OptimizerState(); }; }, StateOf);
}

Napi::Value Classifier::SetOptimizerState(const Napi::CallbackInfo& info) {
  return Run(
      info,
      [&](Napi::Array& kept) {
        return [state = StateFrom(info[0], kept)](Learner& learner) { learner.SetOptimizerState(state); };
      },
      Undefined);
}

void Classifier::Dispose(const Napi::CallbackInfo& info) { Release(info.Env()); }

}  // namespace gillnet
