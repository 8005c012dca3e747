#include "kernels.h"

#include <immintrin.h>

#include "tile.h"
#include "winograd.h"

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

template <int kRuns, int kPixels>
constexpr auto kTile = RunTile<Isa256, kRuns, kPixels>;

constexpr Kernels kKernels{
    "avx2",
    2 * Isa256::kLanes,
    3,
    {{kTile<1, 1>, kTile<1, 2>, kTile<1, 3>}, {kTile<2, 1>, kTile<2, 2>, kTile<2, 3>}},
    WinogradOf<Isa256, Winograd2>(),
    WinogradOf<Isa256, Winograd4>(),
    MaxOf3x3<Isa256>,
    Sum<Isa256>,
};

}  // namespace

const Kernels* Avx2() { return &kKernels; }

}  // namespace gillnet::kernels
