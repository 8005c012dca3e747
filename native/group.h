#pragma once

#include <napi.h>

#include <memory>

#include "jobs.h"
#include "process_group.h"

namespace gillnet {

/// The ranks of a training as JavaScript holds them. Methods check their arguments, then run on the engine thread in
/// the order of the calls, between those of classifiers.
class Group : public Napi::ObjectWrap<Group>, private Holder<ProcessGroup> {
 public:
  static Napi::Function Define(Napi::Env env);

  /// Null for undefined. Throws Failure INVALID_ARGUMENT for anything else than a group, DISPOSED after leave().
  static std::shared_ptr<Made<ProcessGroup>> From(const Napi::Value& value);

  explicit Group(const Napi::CallbackInfo& info);

 private:
  Napi::Value Put(const Napi::CallbackInfo& info);
  Napi::Value Look(const Napi::CallbackInfo& info);
  Napi::Value Connect(const Napi::CallbackInfo& info);
  Napi::Value Broadcast(const Napi::CallbackInfo& info);
  Napi::Value Gather(const Napi::CallbackInfo& info);
  Napi::Value Fail(const Napi::CallbackInfo& info);
  void Leave(const Napi::CallbackInfo& info);
};

}  // namespace gillnet
