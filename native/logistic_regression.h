#pragma once

#include <cstdint>
#include <vector>

namespace gillnet {

/// What a network sees of photos, and what they show. The pointers refer to JavaScript's buffers, which the
/// job keeps alive.
struct LabelledFeatures {
  /// [count, width], finite.
  const float* features = nullptr;
  std::int64_t count = 0;
  std::int64_t width = 0;
  /// [count], in 0…classes-1.
  const std::int32_t* labels = nullptr;
  std::int64_t classes = 0;
  /// Half of it times the squared weights is added to the summed cross-entropy; scikit-learn's 1/C.
  double penalty = 0;
  /// Not 0 once the work is to end; another thread may set it meanwhile. Null for never.
  const std::int32_t* stop = nullptr;
};

/// Photos parted into folds, each class in two folds at least.
struct Folds {
  LabelledFeatures photos;
  /// [count], 0 or above.
  const std::int32_t* fold_of = nullptr;
};

/// [count, classes]: each photo's confidences by a multinomial logistic regression that was fitted to the
/// photos of the other folds, on features standardised over all photos. The same for the same input and
/// number of threads. Engine thread only. Throws Failure INTERRUPTED when it was stopped.
std::vector<float> OutOfFold(const Folds& folds);

/// A linear layer: logits are weight · features + bias.
struct Head {
  /// [classes, width]
  std::vector<float> weight;
  /// [classes]
  std::vector<float> bias;
  /// Mean cross-entropy of the photos that it was fitted to, without the penalty.
  double loss;
  /// How many of them it tells right.
  std::int64_t correct;
};

/// The multinomial logistic regression of all photos, on standardised features, in terms of the features
/// themselves. Otherwise as OutOfFold().
Head FitHead(const LabelledFeatures& photos);

}  // namespace gillnet
