#pragma once

#include <ATen/ATen.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "learner.h"
#include "network.h"
#include "process_group.h"

namespace gillnet {

/// Makes sums over this rank's photos the sums over those of all ranks.
void SumOverRanks(ProcessGroup& group, std::vector<double>& sums);

/// What the ranks of a group tell one another in a step. Gradients gather in flat buckets in the order in which the
/// backward pass gives them, as PyTorch's DistributedDataParallel does it (Li et al. 2020, arXiv:2006.15704): a full
/// one is summed over the ranks while the pass goes on.
class StepExchange {
 public:
  StepExchange(ProcessGroup& group, const std::vector<Parameter>& parameters);

  /// Begins to add up the figures of this rank's photos.
  void Tell(const Learner::Trained& own);
  /// The next gradient, of the sum over this rank's photos; in one order on all ranks.
  void Add(std::size_t parameter, const at::Tensor& gradient);
  /// The figures of all ranks' photos.
  Learner::Trained Told();
  /// Waits for all gradients → those of the mean over so many photos, by parameter and in its layout; undefined where
  /// none was added.
  std::vector<at::Tensor> Means(double photos);

 private:
  struct Bucket {
    at::Tensor values;
    std::unique_ptr<ProcessGroup::Pending> sum;
  };
  struct Gradient {
    std::size_t parameter;
    at::Tensor tensor;
  };

  /// Begins to add up what has gathered.
  void Send();

  ProcessGroup& group_;
  const std::vector<Parameter>& parameters_;
  at::Tensor figures_;
  std::unique_ptr<ProcessGroup::Pending> figures_sum_;
  std::vector<Gradient> gathered_;
  std::int64_t gathered_values_ = 0;
  std::vector<Bucket> buckets_;
  /// By parameter, as they lie in their buckets.
  std::vector<at::Tensor> views_;
};

}  // namespace gillnet
