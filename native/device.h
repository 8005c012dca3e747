#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gillnet {

/// What a learner computes on.
struct DeviceOptions {
  enum class Kind {
    /// The processor, by gillnet's own kernels.
    kProcessor,
    /// The processor, by the operations that an accelerator is given: to hold those against the kernels.
    kPlain,
    kCuda,
  };

  Kind kind = Kind::kProcessor;
  /// Of several cards.
  int index = 0;
  /// Products of float32 in TensorFloat-32, of cards that have it.
  bool tf32 = false;
  /// Faster algorithms of cards that add in any order, so that the last digits differ from run to run.
  bool nondeterministic = false;
};

/// A card that CUDA finds.
struct CudaDevice {
  std::string name;
  /// In bytes.
  std::int64_t memory = 0;
  /// Compute capability, such as 9.0.
  int major = 0;
  int minor = 0;
};

/// The cards that learners can compute on. Throws NO_DEVICE, telling why, where there is none. Engine thread only.
std::vector<CudaDevice> CudaDevices();

}  // namespace gillnet
