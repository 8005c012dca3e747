#include <napi.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "fingerprint.h"

namespace {

using gillnet::fingerprint::FingerprintOf;
using gillnet::fingerprint::Raster;

/// More than anybody decodes a photo to for this.
constexpr double kMostEdge = 4096;

/// One photo's fingerprint, on one of libuv's threads.
class Work : public Napi::AsyncWorker {
 public:
  Work(Napi::Env env, Raster raster)
      : Napi::AsyncWorker(env, "gillnet.fingerprint"),
        deferred_(Napi::Promise::Deferred::New(env)),
        raster_(std::move(raster)) {}

  Napi::Promise promise() const { return deferred_.Promise(); }

  void Execute() override { fingerprint_ = FingerprintOf(raster_); }

  void OnOK() override {
    auto bytes = Napi::Uint8Array::New(Env(), fingerprint_.size());
    std::copy(fingerprint_.begin(), fingerprint_.end(), bytes.Data());
    deferred_.Resolve(bytes);
  }

  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

 private:
  Napi::Promise::Deferred deferred_;
  Raster raster_;
  std::vector<std::uint8_t> fingerprint_;
};

Napi::TypeError Refused(Napi::Env env, const std::string& expected) {
  auto error = Napi::TypeError::New(env, "Expected " + expected);
  error.Set("code", Napi::String::New(env, "INVALID_ARGUMENT"));
  return error;
}

int EdgeOf(const Napi::Value& value) {
  const double edge = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : 0;
  // False for what is not a number, too.
  if (edge >= 1 && edge <= kMostEdge && edge == static_cast<int>(edge)) return static_cast<int>(edge);
  throw Refused(value.Env(), "an edge of 1 to 4096 pixels");
}

/// fingerprint(pixels, width, height): the pixels are copied before it returns.
Napi::Value Fingerprint(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsTypedArray() || info[0].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    throw Refused(env, "the pixels as a Uint8Array");
  }
  const auto pixels = info[0].As<Napi::Uint8Array>();
  Raster raster(EdgeOf(info[1]), EdgeOf(info[2]));
  if (pixels.ElementLength() != raster.size()) throw Refused(env, "a byte for each pixel");
  std::copy_n(pixels.Data(), raster.size(), raster.values());
  auto* const work = new Work(env, std::move(raster));
  const Napi::Promise promise = work->promise();
  work->Queue();
  return promise;
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("fingerprint", Napi::Function::New<Fingerprint>(env, "fingerprint"));
  return exports;
}

}  // namespace

NODE_API_MODULE(gillnet_fingerprint, Init)
