#include "../backend.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <optional>
#include <utility>

#include "../accelerator.h"
#include "../process_group.h"
#include "../step_exchange.h"
#include "crossing.h"
#include "optimizer.h"
#include "preprocess.h"
#include "training_pass.h"

namespace gillnet {

namespace {

using Lane = Accelerator::Lane;

at::ScalarType TypeOf(LearnerOptions::Dtype dtype) {
  if (dtype == LearnerOptions::Dtype::kBfloat16) return at::kBFloat16;
  return dtype == LearnerOptions::Dtype::kFloat16 ? at::kHalf : at::kFloat;
}

/// All that steps have in common that can be recorded as one.
struct StepShape {
  std::int64_t count, height, width, image_size;
  bool colours, frozen_statistics;
  double label_smoothing;
  std::array<bool, kGroups> trained;

  bool operator==(const StepShape& other) const {
    return count == other.count && height == other.height && width == other.width && image_size == other.image_size &&
           colours == other.colours && frozen_statistics == other.frozen_statistics &&
           label_smoothing == other.label_smoothing && trained == other.trained;
  }
};

/// By LibTorch's operations, on an accelerator. While it computes one step the next one's photos are copied beside it;
/// steps of one shape that follow one another are recorded once and given as a whole.
class Plain final : public Backend {
 public:
  explicit Plain(const LearnerOptions& options)
      : accelerator_(AcceleratorOf(options.device)), dtype_(TypeOf(options.dtype)), image_size_(options.image_size) {
    Run([&] {
      const at::Device device = accelerator_->Device();
      network_.emplace(options.architecture, options.classes, options.seed, device);
      optimizer_.emplace(options.optimizer, network_->Parameters(), /*scales_loss=*/dtype_ == at::kHalf);
      const auto [scale, shift] = plain::ScaleAndShift({options.mean, options.std});
      scale_ = scale.to(device);
      shift_ = shift.to(device);
    });
  }

  ~Plain() override {
    try {
      // What is under way still reads and writes.
      accelerator_->MarkOn(Lane::kCopy)->Wait();
      accelerator_->MarkOn(Lane::kCompute)->Wait();
    } catch (const std::exception&) {
      // Of a card that has failed, which was told by then.
    }
  }

  const Network& Of() const override { return *network_; }
  OptimizerState& State() override { return *optimizer_; }
  void Run(const std::function<void()>& work) override { accelerator_->On(Lane::kCompute, work); }

  /// Averages that are made anew are others than those that a recording knows.
  void Forget() override {
    // It may be under way.
    if (recorded_) accelerator_->MarkOn(Lane::kCompute)->Wait();
    recorded_.reset();
  }

  void StartStep(const Batch& batch, const StepOptions& options, ProcessGroup* group) override {
    const std::int64_t image_size = options.image_size.value_or(image_size_);
    // A rank without photos takes part with one that counts for nothing.
    if (batch.count > 0) CheckVariance(batch.count, image_size, options);
    const StepShape shape{batch.count,
                          batch.height,
                          batch.width,
                          image_size,
                          batch.colours != nullptr,
                          options.frozen_statistics,
                          options.label_smoothing,
                          options.Trained()};
    try {
      if (group) {
        Run([&] { StartTogether(batch, options, shape, *group); });
      } else {
        Start(batch, options, shape);
      }
    } catch (const c10::OutOfMemoryError& error) {
      Forget();
      throw DoesNotFit(shape);
    }
  }

  Learner::Trained FinishStep() override {
    const UnderWay finish = std::move(under_way_.front());
    under_way_.pop_front();
    return finish();
  }

  Inferred Infer(const Batch& batch) override {
    plain::Crossing crossing(*accelerator_);
    const plain::Parcel& there = crossing.Send(batch, {});
    const at::Tensor images = plain::Preprocess(there.Photos(batch.colours != nullptr), image_size_, scale_, shift_);
    const at::Tensor features = network_->Features(images);
    return {features, network_->Pooled(features), network_->Head(features)};
  }

 private:
  /// Waits for a step that was begun.
  using UnderWay = std::function<Learner::Trained()>;

