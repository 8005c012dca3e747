#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "batch.h"
#include "kernels/convolution.h"
#include "network.h"
#include "preprocess.h"

namespace gillnet {

/// What the network gives of some photos in inference mode.
struct Inferred {
  /// What the last layer gives: float32 [N, width, H/32, W/32], edges rounded up.
  at::Tensor features;
  /// Their mean over the places: float32 [N, width].
  at::Tensor pooled;
  /// float32 [N, classes]
  at::Tensor logits;
};

/// A network's weights as they are at one time, made for inference: batch norm folded into the convolutions (in
/// double), weights laid out for this processor's kernels, activations in memory that is planned once. A photo has
/// the same results alone and among others.
class CompiledNetwork {
 public:
  /// Null where the processor has none of gillnet's kernels.
  static std::unique_ptr<CompiledNetwork> Of(const Network& network, std::int64_t size,
                                             const Normalization& normalization);

  Inferred Infer(const Batch& batch);

 private:
  struct Activation {
    std::int64_t height, width, channels, border;
    kernels::Memory memory;
    kernels::Map map;
  };
  struct Step {
    kernels::Convolution convolution;
    /// Numbers of activations; `add` is none where it is below 0.
    int in, out, add;
    bool relu;
  };

  CompiledNetwork(const kernels::Kernels& kernels, const Network& network, std::int64_t size,
                  const Normalization& normalization);

  int Activate(std::int64_t height, std::int64_t width, std::int64_t channels, std::int64_t border, int role);
  int Convolve(const ConvNorm& layer, int in, int role, bool relu, int add);
  /// Memory for `photos` at once.
  void Plan(std::int64_t photos);
  void Read(const Batch& batch, std::int64_t first, std::int64_t photos);
  void Forward(std::int64_t photos);

  const kernels::Kernels& kernels_;
  std::shared_ptr<kernels::Workers> workers_;
  std::int64_t size_;
  Normalization normalization_;
  std::vector<Activation> activations_;
  /// Of each activation: those of one role and shape share their memory.
  std::vector<int> roles_;
  std::vector<Step> steps_;
  int input_ = 0, stem_ = 0, pool_ = 0, last_ = 0;
  std::optional<kernels::Convolution> head_;
  std::int64_t classes_;
  kernels::Memory scratch_, pooled_, logits_;
  std::int64_t planned_ = 0;
};

}  // namespace gillnet
