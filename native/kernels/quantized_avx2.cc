#include "quantized_256.h"

namespace gillnet::kernels {

namespace {

/// Three instructions for VNNI's one.
struct IsaAvx2 : Isa256 {
  static Integers MultiplyAdd(Integers values, Integers weights, Integers sum) {
    const Integers pairs = _mm256_maddubs_epi16(values, weights);
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
};

constexpr QuantizedKernels kKernels = QuantizedKernelsOf<IsaAvx2, 1, 2, 3>(64);

}  // namespace

const QuantizedKernels* QuantizedAvx2() { return &kKernels; }

}  // namespace gillnet::kernels
