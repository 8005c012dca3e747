#include "rounding.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace gillnet::kernels {

void RoundFilter(const float* weights, std::int64_t places, std::int64_t in, std::int8_t* rounded) {
  // A filter has one kernel [places] for each channel of its input.
  std::vector<float> sums(in, 0.0f);
  const auto error = [&](std::int64_t at) { return static_cast<float>(rounded[at]) - weights[at]; };
  // Of a kernel's weights the one whose error is the largest with that sign goes to the other side.
  const auto flip = [&](std::int64_t kernel, float sign) {
    std::int64_t largest = kernel;
    for (std::int64_t at = kernel; at < places * in; at += in) {
      if (sign * error(at) > sign * error(largest)) largest = at;
    }
    rounded[largest] = static_cast<std::int8_t>(rounded[largest] - static_cast<int>(sign));
    sums[kernel] -= sign;
  };
  for (std::int64_t at = 0; at < places * in; ++at) {
    rounded[at] = static_cast<std::int8_t>(std::lrint(weights[at]));
    sums[at % in] += error(at);
  }
  for (std::int64_t kernel = 0; kernel < in; ++kernel) {
    const float sign = std::copysign(1.0f, sums[kernel]);
    for (long left = std::lrint(std::fabs(sums[kernel])); left > 0; --left) flip(kernel, sign);
  }
  const float sum = std::accumulate(sums.begin(), sums.end(), 0.0f), sign = std::copysign(1.0f, sum);
  std::vector<std::int64_t> kernels(in);
  std::iota(kernels.begin(), kernels.end(), 0);
  std::stable_sort(kernels.begin(), kernels.end(),
                   [&](std::int64_t a, std::int64_t b) { return sign * sums[a] > sign * sums[b]; });
  const long flips = std::lrint(std::fabs(sum));
  for (long place = 0; place < flips; ++place) flip(kernels[place], sign);
}

}  // namespace gillnet::kernels
