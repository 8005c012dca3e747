#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <vector>

#include "batch.h"
#include "inference.h"
#include "learner.h"
#include "network.h"
#include "optimizer_state.h"

namespace gillnet {

/// How a learner's network computes and where its tensors are.
class Backend {
 public:
  virtual ~Backend() = default;

  /// As Learner's.
  virtual void StartStep(const Batch& batch, const StepOptions& options, ProcessGroup* group) = 0;
  virtual Learner::Trained FinishStep() = 0;

  /// Inference mode; on the network's device.
  virtual Inferred Infer(const Batch& batch) = 0;

  virtual const Network& Of() const = 0;
  virtual OptimizerState& State() = 0;

  /// Runs what reads or writes the network's tensors, behind what was computed before.
  virtual void Run(const std::function<void()>& work) { work(); }

  /// Before weights or averages change otherwise than by a step.
  virtual void Forget() {}

  /// As Learner's.
  virtual std::vector<float> Calibrate(const Batch& batch);
  virtual void Quantize(const std::vector<float>& maxima);
};

/// What a batch of labels says: int64 [count], on the processor.
at::Tensor LabelsOf(const Batch& batch);

/// Of the mean cross-entropy with smoothed labels (Szegedy et al. 2016, arXiv:1512.00567) by the logits.
/// @param photos that the mean is over
at::Tensor CrossEntropyGradient(const at::Tensor& logits, const at::Tensor& labels, double label_smoothing,
                                double photos);

/// What a step is told by, on the logits' device: the mean cross-entropy, float32 [], and how many logits are highest
/// where the label is, int64 [].
struct Figures {
  at::Tensor loss, correct;
};
Figures FiguresOf(const at::Tensor& logits, const at::Tensor& labels, double label_smoothing);

at::Tensor CrossEntropy(const at::Tensor& logits, const at::Tensor& labels, at::Reduction::Reduction reduction,
                        double label_smoothing);

/// Throws for a step on too few values for the last batch norms to have a variance.
void CheckVariance(std::int64_t photos, std::int64_t image_size, const StepOptions& options);

/// Throws NON_FINITE_LOSS.
void CheckLoss(double loss);

std::unique_ptr<Backend> ProcessorBackend(const LearnerOptions& options);
/// On what `options.device` names.
std::unique_ptr<Backend> AcceleratorBackend(const LearnerOptions& options);

}  // namespace gillnet
