#pragma once

#include <immintrin.h>

#include "quantized_tile.h"

// Included by one file for each way to multiply in 256 bits: see tile.h.

namespace gillnet::kernels {

/// All but the multiplication. 16 registers: 2 × 3 pixels × 2 sums, two of weights, and the pixel.
struct Isa256 {
  using Integers = __m256i;
  using Floats = __m256;
  static constexpr int kLanes = 8;
  static Integers Zero() { return _mm256_setzero_si256(); }
  static Integers Load(const std::int8_t* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); }
  static Integers Broadcast(const std::uint8_t* from) {
    int four;
    __builtin_memcpy(&four, from, sizeof(four));
    return _mm256_set1_epi32(four);
  }
  static Integers LoadIntegers(const std::int32_t* from) {
    return _mm256_load_si256(reinterpret_cast<const __m256i*>(from));
  }
  static void StoreIntegers(std::int32_t* to, Integers value) {
    _mm256_store_si256(reinterpret_cast<__m256i*>(to), value);
  }
  static Floats LoadFloats(const float* from) { return _mm256_loadu_ps(from); }
  static Floats LoadBytes(const std::uint8_t* from) {
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from))));
  }
  static Floats Scaled(Integers sum, Floats scale, Floats bias) {
    return _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum), scale, bias);
  }
  static Floats Positive(Floats value) { return _mm256_max_ps(_mm256_setzero_ps(), value); }
  static void StoreFloats(float* to, Floats value) { _mm256_storeu_ps(to, value); }
  static void StoreBytes(std::uint8_t* to, Floats value) {
    const __m256i whole = _mm256_cvtps_epi32(value);
    const __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256(whole, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm_packus_epi16(words, words));
  }
  /// The bytes of a block of channels.
  static __m128i LoadBlock(const std::uint8_t* from) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)); }
  static __m128i Max(__m128i a, __m128i b) { return _mm_max_epu8(a, b); }
  static void StoreBlock(std::uint8_t* to, __m128i bytes) { _mm_storeu_si128(reinterpret_cast<__m128i*>(to), bytes); }
};

}  // namespace gillnet::kernels
