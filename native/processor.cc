#include "processor.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace gillnet {

std::vector<std::string> ProcessorFeatures() {
  std::vector<std::string> features;
#if defined(__x86_64__)
  // The compiler's checks include that the operating system saves the registers.
  __builtin_cpu_init();
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl");
  if (__builtin_cpu_supports("avx2")) features.push_back("avx2");
  if (avx512) features.push_back("avx512");
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  // Intel's manual, CPUID leaf 7: subleaf 1 EAX bit 5 AVX512_BF16, subleaf 0 EDX bit 22 AMX-BF16.
  if (avx512 && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) && (eax & (1u << 5))) {
    features.push_back("avx512_bf16");
  }
  if (avx512 && __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (edx & (1u << 22))) {
    features.push_back("amx_bf16");
  }
#elif defined(__aarch64__)
  features.push_back("neon");
#endif
  return features;
}

}  // namespace gillnet
