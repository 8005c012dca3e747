#pragma once

#include <napi.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>

#include "failure.h"

namespace gillnet {

/// What JavaScript hands over, value by value. Each throws a Failure INVALID_ARGUMENT that says what was expected for
/// `name` and what was received.

constexpr double kMaxSafeInteger = 9007199254740991.0;
constexpr std::int64_t kMaxEdge = 1 << 14;
constexpr double kMaxClasses = 100000;
constexpr const char* kClassCounts = "a whole number from 1 to 100000";

Failure Unexpected(const char* expected, const std::string& name, const Napi::Value& value);

Napi::Object ObjectFrom(const Napi::Value& value, const char* name);
bool BooleanFrom(const Napi::Value& value, const char* name);
double NumberFrom(const Napi::Value& value, const std::string& name, const char* expected, double low, double high);
std::int64_t IntegerFrom(const Napi::Value& value, const std::string& name, const char* expected, double low,
                         double high);
double OptionalNumber(const Napi::Object& object, const char* name, double fallback, double low, double high,
                      const char* expected);
bool OptionalBoolean(const Napi::Object& object, const char* name, bool fallback);

/// The choice that a string names.
template <typename Choice>
Choice ChoiceFrom(const Napi::Value& value, const std::string& name, const char* expected,
                  std::initializer_list<std::pair<const char*, Choice>> choices) {
  const std::string given = value.IsString() ? value.As<Napi::String>().Utf8Value() : "";
  for (const auto& [text, choice] : choices) {
    if (given == text) return choice;
  }
  throw Unexpected(expected, name, value);
}

/// Copies.
std::string TextFrom(const Napi::Value& value, const char* name);
std::string BytesFrom(const Napi::Value& value, const char* name);

/// The type of arrays of such values, and what is expected where it is another.
inline std::pair<napi_typedarray_type, const char*> ArrayType(float) { return {napi_float32_array, "a Float32Array"}; }
inline std::pair<napi_typedarray_type, const char*> ArrayType(std::int32_t) {
  return {napi_int32_array, "an Int32Array"};
}
inline std::pair<napi_typedarray_type, const char*> ArrayType(std::uint8_t) {
  return {napi_uint8_array, "a Uint8Array"};
}

template <typename Value>
Napi::TypedArrayOf<Value> ArrayFrom(const Napi::Value& value, const char* name) {
  const auto [type, expected] = ArrayType(Value{});
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) {
    throw Unexpected(expected, name, value);
  }
  return value.As<Napi::TypedArrayOf<Value>>();
}

/// The typed array's values, `count` of them, and the array into `kept`. What runs JavaScript, as reading a property
/// does, may take the values away: it has to be done before.
template <typename Value>
const Value* ValuesFrom(const Napi::Value& value, const char* name, std::int64_t count, Napi::Array& kept) {
  const auto array = ArrayFrom<Value>(value, name);
  if (static_cast<std::int64_t>(array.ElementLength()) != count) {
    throw InvalidArgument("Expected " + std::to_string(count) + " values for " + name + " but received " +
                          std::to_string(array.ElementLength()));
  }
  kept.Set(kept.Length(), array);
  return array.Data();
}

/// The same; null when absent.
template <typename Value>
const Value* OptionalValues(const Napi::Value& value, const char* name, std::int64_t count, Napi::Array& kept) {
  return value.IsUndefined() ? nullptr : ValuesFrom<Value>(value, name, count, kept);
}

}  // namespace gillnet
