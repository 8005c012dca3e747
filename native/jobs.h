#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine.h"
#include "learner.h"

namespace gillnet {

/// A JavaScript Error with the failure's `code`.
Napi::Error ErrorOf(Napi::Env env, const Failure& failure);

Napi::Value Rejected(Napi::Env env, const Napi::Error& error);

Napi::Value FloatsOf(Napi::Env env, const std::vector<float>& values);

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
      auto result = std::make_shared<std::optional<decltype(work())>>();
      return Start(
          env, kept, [work = std::move(work), result] { result->emplace(work()); },
          [convert = std::move(convert), result](Napi::Env env) {
            return convert(env, std::move(**result));
          });
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

}  // namespace gillnet
