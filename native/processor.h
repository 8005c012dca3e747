#pragma once

#include <string>
#include <vector>

namespace gillnet {

/// What a processor offers and its system lets use.
struct Processor {
  bool avx2 = false;
  /// Its parts F, BW, DQ and VL.
  bool avx512 = false;
  bool avx_vnni = false;
  bool avx512_vnni = false, avx512_bf16 = false, amx_bf16 = false;
  bool neon = false;
};

const Processor& ThisProcessor();

/// The names of what it has, as above.
std::vector<std::string> ProcessorFeatures();

/// Whether this processor forms many more products of bfloat16 in a second than of float32. That it has instructions
/// for them does not say so: Intel's AVX512_BF16 keeps one of two units busy and is no faster; AMD's is twice as fast.
bool IsFasterInBfloat16();

}  // namespace gillnet
