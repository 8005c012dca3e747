#include "kernels.h"

#include <cstdlib>
#include <cstring>

#include "../processor.h"

namespace gillnet::kernels {

namespace {

bool Allowed(const char* name) {
  const char* best = std::getenv("GILLNET_KERNELS");
  if (!best || std::strcmp(best, "avx512") == 0) return true;
  return std::strcmp(best, name) == 0;
}

const Kernels* Choose() {
  const Processor& processor = ThisProcessor();
  if (processor.avx512 && Allowed("avx512")) return Avx512();
  if (processor.avx2 && Allowed("avx2")) return Avx2();
  return nullptr;
}

const QuantizedKernels* ChooseQuantized() {
  const Kernels* best = Best();
  if (best && best == Avx512() && ThisProcessor().avx512_vnni) return QuantizedAvx512();
  return best ? QuantizedAvx2() : nullptr;
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
