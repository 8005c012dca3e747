#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
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

/// A network's convolutions in the order of their computation, and what they read and write. Valid as long as the
/// network.
struct InferencePlan {
  InferencePlan(const Network& network, std::int64_t size);

  /// Activations of one shape and role share their memory: a block's input and output take turns in two roles, what is
  /// between has others.
  struct Activation {
    std::int64_t height, width, channels, border;
    int role;

    /// Edges with their borders, and with room for Winograd's widest step beyond the last pixel.
    std::int64_t Down() const;
    std::int64_t Across() const;
    std::int64_t Values() const { return Down() * Across() * channels; }
  };

  struct Step {
    const ConvNorm* layer;
    /// Numbers of activations; `add` is none where it is below 0.
    int in, out, add;
    bool relu;

    kernels::ConvolutionShape Shape() const;
  };

  std::vector<Activation> activations;
  /// The first is the stem, which goes into max pooling.
  std::vector<Step> steps;
  int input, stem, pool, last;

 private:
  int Activate(const Activation& activation);
  int Convolve(const ConvNorm& layer, int in, int role, bool relu, int add);
};

/// A network's weights as they are at one time, made for inference: batch norm folded into the convolutions (in
/// double), weights laid out for this processor's kernels, activations in memory that is planned once. A photo has
/// the same results alone and among others.
class CompiledNetwork {
 public:
  virtual ~CompiledNetwork() = default;

  Inferred Infer(const Batch& batch);

 protected:
  /// Where the processor has kernels, as kernels::Best() says.
  CompiledNetwork(const Network& network, std::int64_t size, const Normalization& normalization);

  /// Photos that go at once.
  std::int64_t Most() const;
  /// Memory for so many, if there is less.
  virtual void Reserve(std::int64_t photos) = 0;
  /// What the last layer gives of the photos from `first` on.
  virtual const kernels::Map& Forward(const Batch& batch, std::int64_t first, std::int64_t photos) = 0;

  /// The map of an activation in `memory`, from where its border begins.
  template <typename Value>
  static kernels::MapOf<Value> MapIn(const InferencePlan::Activation& activation, Value* memory) {
    const std::int64_t row = activation.Across() * activation.channels;
    return {memory + activation.border * (row + activation.channels),
            activation.height,
            activation.width,
            activation.channels,
            row,
            activation.Values()};
  }

  /// Calls read(photo, top, bottom) for bands of rows of all photos; in the calling thread alone where LibTorch has to
  /// resize, which has threads of its own.
  template <typename ReadRows>
  void ReadBands(const Batch& batch, std::int64_t photos, const ReadRows& read) {
    if (NeedsWholePhotos(batch, size_)) {
      for (std::int64_t photo = 0; photo < photos; ++photo) read(photo, 0, size_);
      return;
    }
    constexpr std::int64_t kBands = 8;
    workers_->Run(photos * kBands, [&](std::int64_t task, int) {
      read(task / kBands, size_ * (task % kBands) / kBands, size_ * (task % kBands + 1) / kBands);
    });
  }

  /// Of 3×3 places with stride 2. The border's zeros never win: what is pooled went through ReLU.
  template <typename Value>
  void MaxPool(const kernels::MapOf<Value>& in, const kernels::MapOf<Value>& out, kernels::Max3x3<Value> max,
               std::int64_t photos) {
    workers_->Run(photos * out.height, [&](std::int64_t task, int) {
      const std::int64_t photo = task / out.height, y = task % out.height;
      for (std::int64_t x = 0; x < out.width; ++x) {
        max(in.At(photo, 2 * y - 1, 2 * x - 1), in.row, in.channels, in.channels, out.At(photo, y, x));
      }
    });
  }

  const kernels::Kernels& kernels_ = *kernels::Best();
  std::shared_ptr<kernels::Workers> workers_;
  std::int64_t size_;
  Normalization normalization_;
  InferencePlan plan_;

 private:
  std::int64_t classes_;
  kernels::Convolution head_;
};

/// In float32.
class FloatNetwork final : public CompiledNetwork {
 public:
  FloatNetwork(const Network& network, std::int64_t size, const Normalization& normalization);

  /// The largest value that each of the plan's steps gives of each photo: [count, steps].
  std::vector<float> Maxima(const Batch& batch);

 private:
  void Reserve(std::int64_t photos) override;
  const kernels::Map& Forward(const Batch& batch, std::int64_t first, std::int64_t photos) override;

  std::vector<kernels::Convolution> convolutions_;
  std::vector<kernels::Memory> memory_;
  std::vector<kernels::Map> maps_;
  kernels::Memory scratch_;
  std::int64_t reserved_ = 0;
  /// Where Maxima wants to have them, [photos, steps] of the photos that are computed; else null.
  float* maxima_ = nullptr;
};

}  // namespace gillnet
