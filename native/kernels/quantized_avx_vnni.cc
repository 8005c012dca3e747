#include "quantized_256.h"

namespace gillnet::kernels {

namespace {

/// AVX-VNNI's vpdpbusd, of processors without AVX-512.
struct IsaAvxVnni : Isa256 {
  static Integers MultiplyAdd(Integers values, Integers weights, Integers sum) {
    return _mm256_dpbusd_avx_epi32(sum, values, weights);
  }
};

constexpr QuantizedKernels kKernels = QuantizedKernelsOf<IsaAvxVnni, 1, 2, 3>(127);

}  // namespace

const QuantizedKernels* QuantizedAvxVnni() { return &kKernels; }

}  // namespace gillnet::kernels
