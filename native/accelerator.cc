#include "accelerator.h"

#include <dlfcn.h>

#include <string>
#include <utility>

#include "cuda/library.h"
#include "failure.h"

namespace gillnet {

namespace {

/// The processor in the place of an accelerator, whose work is done when it has been given.
class Plain final : public Accelerator {
 public:
  at::Device Device() const override { return at::kCPU; }

  at::Tensor Staging(at::IntArrayRef sizes, at::ScalarType dtype) const override { return at::empty(sizes, dtype); }

  void On(Lane, const std::function<void()>& work) const override { work(); }

  std::unique_ptr<Mark> MarkOn(Lane) const override { return std::make_unique<Reached>(); }

  std::unique_ptr<Recording> Record(const std::function<void()>& work) const override {
    return std::make_unique<Again>(work);
  }

  std::int64_t FreeMemory() const override { return 0; }

 private:
  struct Reached final : Mark {
    void Wait() const override {}
    void Hold(Lane) const override {}
  };

  struct Again final : Recording {
    explicit Again(std::function<void()> work) : work(std::move(work)) {}
    void Replay() override { work(); }
    std::function<void()> work;
  };
};

std::string Folder() {
  Dl_info info;
  if (dladdr(reinterpret_cast<const void*>(&CudaDevices), &info) == 0) return {};
  const std::string file = info.dli_fname;
  return file.substr(0, file.rfind('/') + 1);
}

}  // namespace

/// gillnet_cuda.so, which lies beside this library where LibTorch is one for CUDA. Opening it brings CUDA's libraries
/// in, which take a second and memory: only those who compute there pay for it.
const CudaLibrary& Cuda() {
  static const CudaLibrary* const library = [] {
    const std::string file = Folder() + "gillnet_cuda.so";
    // Global, as LibTorch's own parts find each other's types.
    void* const opened = dlopen(file.c_str(), RTLD_NOW | RTLD_GLOBAL);
    if (!opened) throw Failure("NO_DEVICE", std::string("CUDA can't be used: ") + dlerror());
    const auto get = reinterpret_cast<const CudaLibrary* (*)()>(dlsym(opened, kCudaLibrary));
    if (!get) throw Failure("NO_DEVICE", file + " is of another build; run `npm run setup`");
    return get();
  }();
  return *library;
}

std::shared_ptr<Accelerator> AcceleratorOf(const DeviceOptions& options) {
  if (options.kind == DeviceOptions::Kind::kPlain) return std::make_shared<Plain>();
  return Cuda().Open(options);
}

std::vector<CudaDevice> CudaDevices() { return Cuda().Devices(); }

}  // namespace gillnet
