#include "processor.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "kernels/unroll.h"
#endif

namespace gillnet {

namespace {

#if defined(__x86_64__)

Processor Found() {
  Processor found;
  // The compiler's checks include that the operating system saves the registers.
  __builtin_cpu_init();
  found.avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  found.avx512 = found.avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                 __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  found.avx512_vnni = found.avx512 && __builtin_cpu_supports("avx512vnni");
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  // Intel's manual, CPUID leaf 7: subleaf 1 EAX bit 4 AVX_VNNI and 5 AVX512_BF16, subleaf 0 EDX bit 22 AMX-BF16.
  found.avx_vnni = found.avx2 && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) && (eax & (1u << 4));
  found.avx512_bf16 = found.avx512 && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) && (eax & (1u << 5));
  found.amx_bf16 = found.avx512 && __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (edx & (1u << 22));
  return found;
}

/// Enough that no sum waits for itself: the instructions take 4 to 6 cycles, and two may begin in each.
constexpr int kSums = 12;
constexpr std::int64_t kTurns = 1000;

__attribute__((target("avx512f"))) void MultiplyFloats() {
  __m512 sums[kSums] = {}, factor = _mm512_set1_ps(1.5f);
  for (std::int64_t turn = 0; turn < kTurns; ++turn) {
    GILLNET_UNROLL
    for (__m512& sum : sums) {
      sum = _mm512_fmadd_ps(factor, factor, sum);
      asm volatile("" : "+v"(sum));
    }
  }
}

__attribute__((target("avx512f,avx512bf16"))) void MultiplyBfloat16() {
  __m512 sums[kSums] = {};
  const auto factor = (__m512bh)_mm512_set1_epi16(0x3fc0);
  for (std::int64_t turn = 0; turn < kTurns; ++turn) {
    GILLNET_UNROLL
    for (__m512& sum : sums) {
      sum = _mm512_dpbf16_ps(sum, factor, factor);
      asm volatile("" : "+v"(sum));
    }
  }
}

/// The least of several: what interrupts one of them does not count.
double SecondsOf(void (*work)()) {
  double least = 1;
  for (int round = 0; round < 50; ++round) {
    const auto began = std::chrono::steady_clock::now();
    work();
    least = std::min(least, std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  }
  return least;
}

bool Measured() {
  if (ThisProcessor().amx_bf16) return true;
  if (!ThisProcessor().avx512_bf16) return false;
  // One such instruction forms two products where float32's forms one.
  const double gain = 2 * SecondsOf(MultiplyFloats) / SecondsOf(MultiplyBfloat16);
  return gain > 1.4;
}

#else

Processor Found() {
  Processor found;
#if defined(__aarch64__)
  found.neon = true;
#endif
  return found;
}

bool Measured() { return false; }

#endif

}  // namespace

const Processor& ThisProcessor() {
  static const Processor processor = Found();
  return processor;
}

std::vector<std::string> ProcessorFeatures() {
  const Processor& processor = ThisProcessor();
  std::vector<std::string> features;
  for (const auto& [name, has] : {std::pair{"avx2", processor.avx2},
                                  {"avx_vnni", processor.avx_vnni},
                                  {"avx512", processor.avx512},
                                  {"avx512_vnni", processor.avx512_vnni},
                                  {"avx512_bf16", processor.avx512_bf16},
                                  {"amx_bf16", processor.amx_bf16},
                                  {"neon", processor.neon}}) {
    if (has) features.emplace_back(name);
  }
  return features;
}

bool IsFasterInBfloat16() {
  static const bool faster = Measured();
  return faster;
}

}  // namespace gillnet
