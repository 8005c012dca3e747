#include "group.h"

#include <optional>
#include <utility>

#include "argument_values.h"
#include "arguments.h"

namespace gillnet {

namespace {

/// Tells a group from any other object that JavaScript may hand over.
constexpr napi_type_tag kTag{0x9b1f6a0c5d3e4278, 0xa4c70e1d82b65f39};

Napi::Value ValueOf(Napi::Env env, const std::string& bytes) { return BytesOf(env, bytes.data(), bytes.size()); }

}  // namespace

Napi::Function Group::Define(Napi::Env env) {
  return DefineClass(env, "ProcessGroup",
                     {
                         InstanceMethod<&Group::Put>("put"),
                         InstanceMethod<&Group::Look>("look"),
                         InstanceMethod<&Group::Connect>("connect"),
                         InstanceMethod<&Group::Broadcast>("broadcast"),
                         InstanceMethod<&Group::Gather>("gather"),
                         InstanceMethod<&Group::Fail>("fail"),
                         InstanceMethod<&Group::Leave>("leave"),
                     });
}

std::shared_ptr<Made<ProcessGroup>> Group::From(const Napi::Value& value) {
  if (value.IsUndefined()) return nullptr;
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kTag)) {
    throw InvalidArgument("Expected a ProcessGroup for group but received something else");
  }
  return Unwrap(value.As<Napi::Object>())->Kept();
}

Group::Group(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<Group>(info), Holder<ProcessGroup>(info.Env(), "The group was left") {
  try {
    const Rendezvous rendezvous = RendezvousFrom(info[0]);
    Value().TypeTag(&kTag);
    Begin([rendezvous] { return ProcessGroup::At(rendezvous); });
  } catch (const Failure& failure) {
    throw ErrorOf(info.Env(), failure);
  }
}

Napi::Value Group::Put(const Napi::CallbackInfo& info) {
  return Run(
      info,
      [&](Napi::Array&) {
        return [key = TextFrom(info[0], "key"), value = BytesFrom(info[1], "value")](ProcessGroup& group) {
          group.Put(key, value);
        };
      },
      Undefined);
}

Napi::Value Group::Look(const Napi::CallbackInfo& info) {
  return Run(
      info,
      [&](Napi::Array&) { return [key = TextFrom(info[0], "key")](ProcessGroup& group) { return group.Look(key); }; },
      [](Napi::Env env, const std::optional<std::string>& value) { return value ? ValueOf(env, *value) : env.Null(); });
}

Napi::Value Group::Connect(const Napi::CallbackInfo& info) {
  return Run(info, [](Napi::Array&) { return [](ProcessGroup& group) { group.Connect(); }; }, Undefined);
}

Napi::Value Group::Broadcast(const Napi::CallbackInfo& info) {
  return Run(
      info,
      [&](Napi::Array&) {
        return [bytes = BytesFrom(info[0], "bytes")](ProcessGroup& group) { return group.Broadcast(bytes); };
      },
      ValueOf);
}

Napi::Value Group::Gather(const Napi::CallbackInfo& info) {
  return Run(
      info,
      [&](Napi::Array&) {
        return [bytes = BytesFrom(info[0], "bytes")](ProcessGroup& group) { return group.AllGather(bytes); };
      },
      [](Napi::Env env, const std::vector<std::string>& all) -> Napi::Value {
        Napi::Array array = Napi::Array::New(env, all.size());
        for (std::uint32_t rank = 0; rank < all.size(); ++rank) array.Set(rank, ValueOf(env, all[rank]));
        return array;
      });
}

Napi::Value Group::Fail(const Napi::CallbackInfo& info) {
  return Run(
      info,
      [&](Napi::Array&) { return [reason = TextFrom(info[0], "reason")](ProcessGroup& group) { group.Fail(reason); }; },
      Undefined);
}

void Group::Leave(const Napi::CallbackInfo&) { End(); }

}  // namespace gillnet
