// gillnet_cuda.so: the one file that knows CUDA. It is built where LibTorch is a build for CUDA, and opened by
// accelerator.cc.

#include <ATen/Context.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAEvent.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include <cstdlib>
#include <string>

#include "../failure.h"
#include "library.h"

namespace gillnet {

namespace {

class Cuda final : public Accelerator {
 public:
  explicit Cuda(const DeviceOptions& options)
      : index_(static_cast<c10::DeviceIndex>(options.index)),
        compute_(c10::cuda::getStreamFromPool(/*isHighPriority=*/false, index_)),
        copy_(c10::cuda::getStreamFromPool(/*isHighPriority=*/true, index_)) {
    // For the whole process: LibTorch has them nowhere else.
    at::Context& context = at::globalContext();
    context.setAllowTF32CuBLAS(options.tf32);
    context.setAllowTF32CuDNN(options.tf32);
    context.setDeterministicCuDNN(!options.nondeterministic);
    context.setBenchmarkCuDNN(options.nondeterministic);
  }

  at::Device Device() const override { return {at::kCUDA, index_}; }

  at::Tensor Staging(at::IntArrayRef sizes, at::ScalarType dtype) const override {
    const c10::cuda::CUDAGuard guard(index_);
    return at::empty(sizes, at::TensorOptions(dtype).pinned_memory(true));
  }

  void On(Lane lane, const std::function<void()>& work) const override {
    const c10::cuda::CUDAStreamGuard guard(StreamOf(lane));
    work();
  }

  std::unique_ptr<Mark> MarkOn(Lane lane) const override {
    auto mark = std::make_unique<Event>(*this);
    mark->event.record(StreamOf(lane));
    return mark;
  }

  std::unique_ptr<Recording> Record(const std::function<void()>& work) const override {
    auto graph = std::make_unique<Graph>(*this);
    On(Lane::kCompute, [&] {
      graph->graph.capture_begin();
      try {
        work();
      } catch (...) {
        // A stream that is left recording refuses all that follows.
        try {
          graph->graph.capture_end();
        } catch (...) {
        }
        throw;
      }
      graph->graph.capture_end();
    });
    return graph;
  }

  std::int64_t FreeMemory() const override {
    const c10::cuda::CUDAGuard guard(index_);
    std::size_t free = 0, total = 0;
    C10_CUDA_CHECK(cudaMemGetInfo(&free, &total));
    const auto stats = c10::cuda::CUDACachingAllocator::getDeviceStats(index_);
    const auto all = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);
    const std::int64_t kept = stats.reserved_bytes[all].current - stats.allocated_bytes[all].current;
    return static_cast<std::int64_t>(free) + kept;
  }

 private:
  c10::cuda::CUDAStream StreamOf(Lane lane) const { return lane == Lane::kCompute ? compute_ : copy_; }

  struct Event final : Mark {
    explicit Event(const Cuda& cuda) : cuda(cuda) {}
    void Wait() const override { event.synchronize(); }
    void Hold(Lane lane) const override { event.block(cuda.StreamOf(lane)); }
    const Cuda& cuda;
    // The thread that waits leaves the processor to those who decode photos.
    mutable at::cuda::CUDAEvent event{cudaEventDisableTiming | cudaEventBlockingSync};
  };

  struct Graph final : Recording {
    explicit Graph(const Cuda& cuda) : cuda(cuda) {}
    void Replay() override {
      cuda.On(Lane::kCompute, [this] { graph.replay(); });
    }
    const Cuda& cuda;
    at::cuda::CUDAGraph graph;
  };

  c10::DeviceIndex index_;
  c10::cuda::CUDAStream compute_, copy_;
};

class Nccl final : public CardGroup {
 public:
  Nccl(c10d::Store& store, const Rendezvous& at) {
    const auto options = c10d::ProcessGroupNCCL::Options::create();
    options->timeout = at.timeout;
    const auto shared = c10::intrusive_ptr<c10d::Store>::reclaim_copy(&store);
    group_ = c10::make_intrusive<c10d::ProcessGroupNCCL>(c10::make_intrusive<c10d::PrefixStore>("nccl", shared),
                                                         at.rank, at.size, options);
  }

  std::unique_ptr<ProcessGroup::Pending> AllReduce(const at::Tensor& tensor) override {
    std::vector<at::Tensor> tensors{tensor};
    return std::make_unique<Reducing>(group_->allreduce(tensors));
  }

  void Abort() override { group_->abort(); }

 private:
  struct Reducing final : ProcessGroup::Pending {
    explicit Reducing(c10::intrusive_ptr<c10d::Work> work) : work(std::move(work)) {}
    void Wait() override { work->wait(); }
    c10::intrusive_ptr<c10d::Work> work;
  };

  c10::intrusive_ptr<c10d::ProcessGroupNCCL> group_;
};

class Library final : public CudaLibrary {
 public:
  std::vector<CudaDevice> Devices() const override {
    // Read by cuBLAS when it begins: without it sums may be added in another order.
    setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);
    int count = 0;
    const cudaError_t found = cudaGetDeviceCount(&count);
    // Not to be found by the next call.
    if (found != cudaSuccess) (void)cudaGetLastError();
    if (found == cudaErrorInsufficientDriver) {
      throw Failure("NO_DEVICE", "CUDA can't be used: there is no NVIDIA driver, or it is older than this CUDA " +
                                     VersionText() + " needs; `nvidia-smi` shows what there is");
    }
    if (found != cudaSuccess) {
      throw Failure("NO_DEVICE", std::string("CUDA can't be used: ") + cudaGetErrorString(found));
    }
    if (count == 0) throw Failure("NO_DEVICE", "CUDA finds no card");
    std::vector<CudaDevice> devices;
    for (int index = 0; index < count; ++index) {
      cudaDeviceProp properties;
      C10_CUDA_CHECK(cudaGetDeviceProperties(&properties, index));
      devices.push_back(
          {properties.name, static_cast<std::int64_t>(properties.totalGlobalMem), properties.major, properties.minor});
    }
    return devices;
  }

  std::shared_ptr<Accelerator> Open(const DeviceOptions& options) const override {
    const auto count = static_cast<int>(Devices().size());
    if (options.index >= count) {
      throw Failure("NO_DEVICE", "There is no card cuda:" + std::to_string(options.index) +
                                     "; the last is cuda:" + std::to_string(count - 1));
    }
    at::globalContext().lazyInitDevice(at::kCUDA);
    return std::make_shared<Cuda>(options);
  }

  std::unique_ptr<CardGroup> Join(c10d::Store& store, const Rendezvous& at) const override {
    return std::make_unique<Nccl>(store, at);
  }

 private:
  static std::string VersionText() {
    return std::to_string(CUDART_VERSION / 1000) + "." + std::to_string(CUDART_VERSION % 1000 / 10);
  }
};

}  // namespace

}  // namespace gillnet

extern "C" __attribute__((visibility("default"))) const gillnet::CudaLibrary* gillnet_cuda_library() {
  static const gillnet::Library library;
  return &library;
}
