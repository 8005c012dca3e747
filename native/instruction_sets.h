#pragma once

#include <ATen/Parallel.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "processor.h"

namespace gillnet {

/// For the functions that Vectorized() runs: only what is part of its own functions is compiled for their instructions.
#define GILLNET_INLINE inline __attribute__((always_inline))

enum class InstructionSet { kBaseline, kAvx2, kAvx512 };

/// The widest of this processor, unless ATEN_CPU_CAPABILITY, which is LibTorch's own switch, names a narrower one.
inline InstructionSet TheInstructionSet() {
  static const InstructionSet set = [] {
    const char* const given = std::getenv("ATEN_CPU_CAPABILITY");
    const std::string most = given ? given : "";
    if (most == "default") return InstructionSet::kBaseline;
    if (ThisProcessor().avx512 && most != "avx2") return InstructionSet::kAvx512;
    return ThisProcessor().avx2 ? InstructionSet::kAvx2 : InstructionSet::kBaseline;
  }();
  return set;
}

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define GILLNET_HAS_TARGETS 1

template <typename Work>
__attribute__((target("arch=x86-64-v4,prefer-vector-width=512"))) void RunAvx512(const Work& work, std::int64_t begin,
                                                                                 std::int64_t end) {
  work(begin, end);
}

template <typename Work>
__attribute__((target("arch=x86-64-v3"))) void RunAvx2(const Work& work, std::int64_t begin, std::int64_t end) {
  work(begin, end);
}

#endif

/// work(begin, end) over 0…tasks-1 by all threads, compiled for the instruction set. The call operator has to be
/// GILLNET_INLINE.
template <typename Work>
void Vectorized(std::int64_t tasks, const Work& work) {
  const InstructionSet set = TheInstructionSet();
  at::parallel_for(0, tasks, 1, [&](std::int64_t begin, std::int64_t end) {
#ifdef GILLNET_HAS_TARGETS
    if (set == InstructionSet::kAvx512) return RunAvx512(work, begin, end);
    if (set == InstructionSet::kAvx2) return RunAvx2(work, begin, end);
#else
    static_cast<void>(set);
#endif
    work(begin, end);
  });
}

}  // namespace gillnet
