#include "kernels.h"

#include <immintrin.h>

#include "tile.h"
#include "winograd.h"

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

template <int kRuns, int kPixels>
constexpr auto kTile = RunTile<Isa512, kRuns, kPixels>;

constexpr Kernels kKernels{
    "avx512",
    2 * Isa512::kLanes,
    7,
    {{kTile<1, 1>, kTile<1, 2>, kTile<1, 3>, kTile<1, 4>, kTile<1, 5>, kTile<1, 6>, kTile<1, 7>},
     {kTile<2, 1>, kTile<2, 2>, kTile<2, 3>, kTile<2, 4>, kTile<2, 5>, kTile<2, 6>, kTile<2, 7>}},
    WinogradOf<Isa512, Winograd2>(),
    WinogradOf<Isa512, Winograd4>(),
    MaxOf3x3<Isa512>,
    Sum<Isa512>,
};

}  // namespace

const Kernels* Avx512() { return &kKernels; }

}  // namespace gillnet::kernels
