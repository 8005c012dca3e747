#pragma once

#include <napi.h>

#include <cstdint>

#include "jobs.h"
#include "learner.h"

namespace gillnet {

/// The object that JavaScript holds. Methods check their arguments, then run on the engine thread
/// in the order of the calls; every failure rejects the promise.
class Classifier : public Napi::ObjectWrap<Classifier>, private Holder<Learner> {
 public:
  static Napi::Function Define(Napi::Env env);

  explicit Classifier(const Napi::CallbackInfo& info);
  ~Classifier() override;

 private:
  Napi::Value TrainStep(const Napi::CallbackInfo& info);
  Napi::Value StartStep(const Napi::CallbackInfo& info);
  Napi::Value FinishStep(const Napi::CallbackInfo& info);
  Napi::Value Evaluate(const Napi::CallbackInfo& info);
  Napi::Value Predict(const Napi::CallbackInfo& info);
  Napi::Value Features(const Napi::CallbackInfo& info);
  Napi::Value Explain(const Napi::CallbackInfo& info);
  Napi::Value Calibrate(const Napi::CallbackInfo& info);
  Napi::Value Quantize(const Napi::CallbackInfo& info);
  Napi::Value State(const Napi::CallbackInfo& info);
  Napi::Value SetState(const Napi::CallbackInfo& info);
  Napi::Value OptimizerState(const Napi::CallbackInfo& info);
  Napi::Value SetOptimizerState(const Napi::CallbackInfo& info);
  void Dispose(const Napi::CallbackInfo& info);

  /// Work of a step, by (learner.*method)(batch, options, group).
  template <typename Method>
  auto Step(const Napi::CallbackInfo& info, Napi::Array& kept, Method method);

  /// Run with work on the batch that is given first, by (learner.*method)(batch).
  template <typename Method, typename Convert>
  Napi::Value OfBatch(const Napi::CallbackInfo& info, bool needs_labels, Method method, Convert convert);

  void Release(Napi::Env env);

  std::int64_t classes_ = 0;
  /// Of the learner, as the garbage collector is told.
  std::int64_t native_bytes_ = 0;
};

}  // namespace gillnet
