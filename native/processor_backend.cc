#include <ATen/ATen.h>

#include <deque>
#include <utility>

#include "backend.h"
#include "optimizer.h"
#include "preprocess.h"
#include "process_group.h"
#include "quantized_network.h"
#include "step_exchange.h"
#include "training_pass.h"

namespace gillnet {

namespace {

/// By gillnet's own kernels, where the processor has what they need. A step is done when it was started.
class Processor final : public Backend {
 public:
  explicit Processor(const LearnerOptions& options)
      : network_(options.architecture, options.classes, options.seed),
        optimizer_(options.optimizer, network_.Parameters()),
        dtype_(options.dtype == LearnerOptions::Dtype::kBfloat16 ? at::kBFloat16 : at::kFloat),
        image_size_(options.image_size),
        normalization_{options.mean, options.std} {}

  const Network& Of() const override { return network_; }
  OptimizerState& State() override { return optimizer_; }

  void StartStep(const Batch& batch, const StepOptions& options, ProcessGroup* group) override {
    trained_.push_back(Step(batch, options, group));
  }

  Learner::Trained FinishStep() override {
    const Learner::Trained trained = trained_.front();
    trained_.pop_front();
    return trained;
  }

  Inferred Infer(const Batch& batch) override {
    if (quantized_) return quantized_->Infer(batch);
    if (kernels::Best()) return Compiled().Infer(batch);
    const at::Tensor features = network_.Features(Preprocess(batch, image_size_, normalization_));
    return {features, network_.Pooled(features), network_.Head(features)};
  }

  void Forget() override {
    compiled_.reset();
    quantized_.reset();
  }

  std::vector<float> Calibrate(const Batch& batch) override {
    CheckKernels();
    return Compiled().Maxima(batch);
  }

  void Quantize(const std::vector<float>& maxima) override {
    if (maxima.empty()) {
      quantized_.reset();
    } else {
      CheckKernels();
      quantized_ = std::make_unique<QuantizedNetwork>(network_, image_size_, normalization_, maxima);
    }
  }

 private:
  static void CheckKernels() {
    if (!kernels::Best()) throw InvalidArgument("int8 needs a processor with AVX2; use float32 here");
  }

  FloatNetwork& Compiled() {
    if (!compiled_) compiled_ = std::make_unique<FloatNetwork>(network_, image_size_, normalization_);
    return *compiled_;
  }

  Learner::Trained Step(const Batch& batch, const StepOptions& options, ProcessGroup* group);

  Network network_;
  Optimizer optimizer_;
  at::ScalarType dtype_;
  std::int64_t image_size_;
  Normalization normalization_;
  std::deque<Learner::Trained> trained_;
  /// Of the weights as they are; none after they have changed.
  std::unique_ptr<FloatNetwork> compiled_;
  std::unique_ptr<QuantizedNetwork> quantized_;
};

Learner::Trained Processor::Step(const Batch& batch, const StepOptions& options, ProcessGroup* group) {
  const std::int64_t image_size = options.image_size.value_or(image_size_);
  // A rank without photos takes part with one that counts for nothing.
  const bool empty = batch.count == 0;
  const bool sync = group && options.sync_batch_norm && !options.frozen_statistics;
  if (!sync && !empty) CheckVariance(batch.count, image_size, options);
  const at::Tensor labels = empty ? at::zeros({1}, at::TensorOptions(at::kLong)) : LabelsOf(batch);
  const at::Tensor images = empty ? at::zeros({1, 3, image_size, image_size}).contiguous(at::MemoryFormat::ChannelsLast)
                                  : Preprocess(batch, image_size, normalization_);
  Forget();

  OverRanks ranks{{}, !empty};
  if (sync) ranks.sum = [group](std::vector<double>& sums) { SumOverRanks(*group, sums); };
  TrainingPass pass(network_, {options.Trained(), options.frozen_statistics, dtype_}, std::move(ranks));
  const at::Tensor logits = pass.Forward(images);
  const Figures figures = FiguresOf(logits, labels, options.label_smoothing);
  Learner::Trained trained{figures.loss.item<float>(), figures.correct.item<std::int64_t>(), batch.count,
                           options.asked};
  std::vector<at::Tensor> gradients(network_.Parameters().size());
  if (!group) {
    CheckLoss(trained.loss);
    pass.Backward(CrossEntropyGradient(logits, labels, options.label_smoothing, static_cast<double>(batch.count)),
                  [&](std::size_t parameter, const at::Tensor& gradient) { gradients[parameter] = gradient; });
  } else {
    StepExchange exchange(*group, network_.Parameters());
    exchange.Tell(trained);
    // Of the sum: what the mean is over is known when all have told.
    at::Tensor gradient = CrossEntropyGradient(logits, labels, options.label_smoothing, 1);
    if (empty) gradient.zero_();
    pass.Backward(gradient, [&](std::size_t parameter, const at::Tensor& of) { exchange.Add(parameter, of); });
    trained = exchange.Told();
    if (trained.count > 0) {
      CheckLoss(trained.loss);
      CheckVariance(trained.count, image_size, options);
    }
    gradients = exchange.Means(static_cast<double>(trained.count));
    if (trained.count == 0) return trained;
  }
  if (sync || !empty) pass.MoveStatistics();
  optimizer_.Step(gradients, options.learning_rate, options.factors);
  return trained;
}

}  // namespace

std::unique_ptr<Backend> ProcessorBackend(const LearnerOptions& options) {
  return std::make_unique<Processor>(options);
}

}  // namespace gillnet
