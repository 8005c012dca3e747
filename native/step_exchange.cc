#include "step_exchange.h"

namespace gillnet {

namespace {

/// Values of a bucket, float32. The first is small, so that the network begins to work early: PyTorch's sizes.
constexpr std::int64_t kFirstBucket = (1 << 20) / 4, kBucket = 25 * (1 << 20) / 4;

}  // namespace

void SumOverRanks(ProcessGroup& group, std::vector<double>& sums) {
  const auto count = static_cast<std::int64_t>(sums.size());
  group.AllReduce(at::from_blob(sums.data(), {count}, at::kDouble))->Wait();
}

StepExchange::StepExchange(ProcessGroup& group, const std::vector<Parameter>& parameters)
    : group_(group), parameters_(parameters), views_(parameters.size()) {}

void StepExchange::Tell(const Learner::Trained& own) {
  figures_ = at::empty({4}, at::kDouble);
  double* figures = figures_.data_ptr<double>();
  // A loss that is not finite is so in the sum, too, while a rank without photos adds nothing of it.
  figures[0] = own.count == 0 ? 0 : own.loss * static_cast<double>(own.count);
  figures[1] = own.count == 0 ? 0 : static_cast<double>(own.correct);
  figures[2] = static_cast<double>(own.count);
  figures[3] = own.asked;
  figures_sum_ = group_.AllReduce(figures_);
}

void StepExchange::Add(std::size_t parameter, const at::Tensor& gradient) {
  gathered_.push_back({parameter, gradient});
  gathered_values_ += gradient.numel();
  if (gathered_values_ >= (buckets_.empty() ? kFirstBucket : kBucket)) Send();
}

void StepExchange::Send() {
  if (gathered_.empty()) return;
  const at::Tensor values = at::empty({gathered_values_}, parameters_.front().tensor.options());
  std::int64_t place = 0;
  for (const auto& [parameter, gradient] : gathered_) {
    const at::Tensor& like = parameters_[parameter].tensor;
    at::Tensor& view = views_[parameter];
    view = values.as_strided(like.sizes(), like.strides(), place);
    view.copy_(gradient);
    place += gradient.numel();
  }
  gathered_.clear();
  gathered_values_ = 0;
  buckets_.push_back({values, group_.AllReduce(values)});
}

Learner::Trained StepExchange::Told() {
  Send();
  figures_sum_->Wait();
  const double* figures = figures_.data_ptr<double>();
  const double count = figures[2];
  return {count > 0 ? figures[0] / count : 0, static_cast<std::int64_t>(figures[1]), static_cast<std::int64_t>(count),
          figures[3]};
}

std::vector<at::Tensor> StepExchange::Means(double photos) {
  for (Bucket& bucket : buckets_) {
    bucket.sum->Wait();
    if (photos > 0) bucket.values.div_(photos);
  }
  return views_;
}

}  // namespace gillnet
