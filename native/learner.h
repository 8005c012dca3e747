#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "architecture.h"
#include "batch.h"
#include "device.h"
#include "failure.h"
#include "optimizer_options.h"

namespace gillnet {

class Backend;
class ProcessGroup;

struct LearnerOptions {
  Architecture architecture;
  std::int64_t classes = 0;
  /// Edge of the network's square input in pixels.
  std::int64_t image_size = 0;
  /// Of the initial weights, which are all 0 without one: for a state that follows.
  std::optional<std::uint64_t> seed;
  /// Per channel, of pixels scaled to 0…1.
  std::array<float, 3> mean{};
  std::array<float, 3> std{};
  OptimizerOptions optimizer;
  DeviceOptions device;
  enum class Dtype { kFloat32, kBfloat16, kFloat16 };
  /// Of activations and convolutions in training: bfloat16 (Kalamkar et al. 2019, arXiv:1905.12322), float16 with a
  /// scaled loss (Micikevicius et al. 2018, arXiv:1710.03740; not on the processor). All else, weights and inference
  /// too, is float32.
  Dtype dtype = Dtype::kFloat32;
};

struct StepOptions {
  double learning_rate = 0;
  double label_smoothing = 0;
  /// Edge in pixels at which the network sees the photos; none for that of the learner.
  std::optional<std::int64_t> image_size;
  /// What the learning rate is multiplied by, group by group. 0 freezes the group's parameters.
  std::array<float, kGroups> factors{1, 1, 1, 1, 1, 1};
  /// Batch norms normalise by their running statistics, which stay as they are.
  bool frozen_statistics = false;
  /// Of a group's step: batch norms normalise by the photos of all ranks, and not by each rank's own.
  bool sync_batch_norm = false;
  /// Of a group's step: what is summed over the ranks, and otherwise means nothing here.
  double asked = 0;

  /// Which groups are trained.
  std::array<bool, kGroups> Trained() const;
};

/// A named tensor as plain bytes: little-endian, contiguous in the order of `shape`.
struct TensorBytes {
  enum class Type { kFloat32, kInt64 };

  std::string name;
  Type type = Type::kFloat32;
  std::vector<std::int64_t> shape;
  const std::uint8_t* data = nullptr;
  std::size_t size = 0;
  /// Keeps `data` alive.
  std::shared_ptr<void> owner;
};

using StateBytes = std::vector<TensorBytes>;

/// A network and its optimiser, behind a door without LibTorch's headers. Engine thread only.
/// Throws Failure and LibTorch's exceptions.
class Learner {
 public:
  explicit Learner(const LearnerOptions& options);
  ~Learner();

  /// Of all ranks' photos where there is a group.
  struct Trained {
    /// Mean cross-entropy.
    double loss;
    std::int64_t correct;
    std::int64_t count;
    /// The sum of what the ranks asked.
    double asked;
  };
  /// Begins one step in training mode, behind those that were begun before; the batch is no longer needed then. A loss
  /// that is not finite leaves everything as it was.
  /// With a group each rank brings its share of the batch, which may be empty, and gradients are those of the mean over
  /// all photos; weights that were the same on all ranks stay so, running statistics are each rank's own where batch
  /// norms are not synchronised. A step without any photo changes nothing.
  void StartStep(const Batch& batch, const StepOptions& options, ProcessGroup* group);
  /// Waits for the first step that was begun and not finished. Throws for a loss that is not finite, where StartStep()
  /// has not.
  Trained FinishStep();
  /// Both.
  Trained TrainStep(const Batch& batch, const StepOptions& options, ProcessGroup* group);

  struct Evaluated {
    /// Summed cross-entropy; 0 without labels.
    double loss;
    /// [count, classes]
    std::vector<float> logits;
  };
  /// Inference mode.
  Evaluated Evaluate(const Batch& batch);

  /// Inference mode: what the head sees of each photo, [count, width].
  std::vector<float> Features(const Batch& batch);

  struct Explained {
    /// [count, classes]
    std::vector<float> logits;
    /// [count, rows, columns], see Network::ClassActivation.
    std::vector<float> maps;
    std::int64_t rows;
    std::int64_t columns;
  };
  /// Inference mode; explains the labels.
  Explained Explain(const Batch& batch);

  /// Inference mode in float32: the largest value that each convolution gives of each photo, after addition and ReLU:
  /// [count, convolutions]. Throws where the processor lacks AVX2.
  std::vector<float> Calibrate(const Batch& batch);
  /// Inference in int8 from now on, each convolution's result reaching up to `maxima` [convolutions]; in float32 where
  /// it is empty, or once a weight has changed. Throws where the processor lacks AVX2.
  void Quantize(const std::vector<float>& maxima);

  StateBytes State() const;
  /// Checks everything, then overwrites the named tensors.
  void SetState(const StateBytes& state);
  StateBytes OptimizerState() const;
  /// Takes all that OptimizerState() gave; empty starts afresh.
  void SetOptimizerState(const StateBytes& state);

 private:
  std::unique_ptr<Backend> backend_;
  int started_ = 0;
};

/// LibTorch's own version, such as "2.13.0".
const char* LibTorchVersion();

/// The current exception as a Failure: LibTorch's without its backtrace, under a code of ours.
Failure CurrentFailure();

}  // namespace gillnet
