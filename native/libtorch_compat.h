#pragma once

/// Every difference between the LibTorch versions that gillnet builds with, 1.13 and 2.x.

#include <torch/version.h>

#if TORCH_VERSION_MAJOR < 1 || (TORCH_VERSION_MAJOR == 1 && TORCH_VERSION_MINOR < 13)
#error "gillnet needs LibTorch 1.13 or newer"
#endif

namespace gillnet {

/// As the headers name it; Debian's package of 1.13.1 says 1.13.0.
constexpr const char* kLibTorchVersion = TORCH_VERSION;

}  // namespace gillnet
