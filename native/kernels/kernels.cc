#include "kernels.h"

#include <cstdlib>
#include <cstring>

namespace gillnet::kernels {

namespace {

bool Allowed(const char* name) {
  const char* best = std::getenv("GILLNET_KERNELS");
  if (!best || std::strcmp(best, "avx512") == 0) return true;
  return std::strcmp(best, name) == 0;
}

const Kernels* Choose() {
#if defined(__x86_64__)
  // The compiler's checks include that the operating system saves the registers.
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (avx512 && Allowed("avx512")) return Avx512();
  if (avx2 && Allowed("avx2")) return Avx2();
#endif
  return nullptr;
}

const QuantizedKernels* ChooseQuantized() {
#if defined(__x86_64__)
  const Kernels* best = Best();
  if (best && best == Avx512() && __builtin_cpu_supports("avx512vnni")) return QuantizedAvx512();
  if (best) return QuantizedAvx2();
#endif
  return nullptr;
}

}  // namespace

const QuantizedKernels* BestQuantized() {
  static const QuantizedKernels* const best = ChooseQuantized();
  return best;
}

const Kernels* Best() {
  static const Kernels* const best = Choose();
  return best;
}

}  // namespace gillnet::kernels
