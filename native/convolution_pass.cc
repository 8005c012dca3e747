#include "convolution_pass.h"

#include <ATen/Parallel.h>

#include <atomic>
#include <vector>

namespace gillnet {

namespace {

/// LibTorch's own threads: those of another pool would wait awake beside them.
class ParallelFor final : public kernels::Workers {
 public:
  int threads() const override { return at::get_num_threads(); }

 private:
  void RunAll(std::int64_t tasks, Call call, const void* work) override {
    std::atomic<std::int64_t> next{0};
    at::parallel_for(0, threads(), 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t thread = begin; thread < end; ++thread) {
        for (std::int64_t task; (task = next.fetch_add(1, std::memory_order_relaxed)) < tasks;) {
          call(work, task, static_cast<int>(thread));
        }
      }
    });
  }
};

at::Tensor EmptyMap(at::IntArrayRef sizes) {
  return at::empty(sizes, at::TensorOptions(at::kFloat).memory_format(at::MemoryFormat::ChannelsLast));
}

std::optional<kernels::TrainedConvolution> OwnOf(const Convolution& of, const at::Tensor& input) {
  if (input.scalar_type() != at::kFloat) return std::nullopt;
  const kernels::ConvolutionShape shape{of.weight.size(1), of.weight.size(0), of.weight.size(2), of.stride, of.padding};
  return kernels::TrainedConvolution::Of(shape, input.size(0), input.size(2), input.size(3));
}

}  // namespace

ConvolutionPass::ConvolutionPass(const Convolution& of, const at::Tensor& input)
    : convolution_{of.weight.to(input.scalar_type()), of.stride, of.padding}, input_(input), own_(OwnOf(of, input)) {}

at::Tensor ConvolutionPass::Output() const {
  if (!own_) return convolution_(input_).contiguous(at::MemoryFormat::ChannelsLast);
  ParallelFor workers;
  const at::Tensor& weight = convolution_.weight;
  const at::Tensor output = EmptyMap({input_.size(0), weight.size(0), input_.size(2), input_.size(3)});
  own_->Forward(workers, weight.data_ptr<float>(), input_.data_ptr<float>(), output.data_ptr<float>(),
                Scratch().data_ptr<float>());
  return output;
}

ConvolutionPass::Gradients ConvolutionPass::Backward(const at::Tensor& output, bool input, bool weight) const {
  Gradients gradients;
  if (!input && !weight) return gradients;
  const at::Tensor& kernel = convolution_.weight;
  if (!own_) {
    const std::vector<std::int64_t> stride(2, convolution_.stride), padding(2, convolution_.padding);
    auto [of_input, of_weight, of_bias] =
        at::convolution_backward(output, input_, kernel, c10::nullopt, stride, padding, {1, 1}, /*transposed=*/false,
                                 {0, 0}, /*groups=*/1, {input, weight, false});
    if (input) gradients.input = of_input.contiguous(at::MemoryFormat::ChannelsLast);
    gradients.weight = of_weight;
    return gradients;
  }
  ParallelFor workers;
  const at::Tensor scratch = Scratch();
  const float* const of_output = output.data_ptr<float>();
  if (input) {
    gradients.input = EmptyMap(input_.sizes());
    own_->InputGradient(workers, kernel.data_ptr<float>(), of_output, gradients.input.data_ptr<float>(),
                        scratch.data_ptr<float>());
  }
  if (weight) {
    gradients.weight = EmptyMap(kernel.sizes());
    own_->WeightGradient(workers, input_.data_ptr<float>(), of_output, gradients.weight.data_ptr<float>(),
                         scratch.data_ptr<float>());
  }
  return gradients;
}

at::Tensor ConvolutionPass::Scratch() const { return at::empty({own_->Scratch(at::get_num_threads())}); }

}  // namespace gillnet
