#include <immintrin.h>

#include "tile.h"

namespace gillnet::kernels {

namespace {

/// 16 registers: 2 × 3 pixels × 2 sums, two of weights and one pixel.
struct Isa256 {
  using Vector = __m256;
  static constexpr int kLanes = 8;
  static Vector Zero() { return _mm256_setzero_ps(); }
  static Vector Load(const float* from) { return _mm256_loadu_ps(from); }
  static Vector Broadcast(const float* from) { return _mm256_broadcast_ss(from); }
  static Vector MultiplyAdd(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
  static Vector Max(Vector a, Vector b) { return _mm256_max_ps(a, b); }
  static void Store(float* to, Vector value) { _mm256_storeu_ps(to, value); }
};

constexpr Kernels kKernels = KernelsOf<Isa256, 1, 2, 3>("avx2");

}  // namespace

const Kernels* Avx2() { return &kKernels; }

}  // namespace gillnet::kernels
