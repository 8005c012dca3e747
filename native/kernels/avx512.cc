#include <immintrin.h>

#include "tile.h"

namespace gillnet::kernels {

namespace {

/// 32 registers: 2 × 7 pixels × 2 sums, two of weights, and the pixel comes with the instruction.
struct Isa512 {
  using Vector = __m512;
  static constexpr int kLanes = 16;
  static Vector Zero() { return _mm512_setzero_ps(); }
  static Vector Load(const float* from) { return _mm512_loadu_ps(from); }
  static Vector Broadcast(const float* from) { return _mm512_set1_ps(*from); }
  static Vector MultiplyAdd(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
  static Vector Max(Vector a, Vector b) { return _mm512_max_ps(a, b); }
  static void Store(float* to, Vector value) { _mm512_storeu_ps(to, value); }
};

constexpr Kernels kKernels = KernelsOf<Isa512, 1, 2, 3, 4, 5, 6, 7>("avx512");

}  // namespace

const Kernels* Avx512() { return &kKernels; }

}  // namespace gillnet::kernels
