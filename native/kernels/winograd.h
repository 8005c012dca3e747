#pragma once

#include "kernels.h"

// Included by one file for each instruction set: see tile.h.

namespace gillnet::kernels {

/// The transforms of F(2, 3): points 0, 1, -1 and infinity.
struct Winograd2 {
  static constexpr int kEdge = 4;
  static constexpr double kWeights[4][3] = {{-1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};

  template <typename Vector>
  static void Input(const Vector (&d)[4], Vector (&t)[4]) {
    t[0] = d[2] - d[0];
    t[1] = d[2] + d[1];
    t[2] = d[2] - d[1];
    t[3] = d[3] - d[1];
  }

  template <typename Vector>
  static void Output(const Vector (&t)[4], Vector (&y)[2]) {
    y[0] = t[0] + t[1] + t[2];
    y[1] = t[1] - t[2] + t[3];
  }
};

/// The transforms of F(4, 3): points 0, ±2/3, ±3/2 and infinity. The usual 0, ±1, ±2 round off 2.3 times as much.
struct Winograd4 {
  static constexpr int kEdge = 6;
  static constexpr float kA = 2.0f / 3, kB = 3.0f / 2;
  static constexpr float kA2 = kA * kA, kB2 = kB * kB;
  /// A point's powers over the product of its distances to the others.
  static constexpr double kAtA = 1.0 / (2 * (4.0 / 9) * (4.0 / 9 - 9.0 / 4));
  static constexpr double kAtB = 1.0 / (2 * (9.0 / 4) * (9.0 / 4 - 4.0 / 9));
  static constexpr double kWeights[6][3] = {{1, 0, 0},
                                            {kAtA, kAtA * 2 / 3, kAtA * 4 / 9},
                                            {kAtA, -kAtA * 2 / 3, kAtA * 4 / 9},
                                            {kAtB, kAtB * 3 / 2, kAtB * 9 / 4},
                                            {kAtB, -kAtB * 3 / 2, kAtB * 9 / 4},
                                            {0, 0, 1}};

  template <typename Vector>
  static void Input(const Vector (&d)[6], Vector (&t)[6]) {
    // (kA · kB)² is 1.
    t[0] = d[0] + d[4] - (kA2 + kB2) * d[2];
    const Vector even_a = d[4] - kB2 * d[2], odd_a = kA * d[3] - (kA * kB2) * d[1];
    t[1] = even_a + odd_a;
    t[2] = even_a - odd_a;
    const Vector even_b = d[4] - kA2 * d[2], odd_b = kB * d[3] - (kB * kA2) * d[1];
    t[3] = even_b + odd_b;
    t[4] = even_b - odd_b;
    t[5] = d[1] + d[5] - (kA2 + kB2) * d[3];
  }

  template <typename Vector>
  static void Output(const Vector (&t)[6], Vector (&y)[4]) {
    const Vector sum_a = t[1] + t[2], less_a = t[1] - t[2];
    const Vector sum_b = t[3] + t[4], less_b = t[3] - t[4];
    y[0] = t[0] + sum_a + sum_b;
    y[1] = kA * less_a + kB * less_b;
    y[2] = kA2 * sum_a + kB2 * sum_b;
    y[3] = (kA2 * kA) * less_a + (kB2 * kB) * less_b + t[5];
  }
};

template <typename Isa, typename Winograd>
void TransformInput(const Patch& patch, std::int64_t channels, float* transformed, std::int64_t plane) {
  using Vector = typename Isa::Vector;
  constexpr int kEdge = Winograd::kEdge;
  for (std::int64_t channel = 0; channel < channels; channel += Isa::kLanes) {
    Vector columns[kEdge][kEdge];
    for (int x = 0; x < kEdge; ++x) {
      Vector column[kEdge];
      for (int y = 0; y < kEdge; ++y) {
        column[y] = Isa::Load(patch.in + y * patch.in_row + x * patch.in_pixel + channel);
      }
      Winograd::Input(column, columns[x]);
    }
    for (int y = 0; y < kEdge; ++y) {
      Vector row[kEdge], done[kEdge];
      for (int x = 0; x < kEdge; ++x) row[x] = columns[x][y];
      Winograd::Input(row, done);
      for (int x = 0; x < kEdge; ++x) Isa::Store(transformed + (y * kEdge + x) * plane + channel, done[x]);
    }
  }
}

template <typename Isa, typename Winograd>
void TransformOutput(const Patch& patch, std::int64_t channels, const float* transformed, std::int64_t plane) {
  using Vector = typename Isa::Vector;
  constexpr int kEdge = Winograd::kEdge, kOut = kEdge - 2;
  for (std::int64_t channel = 0; channel < channels; channel += Isa::kLanes) {
    Vector columns[kEdge][kOut];
    for (int x = 0; x < kEdge; ++x) {
      Vector column[kEdge];
      for (int y = 0; y < kEdge; ++y) column[y] = Isa::Load(transformed + (y * kEdge + x) * plane + channel);
      Winograd::Output(column, columns[x]);
    }
    const Vector bias = Isa::Load(patch.bias + channel);
    for (int y = 0; y < kOut && y < patch.height; ++y) {
      Vector row[kEdge], done[kOut];
      for (int x = 0; x < kEdge; ++x) row[x] = columns[x][y];
      Winograd::Output(row, done);
      for (int x = 0; x < kOut && x < patch.width; ++x) {
        Vector sum = done[x] + bias;
        if (patch.add) sum += Isa::Load(patch.add + y * patch.add_row + x * patch.add_pixel + channel);
        if (patch.relu) sum = Isa::Max(Isa::Zero(), sum);
        Isa::Store(patch.out + y * patch.out_row + x * patch.out_pixel + channel, sum);
      }
    }
  }
}

template <typename Isa, typename Winograd>
void TransformWeights(const double* weights, std::int64_t depth, float* transformed, std::int64_t plane) {
  constexpr int kEdge = Winograd::kEdge, kBlock = 2 * Isa::kLanes;
  for (std::int64_t place = 0; place < depth * kBlock; place += kBlock) {
    double columns[3][kEdge][kBlock];
    for (int x = 0; x < 3; ++x) {
      for (int y = 0; y < kEdge; ++y) {
        const double* const by = Winograd::kWeights[y];
        const double* const first = weights + x * depth * kBlock + place;
        for (int channel = 0; channel < kBlock; ++channel) {
          columns[x][y][channel] = by[0] * first[channel] + by[1] * first[channel + 3 * depth * kBlock] +
                                   by[2] * first[channel + 6 * depth * kBlock];
        }
      }
    }
    for (int y = 0; y < kEdge; ++y) {
      for (int x = 0; x < kEdge; ++x) {
        const double* const by = Winograd::kWeights[x];
        float* const to = transformed + (y * kEdge + x) * plane + place;
        for (int channel = 0; channel < kBlock; ++channel) {
          to[channel] = static_cast<float>(by[0] * columns[0][y][channel] + by[1] * columns[1][y][channel] +
                                           by[2] * columns[2][y][channel]);
        }
      }
    }
  }
}

template <typename Isa, typename Winograd>
constexpr WinogradKernels WinogradOf() {
  return {Winograd::kEdge, TransformInput<Isa, Winograd>, TransformOutput<Isa, Winograd>,
          TransformWeights<Isa, Winograd>};
}

}  // namespace gillnet::kernels
