#include "jobs.h"

#include <cstring>

namespace gillnet {

struct Jobs::Pending {
  Napi::Promise::Deferred deferred;
  Napi::ObjectReference kept;
  std::function<Napi::Value(Napi::Env)> convert;
  std::optional<Failure> failure;
};

std::shared_ptr<Jobs> Jobs::Of(Napi::Env env) {
  using Holder = std::shared_ptr<Jobs>;
  auto* holder = env.GetInstanceData<Holder>();
  if (!holder) {
    holder = new Holder(std::make_shared<Jobs>(env));
    env.SetInstanceData(holder);
  }
  return *holder;
}

Jobs::Jobs(Napi::Env env) : deliver_(Napi::ThreadSafeFunction::New(env, Napi::Function(), "gillnet", 0, 1)) {
  deliver_.Unref(env);
  // Added after the function's own hook, and so run before it: the function is still there.
  env.AddCleanupHook([this] { Close(); });
  // process.exit() runs no cleanup hooks.
  const auto process = env.Global().Get("process").As<Napi::Object>();
  const auto close = Napi::Function::New(env, [this](const Napi::CallbackInfo&) { Close(); });
  process.Get("once").As<Napi::Function>().Call(process, {Napi::String::New(env, "exit"), close});
}

void Jobs::Close() {
  if (!engine_) return;
  engine_->Drain(this);
  deliver_.Release();
  engine_.reset();
}

Napi::Value Jobs::Start(Napi::Env env, Napi::Object kept, std::function<void()> work,
                        std::function<Napi::Value(Napi::Env)> convert) {
  if (!engine_) throw Failure("DISPOSED", "The process is ending");
  auto* pending =
      new Pending{Napi::Promise::Deferred::New(env), Napi::Persistent(kept), std::move(convert), std::nullopt};
  const Napi::Promise promise = pending->deferred.Promise();
  if (pending_++ == 0) deliver_.Ref(env);
  engine_->Post(this, [this, pending, work = std::move(work)] {
    try {
      work();
    } catch (...) {
      pending->failure = CurrentFailure();
    }
    deliver_.BlockingCall(pending, [this](Napi::Env env, Napi::Function, Pending* pending) {
      // Without an environment nobody can be told, and its references are gone already.
      if (env) Settle(env, pending);
    });
  });
  return promise;
}

void Jobs::Settle(Napi::Env env, Pending* pending) {
  const std::unique_ptr<Pending> owned(pending);
  const Napi::HandleScope scope(env);
  if (--pending_ == 0) deliver_.Unref(env);
  try {
    try {
      if (owned->failure) throw ErrorOf(env, *owned->failure);
      owned->deferred.Resolve(owned->convert(env));
    } catch (const Napi::Error& error) {
      owned->deferred.Reject(error.Value());
    }
  } catch (const Napi::Error&) {
    // A worker that is being terminated: it runs nothing more, and nobody waits for the promise.
  }
}

void Jobs::Post(std::function<void()> work) {
  if (engine_) {
    engine_->Post(this, std::move(work));
  } else {
    work();
  }
}

Napi::Error ErrorOf(Napi::Env env, const Failure& failure) {
  Napi::Error error = Napi::Error::New(env, failure.what());
  error.Set("code", Napi::String::New(env, failure.code()));
  return error;
}

Napi::Value Rejected(Napi::Env env, const Napi::Error& error) {
  auto deferred = Napi::Promise::Deferred::New(env);
  deferred.Reject(error.Value());
  return deferred.Promise();
}

Napi::Value FloatsOf(Napi::Env env, const std::vector<float>& values) {
  Napi::Float32Array array = Napi::Float32Array::New(env, values.size());
  if (!values.empty()) std::memcpy(array.Data(), values.data(), values.size() * sizeof(float));
  return array;
}

Napi::Value BytesOf(Napi::Env env, const void* bytes, std::size_t size) {
  Napi::Uint8Array array = Napi::Uint8Array::New(env, size);
  if (size > 0) std::memcpy(array.Data(), bytes, size);
  return array;
}

}  // namespace gillnet
