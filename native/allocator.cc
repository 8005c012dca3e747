#include "allocator.h"

#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <new>
#include <unordered_map>
#include <vector>

#include "libtorch_compat.h"

namespace gillnet {

namespace {

/// What x86-64 and arm64 call so.
constexpr std::size_t kHugePage = std::size_t{2} << 20;
/// Blocks from it on consist of huge pages.
constexpr std::size_t kLarge = std::size_t{1} << 20;
/// What is smaller the system's allocator keeps well enough.
constexpr std::size_t kSmallest = std::size_t{1} << 16;
constexpr std::size_t kAlignment = 4096;
/// How much may be kept: as much as tensors have held at once, and half as much again, since not all sizes are in
/// use at the same time.
constexpr double kSlack = 1.5;

/// Sizes of blocks: eight to each doubling, or else multiples of a huge page.
std::size_t SizeClass(std::size_t size) {
  std::size_t step = size < kLarge ? kSmallest / 8 : kHugePage;
  while (step * 16 <= size) step *= 2;
  return (size + step - 1) / step * step;
}

/// Null where the system has no more.
void* Map(std::size_t size) {
  if (size < kLarge) {
    void* data = nullptr;
    return posix_memalign(&data, kAlignment, size) == 0 ? data : nullptr;
  }
  // One page more than needed, so that a part of it begins at a huge page.
  const std::size_t mapped = size + kHugePage;
  void* const start = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) return nullptr;
  auto* const first = static_cast<std::uint8_t*>(start);
  const std::size_t before = (kHugePage - reinterpret_cast<std::uintptr_t>(start) % kHugePage) % kHugePage;
  if (before > 0) munmap(first, before);
  munmap(first + before + size, kHugePage - before);
#ifdef MADV_HUGEPAGE
  // A system that refuses gives small pages, which work as well.
  madvise(first + before, size, MADV_HUGEPAGE);
#endif
  return first + before;
}

void Unmap(void* data, std::size_t size) {
  if (size < kLarge) {
    free(data);
  } else {
    munmap(data, size);
  }
}

struct Block {
  void* data;
  std::size_t size;
};

/// Blocks, those in use and those kept. Any thread.
class Blocks {
 public:
  void* Take(std::size_t size) {
    const std::scoped_lock lock(mutex_);
    const std::size_t wanted = SizeClass(size);
    // The one freed last is the likeliest to be in the processor's cache still.
    const auto found =
        std::find_if(idle_.rbegin(), idle_.rend(), [&](const Block& block) { return block.size == wanted; });
    Block block{nullptr, wanted};
    if (found != idle_.rend()) {
      block = *found;
      idle_.erase(std::next(found).base());
      idle_bytes_ -= wanted;
    } else {
      const std::size_t peak = std::max(peak_bytes_, used_bytes_ + wanted);
      const auto most = static_cast<std::size_t>(kSlack * static_cast<double>(peak));
      ReleaseUntil(most - used_bytes_ - wanted);
      block.data = Map(wanted);
      if (!block.data) {
        ReleaseUntil(0);
        block.data = Map(wanted);
      }
      if (!block.data) throw std::bad_alloc();
    }
    used_.emplace(block.data, wanted);
    used_bytes_ += wanted;
    peak_bytes_ = std::max(peak_bytes_, used_bytes_);
    return block.data;
  }

  /// Whether it was one of its blocks.
  bool GiveBack(void* data) {
    const std::scoped_lock lock(mutex_);
    const auto found = used_.find(data);
    if (found == used_.end()) return false;
    idle_.push_back({data, found->second});
    idle_bytes_ += found->second;
    used_bytes_ -= found->second;
    used_.erase(found);
    return true;
  }

  void Release() {
    const std::scoped_lock lock(mutex_);
    ReleaseUntil(0);
    peak_bytes_ = used_bytes_;
  }

 private:
  /// Unmaps those that were freed the longest ago.
  void ReleaseUntil(std::size_t most) {
    std::size_t count = 0;
    for (; idle_bytes_ > most; ++count) {
      Unmap(idle_[count].data, idle_[count].size);
      idle_bytes_ -= idle_[count].size;
    }
    idle_.erase(idle_.begin(), idle_.begin() + static_cast<std::ptrdiff_t>(count));
  }

  std::mutex mutex_;
  std::unordered_map<void*, std::size_t> used_;
  /// In the order in which they were freed.
  std::vector<Block> idle_;
  std::size_t used_bytes_ = 0, idle_bytes_ = 0, peak_bytes_ = 0;
};

/// Never destroyed: LibTorch's own objects may free memory after all of ours are gone.
Blocks& TheBlocks() {
  static auto* const blocks = new Blocks();
  return *blocks;
}

void Free(void* data) {
  const bool aligned = reinterpret_cast<std::uintptr_t>(data) % kAlignment == 0;
  if (data && !(aligned && TheBlocks().GiveBack(data))) c10::free_cpu(data);
}

class CachingAllocator final : public AnyAllocator {
 public:
  c10::DeleterFnPtr raw_deleter() const override { return Free; }

 private:
  c10::DataPtr Allocate(std::size_t size) const override {
    void* const data = size < kSmallest ? c10::alloc_cpu(size) : TheBlocks().Take(size);
    return {data, data, Free, c10::Device(c10::DeviceType::CPU)};
  }
};

}  // namespace

void InstallCachingAllocator() {
  constexpr std::uint8_t kAboveLibTorch = 1;
  static std::once_flag installed;
  std::call_once(installed, [] { c10::SetCPUAllocator(new CachingAllocator(), kAboveLibTorch); });
}

void ReleaseIdleMemory() { TheBlocks().Release(); }

}  // namespace gillnet
