#pragma once

#include <cstdint>

namespace gillnet::kernels {

/// Rounds a filter's weights to whole numbers as SQuant does (Guo et al. 2022, arXiv:2202.07471, algorithm 1): to the
/// nearest, and then some to the other side, so that the errors of each of its kernels, and those of all, sum up to
/// half a step at most. Activations are 0 or above and those of neighbours alike, so that errors of one sign would add
/// up. `weights` [places, in], in steps, are within the whole numbers that `rounded` [places, in] may hold.
void RoundFilter(const float* weights, std::int64_t places, std::int64_t in, std::int8_t* rounded);

}  // namespace gillnet::kernels
