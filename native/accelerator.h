#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "device.h"

namespace gillnet {

/// What computes in place of the processor: an order of work that goes on while the caller does something else.
/// LibTorch's own operations go to `Device()`; what they have no words for stands here. Engine thread only.
class Accelerator {
 public:
  /// The order of what is computed, and that of what is copied there beside it.
  enum class Lane { kCompute, kCopy };

  /// A point in the order of a lane.
  class Mark {
   public:
    virtual ~Mark() = default;
    /// Returns when all before it is done.
    virtual void Wait() const = 0;
    /// What the lane is given from now on begins behind it.
    virtual void Hold(Lane lane) const = 0;
  };

  /// Work that was given once and can be given again as a whole, on the same tensors.
  class Recording {
   public:
    virtual ~Recording() = default;
    virtual void Replay() = 0;
  };

  virtual ~Accelerator() = default;

  virtual at::Device Device() const = 0;

  /// Memory of the processor from and to which copies go on by themselves.
  virtual at::Tensor Staging(at::IntArrayRef sizes, at::ScalarType dtype) const = 0;

  /// Gives the operations that `work` calls to a lane.
  virtual void On(Lane lane, const std::function<void()>& work) const = 0;

  virtual std::unique_ptr<Mark> MarkOn(Lane lane) const = 0;

  /// On kCompute, after the same work was given there once. It reads no value back, and all that it keeps was made
  /// before.
  virtual std::unique_ptr<Recording> Record(const std::function<void()>& work) const = 0;

  /// Bytes that tensors can still take.
  virtual std::int64_t FreeMemory() const = 0;
};

/// The device that a learner computes on. Throws NO_DEVICE where it isn't there or can't be used.
std::shared_ptr<Accelerator> AcceleratorOf(const DeviceOptions& options);

}  // namespace gillnet
