#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine.h"
#include "learner.h"

namespace gillnet {

/// A JavaScript Error with the failure's `code`.
Napi::Error ErrorOf(Napi::Env env, const Failure& failure);

Napi::Value Rejected(Napi::Env env, const Napi::Error& error);

Napi::Value FloatsOf(Napi::Env env, const std::vector<float>& values);
/// A Uint8Array with a copy.
Napi::Value BytesOf(Napi::Env env, const void* bytes, std::size_t size);

/// What work gives that gives nothing, and what a promise of it resolves with.
struct Nothing {};
inline Napi::Value Undefined(Napi::Env env, Nothing) { return env.Undefined(); }

template <typename Work>
auto Given(const Work& work) {
  if constexpr (std::is_void_v<decltype(work())>) {
    work();
    return Nothing{};
  } else {
    return work();
  }
}

/// Jobs of one JavaScript environment on the engine, each a promise. Made and used on its thread.
class Jobs {
 public:
  /// Those of this environment; they end with it.
  static std::shared_ptr<Jobs> Of(Napi::Env env);

  explicit Jobs(Napi::Env env);

  /// Runs `prepare(kept)` now, on JavaScript's thread, and the work that it gives on the engine thread, with
  /// what it put into `kept` alive until then. Resolves with what `convert(env, result)` makes of the work's
  /// result, or rejects with what either of the first two threw.
  template <typename Prepare, typename Convert>
  Napi::Value Run(Napi::Env env, Prepare prepare, Convert convert) {
    try {
      Napi::Array kept = Napi::Array::New(env);
      auto work = prepare(kept);
      auto result = std::make_shared<std::optional<decltype(Given(work))>>();
      return Start(
          env, kept, [work = std::move(work), result] { result->emplace(Given(work)); },
          [convert = std::move(convert), result](Napi::Env env) { return convert(env, std::move(**result)); });
    } catch (const Failure& failure) {
      return Rejected(env, ErrorOf(env, failure));
    } catch (const Napi::Error& error) {
      // Thrown by the arguments' own code, such as a getter.
      return Rejected(env, error);
    }
  }

  /// Runs `work` on the engine thread, and at once when the environment has ended; nobody waits for it.
  void Post(std::function<void()> work);

 private:
  struct Pending;

  /// Drops what waits and waits for what runs, so that no thread is inside LibTorch while the process
  /// unloads it.
  void Close();

  Napi::Value Start(Napi::Env env, Napi::Object kept, std::function<void()> work,
                    std::function<Napi::Value(Napi::Env)> convert);
  void Settle(Napi::Env env, Pending* pending);

  /// Null once the environment has ended.
  std::shared_ptr<Engine> engine_ = Engine::Shared();
  Napi::ThreadSafeFunction deliver_;
  /// While it is above zero the process stays alive.
  int pending_ = 0;
};

/// An object that the engine thread alone makes, uses and ends.
template <typename Object>
struct Made {
  std::unique_ptr<Object> object;
  std::optional<Failure> failure;

  /// Throws what making it threw.
  Object& Get() const {
    if (failure) throw Failure(*failure);
    return *object;
  }
};

/// What stands behind a JavaScript object.
template <typename Object>
class Holder {
 protected:
  /// @param gone what calls are told once it has ended
  Holder(Napi::Env env, const char* gone) : jobs_(Jobs::Of(env)), gone_(gone) {}
  ~Holder() { End(); }

  /// Makes it by `make()`, behind the jobs that were posted before.
  template <typename Make>
  void Begin(Make make) {
    made_ = std::make_shared<Made<Object>>();
    jobs_->Post([made = made_, make = std::move(make)] {
      try {
        made->object = make();
      } catch (...) {
        made->failure = CurrentFailure();
      }
    });
  }

  /// Ends it, after the jobs that still use it. Idempotent.
  void End() {
    if (made_) jobs_->Post([ended = std::move(made_)] { ended->object.reset(); });
  }

  /// Throws DISPOSED once it has ended.
  std::shared_ptr<Made<Object>> Kept() const {
    if (!made_) throw Failure("DISPOSED", gone_);
    return made_;
  }

  /// Jobs::Run with work that gets the object; rejects once it has ended.
  template <typename Prepare, typename Convert>
  Napi::Value Run(const Napi::CallbackInfo& info, Prepare prepare, Convert convert) {
    return jobs_->Run(
        info.Env(),
        [&](Napi::Array& kept) {
          const auto made = Kept();
          return [made, work = prepare(kept)] { return work(made->Get()); };
        },
        std::move(convert));
  }

 private:
  std::shared_ptr<Jobs> jobs_;
  const char* gone_;
  /// Empty once it has ended.
  std::shared_ptr<Made<Object>> made_;
};

}  // namespace gillnet
