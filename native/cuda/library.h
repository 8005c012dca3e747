#pragma once

#include <memory>
#include <vector>

#include "../accelerator.h"
#include "../process_group.h"

namespace c10d {
class Store;
}

namespace gillnet {

/// The cards of the ranks of a training, by c10d's ProcessGroupNCCL.
class CardGroup {
 public:
  virtual ~CardGroup() = default;
  /// As ProcessGroup's, of a tensor on a card. What Wait() makes wait is the lane that it is called on.
  virtual std::unique_ptr<ProcessGroup::Pending> AllReduce(const at::Tensor& tensor) = 0;
  /// Ends what is under way, which a rank that has gone would leave hanging.
  virtual void Abort() = 0;
};

/// What gillnet_cuda.so gives.
class CudaLibrary {
 public:
  virtual ~CudaLibrary() = default;
  /// As CudaDevices().
  virtual std::vector<CudaDevice> Devices() const = 0;
  /// As AcceleratorOf().
  virtual std::shared_ptr<Accelerator> Open(const DeviceOptions& options) const = 0;
  /// Joins the ranks that share the store, each with a card of its own.
  virtual std::unique_ptr<CardGroup> Join(c10d::Store& store, const Rendezvous& at) const = 0;
};

/// Opens gillnet_cuda.so, once. Throws NO_DEVICE.
const CudaLibrary& Cuda();

/// The name of its one symbol, a function that gives a `const CudaLibrary*`.
constexpr const char* kCudaLibrary = "gillnet_cuda_library";

}  // namespace gillnet
