#pragma once

namespace gillnet {

struct OptimizerOptions {
  enum class Algorithm { kAdam, kAdamW, kSgd };

  Algorithm algorithm = Algorithm::kAdam;
  /// SGD only.
  double momentum = 0;
  /// L2 added to the gradient (Adam, SGD) or decoupled from it (AdamW, arXiv:1711.05101).
  double weight_decay = 0;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
};

}  // namespace gillnet