  struct Recorded {
    StepShape shape;
    /// What the work reads and writes.
    plain::Parcel input;
    at::Tensor figures;
    /// None after the first step of its kind.
    std::unique_ptr<Accelerator::Recording> work;
  };

  void Start(const Batch& batch, const StepOptions& options, const StepShape& shape) {
    const plain::Parcel& there = crossing_.Send(batch, options);
    const bool same = recorded_ && recorded_->shape == shape;
    Recorded once;
    Recorded& step = same || !recorded_ || shape == last_ ? Kept(batch, shape) : once;
    if (&step == &once) once = Made(batch, shape);
    last_ = shape;
    Run([&] {
      step.input.CopyFrom(there);
      crossing_.Read();
      optimizer_->Begin();
      if (!same) Compute(step);
    });
    if (same) {
      if (!step.work) step.work = accelerator_->Record([&step, this] { Compute(step); });
      step.work->Replay();
    }
    const at::Tensor figures = accelerator_->Staging({2}, at::kFloat);
    Run([&] { figures.copy_(step.figures, /*non_blocking=*/true); });
    const std::shared_ptr<Accelerator::Mark> done = accelerator_->MarkOn(Lane::kCompute);
    under_way_.emplace_back([figures, done, count = batch.count, asked = options.asked]() -> Learner::Trained {
      done->Wait();
      const float* const values = figures.data_ptr<float>();
      CheckLoss(values[0]);
      return {values[0], static_cast<std::int64_t>(values[1]), count, asked};
    });
  }

  /// One step with the other ranks, which is done when it has begun.
  void StartTogether(const Batch& batch, const StepOptions& options, const StepShape& shape, ProcessGroup& group) {
    if (options.sync_batch_norm && !options.frozen_statistics) {
      throw InvalidArgument("Batch norms that are synchronised over ranks are the processor's");
    }
    const bool empty = batch.count == 0;
    const at::TensorOptions floats = scale_.options();
    at::Tensor images, labels, rates;
    if (empty) {
      images = at::zeros({1, 3, shape.image_size, shape.image_size}, floats).contiguous(at::MemoryFormat::ChannelsLast);
      labels = at::zeros({1}, floats.dtype(at::kLong));
      rates = plain::RatesOf(options).to(floats.device());
    } else {
      const plain::Parcel& there = crossing_.Send(batch, options);
      images = plain::Preprocess(there.Photos(shape.colours), shape.image_size, scale_, shift_);
      labels = there.Labels();
      rates = there.rates;
    }
    plain::TrainingPass pass(*network_, {shape.trained, shape.frozen_statistics, dtype_});
    const at::Tensor logits = pass.Forward(images);
    const Figures figures = FiguresOf(logits, labels, shape.label_smoothing);
    const Learner::Trained own{figures.loss.item<float>(), figures.correct.item<std::int64_t>(), batch.count,
                               options.asked};
    StepExchange exchange(group, network_->Parameters());
    exchange.Tell(own);
    // Of the sum: what the mean is over is known when all have told.
    at::Tensor gradient = CrossEntropyGradient(logits, labels, shape.label_smoothing, 1);
    if (empty) gradient.zero_();
    if (optimizer_->Scale().defined()) gradient = gradient.mul(optimizer_->Scale());
    pass.Backward(gradient, [&](std::size_t parameter, const at::Tensor& of) { exchange.Add(parameter, of); });
    const Learner::Trained trained = exchange.Told();
    if (trained.count > 0) {
      CheckLoss(trained.loss);
      const at::Tensor counts = at::ones({}, floats.dtype(at::kBool));
      optimizer_->Begin();
      optimizer_->Step(exchange.Means(static_cast<double>(trained.count)), rates, shape.trained, counts);
      if (!empty) pass.MoveStatistics(counts);
    } else {
      exchange.Means(0);
    }
    if (!empty) crossing_.Read();
    under_way_.emplace_back([trained] { return trained; });
  }

