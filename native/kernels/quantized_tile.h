#pragma once

#include "kernels.h"
#include "unroll.h"

// Included by one file for each instruction set: see tile.h.

namespace gillnet::kernels {

/// As kLine and kAhead of tile.h.
constexpr int kLineBytes = 64, kBytesAhead = 2048;

/// From sums [pixels, block] to the output. A function of its own and not inlined: its operands would take registers
/// from the sums while those are summed.
template <typename Isa>
__attribute__((noinline)) void FinishRun(const QuantizedTile& tile, int run, int pixels, const std::int32_t* sums) {
  constexpr int kLanes = Isa::kLanes;
  for (int half = 0; half < 2; ++half, sums += kLanes) {
    const auto scale = Isa::LoadFloats(tile.scale + half * kLanes), bias = Isa::LoadFloats(tile.bias + half * kLanes);
    for (int pixel = 0; pixel < pixels; ++pixel) {
      auto value = Isa::Scaled(Isa::LoadIntegers(sums + pixel * 2 * kLanes), scale, bias);
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
  const std::int8_t *weights = tile.weights, *soon = tile.soon;
  const std::int64_t step = tile.in_pixel;
  for (std::int64_t row = 0; row < tile.rows; ++row) {
    const std::uint8_t* in[kRuns];
    GILLNET_UNROLL
    for (int run = 0; run < kRuns; ++run) in[run] = tile.in[run] + row * tile.in_row;
    for (std::int64_t left = tile.depth; left > 0; left -= 4) {
      const Integers low = Isa::Load(weights);
      const Integers high = Isa::Load(weights + 4 * kLanes);
      GILLNET_UNROLL
      for (int line = 0; line < 8 * kLanes; line += kLineBytes) __builtin_prefetch(weights + kBytesAhead + line);
      weights += 8 * kLanes;
      // Into the second-level cache.
      __builtin_prefetch(soon, /*rw=*/0, /*locality=*/2);
      soon += 4 * kLanes;
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
  alignas(64) std::int32_t sums_of[kRuns][kPixels][2 * kLanes];
  GILLNET_UNROLL
  for (int run = 0; run < kRuns; ++run) {
    GILLNET_UNROLL
    for (int pixel = 0; pixel < kPixels; ++pixel) {
      Isa::StoreIntegers(sums_of[run][pixel], sums[run][pixel][0]);
      Isa::StoreIntegers(sums_of[run][pixel] + kLanes, sums[run][pixel][1]);
    }
  }
  for (int run = 0; run < kRuns; ++run) FinishRun<Isa>(tile, run, kPixels, sums_of[run][0]);
}

template <typename Isa>
void MaxOf3x3Bytes(const std::uint8_t* in, std::int64_t row, std::int64_t pixel, std::int64_t channels,
                   std::uint8_t* out) {
  for (std::int64_t channel = 0; channel < channels; channel += 2 * Isa::kLanes) {
    auto most = Isa::LoadBlock(in + channel);
    for (int near = 1; near < 9; ++near) {
      most = Isa::Max(most, Isa::LoadBlock(in + near / 3 * row + near % 3 * pixel + channel));
    }
    Isa::StoreBlock(out + channel, most);
  }
}

/// As KernelsOf.
template <typename Isa, int... kPixels>
constexpr QuantizedKernels QuantizedKernelsOf(int limit) {
  return {2 * Isa::kLanes,
          sizeof...(kPixels),
          limit,
          {{RunQuantizedTile<Isa, 1, kPixels>...}, {RunQuantizedTile<Isa, 2, kPixels>...}},
          MaxOf3x3Bytes<Isa>};
}

}  // namespace gillnet::kernels
