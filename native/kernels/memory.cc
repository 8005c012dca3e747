#include "memory.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <new>

namespace gillnet::kernels {

void Freed::operator()(float* memory) const { std::free(memory); }

Memory Allocate(std::size_t values) {
  constexpr std::size_t kPage = 2 << 20, kLine = 64;
  const std::size_t edge = values * sizeof(float) >= kPage ? kPage : kLine;
  const std::size_t bytes = (values * sizeof(float) + edge - 1) / edge * edge;
  void* memory = nullptr;
  if (values > (~std::size_t{0} - kPage) / sizeof(float) || posix_memalign(&memory, edge, bytes) != 0) {
    throw std::bad_alloc();
  }
#ifdef MADV_HUGEPAGE
  if (edge == kPage) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  std::memset(memory, 0, bytes);
  return Memory(static_cast<float*>(memory));
}

}  // namespace gillnet::kernels
