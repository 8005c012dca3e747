#pragma once

#include <ATen/ATen.h>

#include <array>
#include <cstddef>
#include <functional>
#include <memory>

#include "../accelerator.h"
#include "../batch.h"
#include "../learner.h"
#include "preprocess.h"

namespace gillnet::plain {

/// What a step is told of one batch, at the one end of a copy or at the other.
struct Parcel {
  /// uint8 [N, H, W, 3]
  at::Tensor pixels;
  /// What is drawn for each photo, and its label, float32 [N, 9]: one copy brings them all.
  at::Tensor drawn;
  /// float32 [6], the learning rate of each group.
  at::Tensor rates;

  /// Empty, for such a batch.
  static Parcel On(at::Device device, const Batch& batch);
  /// The same in memory that `make` gives.
  static Parcel By(const std::function<at::Tensor(at::IntArrayRef, at::ScalarType)>& make, const Batch& batch);

  bool Fits(const Batch& batch) const;
  void CopyFrom(const Parcel& other) const;
  /// On the processor alone.
  void Fill(const Batch& batch, const StepOptions& options) const;

  plain::Photos Photos(bool colours) const;
  /// int64 [N]
  at::Tensor Labels() const;
};

/// float32 [6] on the processor: the learning rate of each group.
at::Tensor RatesOf(const StepOptions& options);

/// Brings batches to a device beside what it computes there. Two take turns: while one is computed the other comes.
class Crossing {
 public:
  explicit Crossing(const Accelerator& accelerator) : accelerator_(accelerator) {}

  /// Begins to copy a batch, which is no longer needed then; what is computed from now on finds it there, until the one
  /// after the next is sent.
  const Parcel& Send(const Batch& batch, const StepOptions& options);

  /// What was given to compute so far is all that reads what was sent last.
  void Read();

 private:
  struct Slot {
    Parcel here, there;
    std::unique_ptr<Accelerator::Mark> sent, read;
  };

  const Accelerator& accelerator_;
  std::array<Slot, 2> slots_;
  std::size_t last_ = 0;
};

}  // namespace gillnet::plain
