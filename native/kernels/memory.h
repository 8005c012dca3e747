#pragma once

#include <cstddef>
#include <memory>

namespace gillnet::kernels {

struct Freed {
  void operator()(float* memory) const;
};

/// Zeros, on pages of 2 MB where the system has them: streaming through small ones misses the TLB.
using Memory = std::unique_ptr<float[], Freed>;

/// @throws std::bad_alloc
Memory Allocate(std::size_t values);

}  // namespace gillnet::kernels