  Recorded Made(const Batch& batch, const StepShape& shape) {
    Recorded made{shape, {}, {}, nullptr};
    Run([&] {
      const at::Device device = accelerator_->Device();
      made.input = plain::Parcel::On(device, batch);
      made.figures = at::empty({2}, at::TensorOptions(at::kFloat).device(device));
    });
    return made;
  }

  /// The one shape whose steps are recorded, from its second step in a row on.
  Recorded& Kept(const Batch& batch, const StepShape& shape) {
    if (!recorded_ || !(recorded_->shape == shape)) {
      Forget();
      recorded_.emplace(Made(batch, shape));
    }
    return *recorded_;
  }

  /// One step, of which nothing is read back.
  void Compute(const Recorded& step) {
    const StepShape& shape = step.shape;
    const at::Tensor images = plain::Preprocess(step.input.Photos(shape.colours), shape.image_size, scale_, shift_);
    const at::Tensor labels = step.input.Labels();
    plain::TrainingPass pass(*network_, {shape.trained, shape.frozen_statistics, dtype_});
    const at::Tensor logits = pass.Forward(images);
    const auto [loss, correct] = FiguresOf(logits, labels, shape.label_smoothing);
    step.figures.copy_(at::stack({loss, correct.to(at::kFloat)}));
    at::Tensor gradient = CrossEntropyGradient(logits, labels, shape.label_smoothing, static_cast<double>(shape.count));
    if (optimizer_->Scale().defined()) gradient = gradient.mul(optimizer_->Scale());
    const at::Tensor finite = loss.isfinite();
    std::vector<at::Tensor> gradients(network_->Parameters().size());
    pass.Backward(gradient, [&](std::size_t parameter, const at::Tensor& of) { gradients[parameter] = of; });
    optimizer_->Step(gradients, step.input.rates, shape.trained, finite);
    pass.MoveStatistics(finite);
  }

  Failure DoesNotFit(const StepShape& shape) const {
    const std::string tried = "A step on " + std::to_string(shape.count) + " photos of " +
                              std::to_string(shape.image_size) + "² pixels does not fit into the device's memory";
    const std::int64_t fitting = accelerator_->FreeMemory() / BytesOfPhoto(shape.image_size);
    const std::int64_t most = std::min(fitting, shape.count - 1) / 8 * 8;
    return Failure("OUT_OF_MEMORY",
                   most > 0 ? tried + "; about " + std::to_string(most) + " would: --batch-size " + std::to_string(most)
                            : tried + "; use smaller photos (--image-size) or another card");
  }

  /// What one photo of a step takes at its peak, about: what each convolution and its norm give, as the backward pass
  /// needs both, and a third for what is made on the way.
  std::int64_t BytesOfPhoto(std::int64_t image_size) const {
    std::int64_t values = 0;
    const auto add = [&](const ConvNorm& layer, std::int64_t edge) {
      const Convolution& convolution = layer.convolution;
      const std::int64_t out = (edge - 1) / convolution.stride + 1;
      values += 2 * convolution.weight.size(0) * out * out;
      return out;
    };
    std::int64_t edge = (add(network_->Stem(), image_size) - 1) / 2 + 1;
    for (const ResidualBlock& block : network_->Blocks()) {
      std::int64_t within = edge;
      if (block.downsample) add(*block.downsample, edge);
      for (const ConvNorm& layer : block.body) within = add(layer, within);
      edge = within;
    }
    const auto bytes = static_cast<std::int64_t>(at::elementSize(dtype_));
    // The resized photo and the matrices before it are float32.
    return values * bytes * 4 / 3 + 6 * image_size * image_size * 3 * 4;
  }

  std::shared_ptr<Accelerator> accelerator_;
  at::ScalarType dtype_;
  std::int64_t image_size_;
  std::optional<Network> network_;
  std::optional<plain::Optimizer> optimizer_;
  at::Tensor scale_, shift_;
  plain::Crossing crossing_{*accelerator_};
  std::optional<Recorded> recorded_;
  StepShape last_{};
  std::deque<UnderWay> under_way_;
};

}  // namespace

std::unique_ptr<Backend> AcceleratorBackend(const LearnerOptions& options) { return std::make_unique<Plain>(options); }

}  // namespace gillnet
