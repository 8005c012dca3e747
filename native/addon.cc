#include <napi.h>

#include "arguments.h"
#include "classifier.h"
#include "device.h"
#include "engine.h"
#include "group.h"
#include "jobs.h"
#include "kernels/kernels.h"
#include "learner.h"
#include "logistic_regression.h"
#include "processor.h"

namespace {

void SetThreads(const Napi::CallbackInfo& info) {
  try {
    gillnet::Engine::SetThreads(gillnet::ThreadsFrom(info[0]));
  } catch (const gillnet::Failure& failure) {
    throw gillnet::ErrorOf(info.Env(), failure);
  }
}

Napi::Value Threads(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), gillnet::Engine::Threads());
}

Napi::Value IsFasterInBfloat16(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), gillnet::IsFasterInBfloat16());
}

Napi::Value ProcessorFeatures(const Napi::CallbackInfo& info) {
  Napi::Array features = Napi::Array::New(info.Env());
  for (const std::string& feature : gillnet::ProcessorFeatures()) {
    features.Set(features.Length(), feature);
  }
  return features;
}

Napi::Value KernelSet(const Napi::CallbackInfo& info) {
  const gillnet::kernels::Kernels* best = gillnet::kernels::Best();
  return Napi::String::New(info.Env(), best ? best->name : "none");
}

Napi::Value CudaDevices(const Napi::CallbackInfo& info) {
  return gillnet::Jobs::Of(info.Env())
      ->Run(
          info.Env(), [](Napi::Array&) { return [] { return gillnet::CudaDevices(); }; },
          [](Napi::Env env, const std::vector<gillnet::CudaDevice>& devices) -> Napi::Value {
            Napi::Array array = Napi::Array::New(env, devices.size());
            for (std::uint32_t index = 0; index < devices.size(); ++index) {
              const auto& [name, memory, major, minor] = devices[index];
              Napi::Object device = Napi::Object::New(env);
              device.Set("name", name);
              device.Set("memory", static_cast<double>(memory));
              device.Set("capability", std::to_string(major) + "." + std::to_string(minor));
              array.Set(index, device);
            }
            return array;
          });
}

Napi::Value OutOfFold(const Napi::CallbackInfo& info) {
  return gillnet::Jobs::Of(info.Env())
      ->Run(
          info.Env(),
          [&](Napi::Array& kept) {
            return [folds = gillnet::FoldsFrom(info[0], kept)] { return gillnet::OutOfFold(folds); };
          },
          gillnet::FloatsOf);
}

Napi::Value FitHead(const Napi::CallbackInfo& info) {
  return gillnet::Jobs::Of(info.Env())
      ->Run(
          info.Env(),
          [&](Napi::Array& kept) {
            return [photos = gillnet::LabelledFeaturesFrom(info[0], kept)] { return gillnet::FitHead(photos); };
          },
          [](Napi::Env env, const gillnet::Head& head) -> Napi::Value {
            Napi::Object object = Napi::Object::New(env);
            object.Set("weight", gillnet::FloatsOf(env, head.weight));
            object.Set("bias", gillnet::FloatsOf(env, head.bias));
            object.Set("loss", head.loss);
            object.Set("correct", static_cast<double>(head.correct));
            return object;
          });
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("libtorchVersion", gillnet::LibTorchVersion());
  exports.Set("Classifier", gillnet::Classifier::Define(env));
  if (gillnet::ProcessGroup::IsAvailable()) exports.Set("ProcessGroup", gillnet::Group::Define(env));
  exports.Set("cudaDevices", Napi::Function::New<CudaDevices>(env, "cudaDevices"));
  exports.Set("outOfFold", Napi::Function::New<OutOfFold>(env, "outOfFold"));
  exports.Set("fitHead", Napi::Function::New<FitHead>(env, "fitHead"));
  exports.Set("setThreads", Napi::Function::New<SetThreads>(env, "setThreads"));
  exports.Set("threads", Napi::Function::New<Threads>(env, "threads"));
  exports.Set("isFasterInBfloat16", Napi::Function::New<IsFasterInBfloat16>(env, "isFasterInBfloat16"));
  exports.Set("processorFeatures", Napi::Function::New<ProcessorFeatures>(env, "processorFeatures"));
  exports.Set("kernels", Napi::Function::New<KernelSet>(env, "kernels"));
  return exports;
}

}  // namespace

NODE_API_MODULE(gillnet, Init)
