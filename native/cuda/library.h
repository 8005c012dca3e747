#pragma once

#include <memory>
#include <vector>

#include "../accelerator.h"

namespace gillnet {

/// What gillnet_cuda.so gives.
class CudaLibrary {
 public:
  virtual ~CudaLibrary() = default;
  /// As CudaDevices().
  virtual std::vector<CudaDevice> Devices() const = 0;
  /// As AcceleratorOf().
  virtual std::shared_ptr<Accelerator> Open(const DeviceOptions& options) const = 0;
};

/// The name of its one symbol, a function that gives a `const CudaLibrary*`.
constexpr const char* kCudaLibrary = "gillnet_cuda_library";

}  // namespace gillnet
