#include "kernels.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <string_view>

#include "../processor.h"

namespace gillnet::kernels {

namespace {

/// From the least to the best.
constexpr std::string_view kNames[] = {"none", "avx2", "avx_vnni", "avx512"};

std::ptrdiff_t RankOf(std::string_view name) {
  return std::find(std::begin(kNames), std::end(kNames), name) - std::begin(kNames);
}

/// What is no name at all allows all.
bool Allowed(const char* name) {
  const char* best = std::getenv("GILLNET_KERNELS");
  return !best || RankOf(name) <= RankOf(best);
}

const Kernels* Choose() {
  const Processor& processor = ThisProcessor();
  if (processor.avx512 && Allowed("avx512")) return Avx512();
  if (processor.avx2 && Allowed("avx2")) return Avx2();
  return nullptr;
}

const QuantizedKernels* ChooseQuantized() {
  const Kernels* best = Best();
  if (!best) return nullptr;
  if (best == Avx512() && ThisProcessor().avx512_vnni) return QuantizedAvx512();
  const bool vnni = ThisProcessor().avx_vnni && Allowed("avx_vnni") && QuantizedAvxVnni();
  return vnni ? QuantizedAvxVnni() : QuantizedAvx2();
}

}  // namespace

#ifndef GILLNET_AVX
const Kernels* Avx2() { return nullptr; }
const Kernels* Avx512() { return nullptr; }
const QuantizedKernels* QuantizedAvx2() { return nullptr; }
const QuantizedKernels* QuantizedAvx512() { return nullptr; }
#endif
#ifndef GILLNET_AVX_VNNI
const QuantizedKernels* QuantizedAvxVnni() { return nullptr; }
#endif

const QuantizedKernels* BestQuantized() {
  static const QuantizedKernels* const best = ChooseQuantized();
  return best;
}

const Kernels* Best() {
  static const Kernels* const best = Choose();
  return best;
}

}  // namespace gillnet::kernels
