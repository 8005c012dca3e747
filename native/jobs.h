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
  Engine::Owner owner() const { return reinterpret_cast<Engine::Owner>(this); }

  /// Null once the environment has ended.
  std::shared_ptr<Engine> engine_ = Engine::Shared();
  Napi::ThreadSafeFunction deliver_;
  /// While it is above zero the process stays alive.
  int pending_ = 0;
};

/// An object that the engine thread makes, uses and ends, as JavaScript's thread holds it.
template <typename Object>
class Made {
 public:
  /// What `make()` will give, behind the jobs that were posted before.
  template <typename Make>
  static std::shared_ptr<Made> By(Jobs& jobs, Make make) {
    auto made = std::make_shared<Made>();
    jobs.Post([made, make = std::move(make)] {
      try {
        made->object_ = make();
      } catch (...) {
        made->failure_ = CurrentFailure();
      }
    });
    return made;
  }

  /// Engine thread only. Throws what making it threw.
  Object& Get() const {
    if (failure_) throw Failure(*failure_);
    return *object_;
  }

  /// Ends it on the engine thread, after the jobs that still use it; `made` is empty from now on.
  static void End(Jobs& jobs, std::shared_ptr<Made>& made) {
    jobs.Post([ended = std::move(made)] { ended->object_.reset(); });
    made.reset();
  }

 private:
  std::unique_ptr<Object> object_;
  std::optional<Failure> failure_;
};

}  // namespace gillnet
