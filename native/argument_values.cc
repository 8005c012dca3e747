#include "argument_values.h"

#include <cmath>

namespace gillnet {

namespace {

std::string Described(const Napi::Value& value) {
  switch (value.Type()) {
    case napi_undefined:
      return "undefined";
    case napi_null:
      return "null";
    case napi_boolean:
      return value.ToString().Utf8Value() + " of type boolean";
    case napi_number:
      return value.ToString().Utf8Value() + " of type number";
    case napi_string:
      return "a string";
    case napi_function:
      return "a function";
    case napi_object:
      return value.IsTypedArray() ? "another typed array" : "an object";
    default:
      return "another type";
  }
}

}  // namespace

Failure Unexpected(const char* expected, const std::string& name, const Napi::Value& value) {
  return InvalidArgument("Expected " + std::string(expected) + " for " + name + " but received " + Described(value));
}

Napi::Object ObjectFrom(const Napi::Value& value, const char* name) {
  if (!value.IsObject() || value.IsTypedArray()) throw Unexpected("an object", name, value);
  return value.As<Napi::Object>();
}

bool BooleanFrom(const Napi::Value& value, const char* name) {
  if (!value.IsBoolean()) throw Unexpected("true or false", name, value);
  return value.As<Napi::Boolean>();
}

double NumberFrom(const Napi::Value& value, const std::string& name, const char* expected, double low, double high) {
  if (!value.IsNumber()) throw Unexpected(expected, name, value);
  const double number = value.As<Napi::Number>().DoubleValue();
  if (!(number >= low && number <= high)) throw Unexpected(expected, name, value);
  return number;
}

std::int64_t IntegerFrom(const Napi::Value& value, const std::string& name, const char* expected, double low,
                         double high) {
  const double number = NumberFrom(value, name, expected, low, high);
  if (number != std::floor(number)) throw Unexpected(expected, name, value);
  return static_cast<std::int64_t>(number);
}

double OptionalNumber(const Napi::Object& object, const char* name, double fallback, double low, double high,
                      const char* expected) {
  const Napi::Value value = object.Get(name);
  return value.IsUndefined() ? fallback : NumberFrom(value, name, expected, low, high);
}

bool OptionalBoolean(const Napi::Object& object, const char* name, bool fallback) {
  const Napi::Value value = object.Get(name);
  return value.IsUndefined() ? fallback : BooleanFrom(value, name);
}

std::string TextFrom(const Napi::Value& value, const char* name) {
  if (!value.IsString()) throw Unexpected("a string", name, value);
  return value.As<Napi::String>().Utf8Value();
}

std::string BytesFrom(const Napi::Value& value, const char* name) {
  const auto array = ArrayFrom<std::uint8_t>(value, name);
  return std::string(reinterpret_cast<const char*>(array.Data()), array.ByteLength());
}

}  // namespace gillnet
