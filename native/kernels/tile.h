#pragma once

#include "kernels.h"
#include "unroll.h"
#include "winograd.h"

// Included by one file for each instruction set, which is compiled for that set. Nothing of the standard library is
// used here: the linker could keep its copy of a shared template for processors that lack the instructions.

namespace gillnet::kernels {

/// Values of a cache line.
constexpr int kLine = 16;
/// Weights that are asked for early, in values: one photo reads more than the caches hold, and memory answers after as
/// long as 4 KB of them take. Worth 10 % there.
constexpr int kAhead = 1024;

/// Pixels are broadcast, output channels lie side by side in two registers; each sum is one of a register for all of
/// `rows` × `depth`, in that order.
template <typename Isa, int kRuns, int kPixels>
void RunTile(const Tile& tile) {
  using Vector = typename Isa::Vector;
  constexpr int kLanes = Isa::kLanes;
  Vector sums[kRuns][kPixels][2];
  GILLNET_UNROLL
  for (int run = 0; run < kRuns; ++run) {
    GILLNET_UNROLL
    for (int pixel = 0; pixel < kPixels; ++pixel) {
      GILLNET_UNROLL
      for (int half = 0; half < 2; ++half) {
        const float* before = tile.out[run] + pixel * tile.out_pixel + half * kLanes;
        sums[run][pixel][half] = tile.accumulate ? Isa::Load(before) : Isa::Zero();
      }
    }
  }
  const float *weights = tile.weights, *soon = tile.soon;
  const std::int64_t step = tile.in_pixel;
  for (std::int64_t row = 0; row < tile.rows; ++row) {
    const float* in[kRuns];
    GILLNET_UNROLL
    for (int run = 0; run < kRuns; ++run) in[run] = tile.in[run] + row * tile.in_row;
    for (std::int64_t left = tile.depth; left > 0; --left) {
      const Vector low = Isa::Load(weights);
      const Vector high = Isa::Load(weights + kLanes);
      GILLNET_UNROLL
      for (int line = 0; line < 2 * kLanes; line += kLine) __builtin_prefetch(weights + kAhead + line);
      weights += 2 * kLanes;
      // Into the second-level cache.
      __builtin_prefetch(soon, /*rw=*/0, /*locality=*/2);
      soon += kLanes;
      GILLNET_UNROLL
      for (int run = 0; run < kRuns; ++run) {
        GILLNET_UNROLL
        for (int pixel = 0; pixel < kPixels; ++pixel) {
          const Vector value = Isa::Broadcast(in[run] + pixel * step);
          sums[run][pixel][0] = Isa::MultiplyAdd(value, low, sums[run][pixel][0]);
          sums[run][pixel][1] = Isa::MultiplyAdd(value, high, sums[run][pixel][1]);
        }
        in[run] += tile.in_step;
      }
    }
  }
  GILLNET_UNROLL
  for (int half = 0; half < 2; ++half) {
    const Vector bias = tile.bias ? Isa::Load(tile.bias + half * kLanes) : Isa::Zero();
    GILLNET_UNROLL
    for (int run = 0; run < kRuns; ++run) {
      GILLNET_UNROLL
      for (int pixel = 0; pixel < kPixels; ++pixel) {
        Vector sum = sums[run][pixel][half] + bias;
        if (tile.add[run]) sum += Isa::Load(tile.add[run] + pixel * tile.add_pixel + half * kLanes);
        // The second operand is kept where one is NaN.
        if (tile.relu) sum = Isa::Max(Isa::Zero(), sum);
        Isa::Store(tile.out[run] + pixel * tile.out_pixel + half * kLanes, sum);
      }
    }
  }
}

template <typename Isa>
void MaxOf3x3(const float* in, std::int64_t row, std::int64_t pixel, std::int64_t channels, float* out) {
  for (std::int64_t channel = 0; channel < channels; channel += Isa::kLanes) {
    auto most = Isa::Load(in + channel);
    for (int y = 0; y < 3; ++y) {
      for (int x = 0; x < 3; ++x) most = Isa::Max(most, Isa::Load(in + y * row + x * pixel + channel));
    }
    Isa::Store(out + channel, most);
  }
}

template <typename Isa>
void Sum(const float* in, std::int64_t pixels, std::int64_t channels, float* sums) {
  for (std::int64_t channel = 0; channel < channels; channel += Isa::kLanes) {
    auto sum = Isa::Load(sums + channel);
    for (std::int64_t pixel = 0; pixel < pixels; ++pixel) sum += Isa::Load(in + pixel * channels + channel);
    Isa::Store(sums + channel, sum);
  }
}

/// `kPixels` are the lengths of runs: 1, 2 and so on.
template <typename Isa, int... kPixels>
constexpr Kernels KernelsOf(const char* name) {
  return {name,
          2 * Isa::kLanes,
          sizeof...(kPixels),
          {{RunTile<Isa, 1, kPixels>...}, {RunTile<Isa, 2, kPixels>...}},
          WinogradOf<Isa, Winograd2>(),
          WinogradOf<Isa, Winograd4>(),
          MaxOf3x3<Isa>,
          Sum<Isa>};
}

}  // namespace gillnet::kernels
