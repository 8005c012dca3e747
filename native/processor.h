#pragma once

#include <string>
#include <vector>

namespace gillnet {

/// What this processor offers and its system lets use, of `avx2`, `avx512`, `avx512_bf16`,
/// `amx_bf16` and `neon`.
std::vector<std::string> ProcessorFeatures();

}  // namespace gillnet
