#include "logistic_regression.h"

#include <ATen/ATen.h>

#include <deque>
#include <limits>

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

/// Features of mean 0 and variance 1 over all photos, beside what made them so.
struct Standardised {
  /// float64 [count, width + 1], with a constant 1 behind the features for the intercept. A feature that never
  /// changes is 0.
  at::Tensor features;
  /// float64 [width]; the deviation of a feature that never changes is infinite.
  at::Tensor mean, deviation;
};

Standardised Standardise(const LabelledFeatures& photos) {
  // LibTorch only reads through the pointer.
  auto* values = const_cast<float*>(photos.features);
  const at::Tensor standardised = at::ones({photos.count, photos.width + 1}, at::kDouble);
  at::Tensor features = standardised.narrow(1, 0, photos.width);
  features.copy_(at::from_blob(values, {photos.count, photos.width}, at::kFloat));
  const at::Tensor mean = features.mean(0);
  // No copy as large as the features themselves.
  at::Tensor deviation = features.sub_(mean).var(0, /*unbiased=*/false).sqrt();
  const at::Tensor constant = deviation.le(mean.abs().mul(1e-9));
  deviation.masked_fill_(constant, std::numeric_limits<double>::infinity());
  features.div_(deviation);
  return {standardised, mean, deviation};
}

/// Multinomial logistic regression with an L2 penalty on all but the intercept: strictly convex in what can
/// change the confidences.
class LogisticRegression {
 public:
  /// `truths` float64 [count, classes] is one-hot, and zero for photos that are held out.
  LogisticRegression(const at::Tensor& features, const at::Tensor& truths, const LabelledFeatures& photos)
      : features_(features),
        truths_(truths),
        trains_(truths.sum(1, /*keepdim=*/true)),
        penalties_(at::full({photos.width + 1, 1}, photos.penalty, at::kDouble)),
        stop_(photos.stop) {
    penalties_[photos.width].zero_();
  }

  struct Point {
    /// float64 [width + 1, classes]
    at::Tensor weights;
    double loss;
    at::Tensor gradient;
  };

  Point At(const at::Tensor& weights) const {
    if (stop_ && __atomic_load_n(stop_, __ATOMIC_RELAXED) != 0) {
      throw Failure("INTERRUPTED", "Stopped before the regression was fitted");
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

/// One-hot, float64 [count, classes].
at::Tensor Truths(const LabelledFeatures& photos) {
  return at::one_hot(Indices(photos.labels, photos.count), photos.classes).to(at::kDouble);
}

std::vector<float> ValuesOf(const at::Tensor& tensor) {
  const at::Tensor dense = tensor.to(at::kFloat).contiguous();
  const float* values = dense.data_ptr<float>();
  return std::vector<float>(values, values + dense.numel());
}

}  // namespace

std::vector<float> OutOfFold(const Folds& folds) {
  const LabelledFeatures& photos = folds.photos;
  const at::Tensor features = Standardise(photos).features;
  const at::Tensor truths = Truths(photos);
  const at::Tensor fold_of = Indices(folds.fold_of, photos.count);
  const at::Tensor confidences = at::zeros({photos.count, photos.classes}, at::kFloat);
  for (std::int64_t fold = 0; fold <= fold_of.max().item<std::int64_t>(); ++fold) {
    const at::Tensor held_out = fold_of.eq(fold);
    if (!held_out.any().item<bool>()) continue;
    const at::Tensor trains = held_out.logical_not().unsqueeze(1);
    const at::Tensor weights = LogisticRegression(features, truths.mul(trains), photos).Fit();
    const at::Tensor told_of = held_out.nonzero().squeeze(1);
    const at::Tensor told = features.index_select(0, told_of).mm(weights).softmax(1);
    confidences.index_copy_(0, told_of, told.to(at::kFloat));
  }
  return ValuesOf(confidences);
}

Head FitHead(const LabelledFeatures& photos) {
  const auto [features, mean, deviation] = Standardise(photos);
  const at::Tensor truths = Truths(photos);
  const at::Tensor fitted = LogisticRegression(features, truths, photos).Fit();
  const at::Tensor logs = features.mm(fitted).log_softmax(1);
  const at::Tensor weight = fitted.t().narrow(1, 0, photos.width).div(deviation);
  const at::Tensor bias = fitted.select(0, photos.width).sub(weight.mv(mean));
  return {ValuesOf(weight), ValuesOf(bias), -Dot(logs, truths) / static_cast<double>(photos.count),
          logs.argmax(1).eq(truths.argmax(1)).sum().item<std::int64_t>()};
}

}  // namespace gillnet
