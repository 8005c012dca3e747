#include <immintrin.h>

#include "quantized_tile.h"

namespace gillnet::kernels {

namespace {

/// AVX512-VNNI's vpdpbusd.
struct IsaVnni512 {
  using Integers = __m512i;
  using Floats = __m512;
  static constexpr int kLanes = 16;
  static Integers Zero() { return _mm512_setzero_si512(); }
  static Integers Load(const std::int8_t* from) { return _mm512_loadu_si512(from); }
  static Integers Broadcast(const std::uint8_t* from) {
    int four;
    __builtin_memcpy(&four, from, sizeof(four));
    return _mm512_set1_epi32(four);
  }
  static Integers MultiplyAdd(Integers values, Integers weights, Integers sum) {
    return _mm512_dpbusd_epi32(sum, values, weights);
  }
  static Integers LoadIntegers(const std::int32_t* from) { return _mm512_load_si512(from); }
  static void StoreIntegers(std::int32_t* to, Integers value) { _mm512_store_si512(to, value); }
  static Floats LoadFloats(const float* from) { return _mm512_loadu_ps(from); }
  static Floats LoadBytes(const std::uint8_t* from) {
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
  }
  static Floats Scaled(Integers sum, Floats scale, Floats bias) {
    return _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), scale, bias);
  }
  static Floats Positive(Floats value) { return _mm512_max_ps(_mm512_setzero_ps(), value); }
  static void StoreFloats(float* to, Floats value) { _mm512_storeu_ps(to, value); }
  static void StoreBytes(std::uint8_t* to, Floats value) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtusepi32_epi8(_mm512_cvtps_epi32(value)));
  }
  /// The bytes of a block of channels.
  static __m256i LoadBlock(const std::uint8_t* from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  }
  static __m256i Max(__m256i a, __m256i b) { return _mm256_max_epu8(a, b); }
  static void StoreBlock(std::uint8_t* to, __m256i bytes) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), bytes);
  }
};

constexpr QuantizedKernels kKernels = QuantizedKernelsOf<IsaVnni512, 1, 2, 3, 4, 5, 6, 7>(127);

}  // namespace

const QuantizedKernels* QuantizedAvx512() { return &kKernels; }

}  // namespace gillnet::kernels
