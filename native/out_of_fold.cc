#include "out_of_fold.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <deque>

#include "failure.h"

namespace gillnet {

namespace {

/// Steps that L-BFGS remembers: more gain nothing here.
constexpr std::size_t kMemory = 10;
/// Of the gradient's largest entry, where the summed loss is some 100: confidences are exact to 1e-6 then.
constexpr double kTolerance = 1e-6;
/// Several times what any data needed; what they have come to is taken.
constexpr int kMaxSteps = 2000;
/// Armijo's condition, and halvings of a step before rounding is what it fails by.
constexpr double kSufficientDecrease = 1e-4;
constexpr int kMaxHalvings = 30;

double Dot(const at::Tensor& a, const at::Tensor& b) { return a.mul(b).sum().item<double>(); }

/// float64 [count, width + 1]: mean 0 and variance 1 of each feature over all photos, and a constant 1 for the
/// intercept. A feature that never changes becomes 0.
at::Tensor Standardised(const Folds& folds) {
  // LibTorch only reads through the pointer.
  auto* values = const_cast<float*>(folds.features);
  const at::Tensor standardised = at::ones({folds.count, folds.width + 1}, at::kDouble);
  at::Tensor features = standardised.narrow(1, 0, folds.width);
  features.copy_(at::from_blob(values, {folds.count, folds.width}, at::kFloat));
  const at::Tensor mean = features.mean(0);
  const at::Tensor deviation = features.sub_(mean).square().mean(0).sqrt();
  const at::Tensor constant = deviation.le(mean.abs().mul(1e-9));
  features.div_(deviation).masked_fill_(constant, 0);
  return standardised;
}

/// Multinomial logistic regression with an L2 penalty on all but the intercept: strictly convex in what can
/// change the confidences.
class LogisticRegression {
 public:
  /// `truths` float64 [count, classes] is one-hot, and zero for photos that are held out.
  LogisticRegression(const at::Tensor& features, const at::Tensor& truths, const Folds& folds)
      : features_(features),
        truths_(truths),
        trains_(truths.sum(1, /*keepdim=*/true)),
        penalties_(at::full({folds.width + 1, 1}, folds.penalty, at::kDouble)),
        stop_(folds.stop) {
    penalties_[folds.width].zero_();
  }

  struct Point {
    /// float64 [width + 1, classes]
    at::Tensor weights;
    double loss;
    at::Tensor gradient;
  };

  Point At(const at::Tensor& weights) const {
    if (stop_ && __atomic_load_n(stop_, __ATOMIC_RELAXED) != 0) {
      throw Failure("INTERRUPTED", "Stopped before all folds were fitted");
    }
    const at::Tensor logs = features_.mm(weights).log_softmax(1);
    const at::Tensor shrinking = penalties_.mul(weights);
    const double loss = -Dot(logs, truths_) + 0.5 * Dot(shrinking, weights);
    const at::Tensor errors = logs.exp().mul_(trains_).sub_(truths_);
    return {weights, loss, features_.t().mm(errors).add_(shrinking)};
  }

  /// The weights of the least loss, by L-BFGS (Liu & Nocedal 1989) from zero.
  at::Tensor Fit() const {
    Point point = At(at::zeros({features_.size(1), truths_.size(1)}, at::kDouble));
    std::deque<Step> steps;
    for (int done = 0; done < kMaxSteps; ++done) {
      if (point.gradient.abs().max().item<double>() <= kTolerance) break;
      const at::Tensor direction = Direction(point.gradient, steps);
      const double slope = Dot(point.gradient, direction);
      Point next = point;
      double length = 1;
      for (int halvings = 0; halvings <= kMaxHalvings; ++halvings, length /= 2) {
        next = At(point.weights + length * direction);
        if (next.loss <= point.loss + kSufficientDecrease * length * slope) break;
      }
      // No step lowers the loss by more than it is rounded to.
      if (!(next.loss < point.loss)) break;
      steps.push_back({next.weights - point.weights, next.gradient - point.gradient});
      if (steps.size() > kMemory) steps.pop_front();
      point = next;
    }
    return point.weights;
  }

 private:
  struct Step {
    at::Tensor weights, gradient;
    double curvature() const { return Dot(weights, gradient); }
  };

  /// Down the gradient, bent by what the steps have told of the curvature.
  static at::Tensor Direction(const at::Tensor& gradient, const std::deque<Step>& steps) {
    at::Tensor direction = gradient.neg();
    if (steps.empty()) return direction.div_(gradient.norm());
    std::vector<double> shares;
    for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
      shares.push_back(Dot(step->weights, direction) / step->curvature());
      direction.sub_(step->gradient, shares.back());
    }
    const Step& last = steps.back();
    direction.mul_(last.curvature() / Dot(last.gradient, last.gradient));
    for (const Step& step : steps) {
      const double share = Dot(step.gradient, direction) / step.curvature();
      direction.add_(step.weights, shares.back() - share);
      shares.pop_back();
    }
    return direction;
  }

  at::Tensor features_, truths_, trains_, penalties_;
  const std::int32_t* stop_;
};

at::Tensor Indices(const std::int32_t* values, std::int64_t count) {
  return at::from_blob(const_cast<std::int32_t*>(values), {count}, at::kInt).to(at::kLong);
}

}  // namespace

std::vector<float> OutOfFold(const Folds& folds) {
  const c10::NoGradGuard no_grad;
  const at::Tensor features = Standardised(folds);
  const at::Tensor truths = at::one_hot(Indices(folds.labels, folds.count), folds.classes).to(at::kDouble);
  const at::Tensor fold_of = Indices(folds.folds, folds.count);
  const at::Tensor confidences = at::zeros({folds.count, folds.classes}, at::kFloat);
  for (std::int64_t fold = 0; fold <= fold_of.max().item<std::int64_t>(); ++fold) {
    const at::Tensor held_out = fold_of.eq(fold);
    if (!held_out.any().item<bool>()) continue;
    const at::Tensor trains = held_out.logical_not().unsqueeze(1);
    const at::Tensor weights = LogisticRegression(features, truths.mul(trains), folds).Fit();
    const at::Tensor photos = held_out.nonzero().squeeze(1);
    const at::Tensor told = features.index_select(0, photos).mm(weights).softmax(1);
    confidences.index_copy_(0, photos, told.to(at::kFloat));
  }
  const float* values = confidences.data_ptr<float>();
  return std::vector<float>(values, values + confidences.numel());
}

}  // namespace gillnet
