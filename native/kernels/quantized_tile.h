#pragma once

#include "kernels.h"
#include "unroll.h"

// Included by one file for each instruction set: see tile.h.

namespace gillnet::kernels {

/// As RunTile: four neighbouring values of a pixel are broadcast at once, and multiplied and summed by one instruction.
template <typename Isa, int kRuns, int kPixels>
void RunQuantizedTile(const QuantizedTile& tile) {
  using Integers = typename Isa::Integers;
  constexpr int kLanes = Isa::kLanes;
  Integers sums[kRuns][kPixels][2];
  GILLNET_UNROLL
  for (int run = 0; run < kRuns; ++run) {
    GILLNET_UNROLL
    for (int pixel = 0; pixel < kPixels; ++pixel) {
      sums[run][pixel][0] = Isa::Zero();
      sums[run][pixel][1] = Isa::Zero();
    }
  }
  const std::int8_t* weights = tile.weights;
  const std::int64_t step = tile.in_pixel;
  for (std::int64_t row = 0; row < tile.rows; ++row) {
    const std::uint8_t* in[kRuns];
    GILLNET_UNROLL
    for (int run = 0; run < kRuns; ++run) in[run] = tile.in[run] + row * tile.in_row;
    for (std::int64_t left = tile.depth; left > 0; left -= 4) {
      const Integers low = Isa::Load(weights);
      const Integers high = Isa::Load(weights + 4 * kLanes);
      weights += 8 * kLanes;
      GILLNET_UNROLL
      for (int run = 0; run < kRuns; ++run) {
        GILLNET_UNROLL
        for (int pixel = 0; pixel < kPixels; ++pixel) {
          const Integers value = Isa::Broadcast(in[run] + pixel * step);
          sums[run][pixel][0] = Isa::MultiplyAdd(value, low, sums[run][pixel][0]);
          sums[run][pixel][1] = Isa::MultiplyAdd(value, high, sums[run][pixel][1]);
        }
        in[run] += 4;
      }
    }
  }
  GILLNET_UNROLL
  for (int half = 0; half < 2; ++half) {
    const auto scale = Isa::LoadFloats(tile.scale + half * kLanes), bias = Isa::LoadFloats(tile.bias + half * kLanes);
    GILLNET_UNROLL
    for (int run = 0; run < kRuns; ++run) {
      GILLNET_UNROLL
      for (int pixel = 0; pixel < kPixels; ++pixel) {
        auto value = Isa::Scaled(sums[run][pixel][half], scale, bias);
        const std::int64_t added = pixel * tile.add_pixel + half * kLanes;
        if (tile.add[run]) value += Isa::LoadBytes(tile.add[run] + added) * tile.add_scale;
        if (tile.add_float[run]) value += Isa::LoadFloats(tile.add_float[run] + added) * tile.add_scale;
        const std::int64_t to = pixel * tile.out_pixel + half * kLanes;
        if (tile.relu) value = Isa::Positive(value);
        if (tile.out[run]) {
          Isa::StoreBytes(tile.out[run] + to, value);
        } else {
          Isa::StoreFloats(tile.out_float[run] + to, value);
        }
      }
    }
  }
}

}  // namespace gillnet::kernels
