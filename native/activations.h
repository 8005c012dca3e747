#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "instruction_sets.h"

namespace gillnet {

/*
 * Values of activations, float32 or bfloat16, as what Vectorized() runs reads and writes them: arithmetic is float32.
 */

/// The upper half of a float32.
struct BFloat16 {
  std::uint16_t bits;
};

GILLNET_INLINE float Load(const float& value) { return value; }

GILLNET_INLINE float Load(const BFloat16& value) {
  const std::uint32_t bits = std::uint32_t{value.bits} << 16;
  float result;
  std::memcpy(&result, &bits, sizeof(result));
  return result;
}

GILLNET_INLINE void Store(float& to, float value) { to = value; }

/// To the nearest, of two equally near to the even one.
GILLNET_INLINE void Store(BFloat16& to, float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  to.bits = static_cast<std::uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

/// Keeps NaN, which must reach the loss.
GILLNET_INLINE float Relu(float value) { return value <= 0 ? 0 : value; }

/// Calls work(T{}) with the type of the tensor's values.
template <typename Work>
void ByType(const at::Tensor& tensor, const Work& work) {
  if (tensor.scalar_type() == at::kBFloat16) {
    work(BFloat16{});
  } else {
    work(float{});
  }
}

/// Calls work(std::true_type or std::false_type).
template <typename Work>
void ByFlag(bool flag, const Work& work) {
  if (flag) {
    work(std::true_type{});
  } else {
    work(std::false_type{});
  }
}

template <typename T>
T* ValuesOf(const at::Tensor& tensor) {
  return tensor.defined() ? static_cast<T*>(tensor.data_ptr()) : nullptr;
}

}  // namespace gillnet
