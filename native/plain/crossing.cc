#include "crossing.h"

#include <ATen/Parallel.h>

#include <algorithm>

namespace gillnet::plain {

namespace {

using Lane = Accelerator::Lane;

/// Columns of what is drawn.
constexpr std::int64_t kCrop = 0, kFlip = 4, kColours = 5, kLabel = 8, kColumns = 9;

}  // namespace

Parcel Parcel::By(const std::function<at::Tensor(at::IntArrayRef, at::ScalarType)>& make, const Batch& batch) {
  return {make({batch.count, batch.height, batch.width, 3}, at::kByte), make({batch.count, kColumns}, at::kFloat),
          make({static_cast<std::int64_t>(kGroups)}, at::kFloat)};
}

Parcel Parcel::On(at::Device device, const Batch& batch) {
  return By([&](at::IntArrayRef sizes,
                at::ScalarType dtype) { return at::empty(sizes, at::TensorOptions(dtype).device(device)); },
            batch);
}

bool Parcel::Fits(const Batch& batch) const {
  return pixels.defined() && pixels.sizes().equals({batch.count, batch.height, batch.width, 3});
}

void Parcel::CopyFrom(const Parcel& other) const {
  pixels.copy_(other.pixels, /*non_blocking=*/true);
  drawn.copy_(other.drawn, /*non_blocking=*/true);
  rates.copy_(other.rates, /*non_blocking=*/true);
}

void Parcel::Fill(const Batch& batch, const StepOptions& options) const {
  const std::int64_t photo = batch.height * batch.width * 3;
  auto* const to = pixels.data_ptr<std::uint8_t>();
  at::parallel_for(0, batch.count, 1, [&](std::int64_t begin, std::int64_t end) {
    std::copy(batch.pixels + begin * photo, batch.pixels + end * photo, to + begin * photo);
  });
  const std::array<std::int32_t, 4> whole{0, 0, static_cast<std::int32_t>(batch.width),
                                          static_cast<std::int32_t>(batch.height)};
  float* row = drawn.data_ptr<float>();
  for (std::int64_t index = 0; index < batch.count; ++index, row += kColumns) {
    std::copy_n(batch.crops ? batch.crops + 4 * index : whole.data(), 4, row + kCrop);
    row[kFlip] = batch.flips && batch.flips[index] != 0 ? 1 : 0;
    for (std::int64_t factor = 0; factor < 3; ++factor) {
      row[kColours + factor] = batch.colours ? batch.colours[3 * index + factor] : 1;
    }
    row[kLabel] = static_cast<float>(batch.labels ? batch.labels[index] : 0);
  }
  rates.copy_(RatesOf(options));
}

Photos Parcel::Photos(bool colours) const {
  return {pixels, drawn.narrow(1, kCrop, 4), drawn.select(1, kFlip),
          colours ? drawn.narrow(1, kColours, 3) : at::Tensor()};
}

at::Tensor Parcel::Labels() const { return drawn.select(1, kLabel).to(at::kLong); }

at::Tensor RatesOf(const StepOptions& options) {
  at::Tensor rates = at::empty({static_cast<std::int64_t>(kGroups)});
  for (std::size_t group = 0; group < kGroups; ++group) {
    rates.data_ptr<float>()[group] =
        static_cast<float>(options.learning_rate * static_cast<double>(options.factors[group]));
  }
  return rates;
}

const Parcel& Crossing::Send(const Batch& batch, const StepOptions& options) {
  last_ = (last_ + 1) % slots_.size();
  Slot& slot = slots_[last_];
  if (slot.sent) slot.sent->Wait();
  if (!slot.here.Fits(batch)) {
    if (slot.read) slot.read->Wait();
    slot.here = Parcel::By(
        [this](at::IntArrayRef sizes, at::ScalarType dtype) { return accelerator_.Staging(sizes, dtype); }, batch);
    accelerator_.On(Lane::kCopy, [&] { slot.there = Parcel::On(accelerator_.Device(), batch); });
  }
  slot.here.Fill(batch, options);
  if (slot.read) slot.read->Hold(Lane::kCopy);
  accelerator_.On(Lane::kCopy, [&] { slot.there.CopyFrom(slot.here); });
  slot.sent = accelerator_.MarkOn(Lane::kCopy);
  slot.sent->Hold(Lane::kCompute);
  return slot.there;
}

void Crossing::Read() { slots_[last_].read = accelerator_.MarkOn(Lane::kCompute); }

}  // namespace gillnet::plain
