#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "engine.h"
#include "learner.h"

namespace gillnet {

/// Jobs of one JavaScript environment on the engine, each a promise. Made and used on its thread.
class Jobs {
 public:
  /// Those of this environment; they end with it.
  static std::shared_ptr<Jobs> Of(Napi::Env env);

  explicit Jobs(Napi::Env env);

  /// Runs `work` on the engine thread and resolves with what `convert(env, result)` makes of its
  /// result, or rejects with the Failure it threw. `kept` and what it refers to live until then.
  template <typename Work, typename Convert>
  Napi::Value Run(Napi::Env env, Napi::Object kept, Work work, Convert convert) {
    using Result = decltype(work());
    auto result = std::make_shared<std::optional<Result>>();
    return Start(
        env, kept, [work = std::move(work), result] { result->emplace(work()); },
        [convert = std::move(convert), result](Napi::Env env) {
          return convert(env, std::move(**result));
        });
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

/// A JavaScript Error with the failure's `code`.
Napi::Error ErrorOf(Napi::Env env, const Failure& failure);

}  // namespace gillnet
