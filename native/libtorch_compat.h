#pragma once

/// Every difference between the LibTorch versions that gillnet builds with, 1.13 and 2.x.

#include <c10/core/Allocator.h>
#include <torch/version.h>

#include <cstddef>
#include <cstring>

#if TORCH_VERSION_MAJOR < 1 || (TORCH_VERSION_MAJOR == 1 && TORCH_VERSION_MINOR < 13)
#error "gillnet needs LibTorch 1.13 or newer"
#endif

namespace gillnet {

/// As the headers name it; Debian's package of 1.13.1 says 1.13.0.
constexpr const char* kLibTorchVersion = TORCH_VERSION;

/// c10::Allocator for memory of the processor. Its allocate() is const in 1.13, and copy_data() is new in 2.x: what
/// a version has not got hides nothing and overrides nothing.
class AnyAllocator : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t size) const { return Allocate(size); }
  c10::DataPtr allocate(std::size_t size) { return Allocate(size); }
  void copy_data(void* to, const void* from, std::size_t size) const { std::memcpy(to, from, size); }

 private:
  virtual c10::DataPtr Allocate(std::size_t size) const = 0;
};

}  // namespace gillnet
