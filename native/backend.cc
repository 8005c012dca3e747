#include "backend.h"

#include <cmath>
#include <string>

namespace gillnet {

std::vector<float> Backend::Calibrate(const Batch&) {
  throw InvalidArgument("int8 is for the processor; use float32 on this device");
}

void Backend::Quantize(const std::vector<float>& maxima) {
  if (!maxima.empty()) throw InvalidArgument("int8 is for the processor; use float32 on this device");
}

at::Tensor LabelsOf(const Batch& batch) {
  // LibTorch only reads through the pointer.
  auto* labels = const_cast<std::int32_t*>(batch.labels);
  return at::from_blob(labels, {batch.count}, at::kInt).to(at::kLong);
}

at::Tensor CrossEntropy(const at::Tensor& logits, const at::Tensor& labels, at::Reduction::Reduction reduction,
                        double label_smoothing) {
  constexpr std::int64_t kNoIgnoredLabel = -100;
  return at::cross_entropy_loss(logits, labels, {}, reduction, kNoIgnoredLabel, label_smoothing);
}

Figures FiguresOf(const at::Tensor& logits, const at::Tensor& labels, double label_smoothing) {
  return {CrossEntropy(logits, labels, at::Reduction::Mean, label_smoothing), logits.argmax(1).eq(labels).sum()};
}

at::Tensor CrossEntropyGradient(const at::Tensor& logits, const at::Tensor& labels, double label_smoothing,
                                double photos) {
  const double share = label_smoothing / static_cast<double>(logits.size(1));
  at::Tensor gradient = logits.softmax(1).sub_(share);
  const at::Tensor places = labels.unsqueeze(1);
  gradient.scatter_(1, places, gradient.gather(1, places).sub_(1 - label_smoothing));
  return gradient.div_(photos);
}

void CheckVariance(std::int64_t photos, std::int64_t image_size, const StepOptions& options) {
  // Five halvings: what the last batch norm sees of each photo.
  const std::int64_t edge = (image_size + 31) / 32;
  if (options.frozen_statistics || photos * edge * edge >= 2) return;
  throw InvalidArgument("A step on one photo of 32 pixels has no variance to normalise by; give two photos");
}

void CheckLoss(double loss) {
  if (std::isfinite(loss)) return;
  throw Failure("NON_FINITE_LOSS", "The loss of this step is " + std::to_string(loss) + "; no weight was changed");
}

}  // namespace gillnet
