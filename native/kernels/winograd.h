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

  template <typename Vector>
  static void OutputGradient(const Vector (&y)[2], Vector (&t)[4]) {
    t[0] = y[0];
    t[1] = y[0] + y[1];
    t[2] = y[0] - y[1];
    t[3] = y[1];
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

  template <typename Vector>
  static void OutputGradient(const Vector (&y)[4], Vector (&t)[6]) {
    t[0] = y[0];
    const Vector even_a = y[0] + kA2 * y[2], odd_a = kA * y[1] + (kA2 * kA) * y[3];
    t[1] = even_a + odd_a;
    t[2] = even_a - odd_a;
    const Vector even_b = y[0] + kB2 * y[2], odd_b = kB * y[1] + (kB2 * kB) * y[3];
    t[3] = even_b + odd_b;
    t[4] = even_b - odd_b;
    t[5] = y[3];
  }
};

/// kFrom × kFrom values, which load(y, x) gives, to kTo × kTo, which store(y, x, value) takes: columns, then rows.
template <typename Vector, int kFrom, int kTo, typename Load, typename Along, typename Store>
inline __attribute__((always_inline)) void Transform(const Load& load, const Along& along, const Store& store) {
  Vector columns[kFrom][kTo];
  for (int x = 0; x < kFrom; ++x) {
    Vector column[kFrom];
    for (int y = 0; y < kFrom; ++y) column[y] = load(y, x);
    along(column, columns[x]);
  }
  for (int y = 0; y < kTo; ++y) {
    Vector row[kFrom], done[kTo];
    for (int x = 0; x < kFrom; ++x) row[x] = columns[x][y];
    along(row, done);
    for (int x = 0; x < kTo; ++x) store(y, x, done[x]);
  }
}

/// kFrom × kFrom pixels of the patch → `transformed` [kTo², ...].
template <typename Isa, int kFrom, int kTo, typename Along>
inline __attribute__((always_inline)) void TransformPatch(const Patch& patch, std::int64_t channels, const Along& along,
                                                          float* transformed, std::int64_t plane) {
  using Vector = typename Isa::Vector;
  const bool whole = patch.top <= 0 && patch.left <= 0 && patch.bottom >= kFrom && patch.right >= kFrom;
  for (std::int64_t channel = 0; channel < channels; channel += Isa::kLanes) {
    const auto read = [&](int y, int x) {
      return Isa::Load(patch.in + y * patch.in_row + x * patch.in_pixel + channel);
    };
    const auto read_inside = [&](int y, int x) {
      const bool inside = y >= patch.top && y < patch.bottom && x >= patch.left && x < patch.right;
      return inside ? read(y, x) : Isa::Zero();
    };
    const auto store = [&](int y, int x, Vector value) {
      Isa::Store(transformed + (y * kTo + x) * plane + channel, value);
    };
    if (whole) {
      Transform<Vector, kFrom, kTo>(read, along, store);
    } else {
      Transform<Vector, kFrom, kTo>(read_inside, along, store);
    }
  }
}

template <typename Isa, typename Winograd>
void TransformInput(const Patch& patch, std::int64_t channels, float* transformed, std::int64_t plane) {
  constexpr int kEdge = Winograd::kEdge;
  const auto along = [](const auto& d, auto& t) { Winograd::Input(d, t); };
  TransformPatch<Isa, kEdge, kEdge>(patch, channels, along, transformed, plane);
}

template <typename Isa, typename Winograd>
void TransformOutputGradient(const Patch& patch, std::int64_t channels, float* transformed, std::int64_t plane) {
  constexpr int kEdge = Winograd::kEdge;
  const auto along = [](const auto& y, auto& t) { Winograd::OutputGradient(y, t); };
  TransformPatch<Isa, kEdge - 2, kEdge>(patch, channels, along, transformed, plane);
}

template <typename Isa, typename Winograd>
void TransformOutput(const Patch& patch, std::int64_t channels, const float* transformed, std::int64_t plane) {
  using Vector = typename Isa::Vector;
  constexpr int kEdge = Winograd::kEdge;
  for (std::int64_t channel = 0; channel < channels; channel += Isa::kLanes) {
    const Vector bias = patch.bias ? Isa::Load(patch.bias + channel) : Isa::Zero();
    Transform<Vector, kEdge, kEdge - 2>(
        [&](int y, int x) { return Isa::Load(transformed + (y * kEdge + x) * plane + channel); },
        [](const auto& t, auto& y) { Winograd::Output(t, y); },
        [&](int y, int x, Vector value) {
          if (y >= patch.height || x >= patch.width) return;
          Vector sum = value + bias;
          if (patch.add) sum += Isa::Load(patch.add + y * patch.add_row + x * patch.add_pixel + channel);
          if (patch.relu) sum = Isa::Max(Isa::Zero(), sum);
          Isa::Store(patch.out + y * patch.out_row + x * patch.out_pixel + channel, sum);
        });
  }
}

template <typename Isa, typename Winograd, typename Value>
void TransformWeights(const Value* weights, std::int64_t depth, float* transformed, std::int64_t plane) {
  constexpr int kEdge = Winograd::kEdge, kBlock = 2 * Isa::kLanes;
  const auto by = [](int row, int column) { return static_cast<Value>(Winograd::kWeights[row][column]); };
  for (std::int64_t place = 0; place < depth * kBlock; place += kBlock) {
    Value columns[3][kEdge][kBlock];
    for (int x = 0; x < 3; ++x) {
      for (int y = 0; y < kEdge; ++y) {
        const Value* const first = weights + x * depth * kBlock + place;
        for (int channel = 0; channel < kBlock; ++channel) {
          columns[x][y][channel] = by(y, 0) * first[channel] + by(y, 1) * first[channel + 3 * depth * kBlock] +
                                   by(y, 2) * first[channel + 6 * depth * kBlock];
        }
      }
    }
    for (int y = 0; y < kEdge; ++y) {
      for (int x = 0; x < kEdge; ++x) {
        float* const to = transformed + (y * kEdge + x) * plane + place;
        for (int channel = 0; channel < kBlock; ++channel) {
          to[channel] = static_cast<float>(by(x, 0) * columns[0][y][channel] + by(x, 1) * columns[1][y][channel] +
                                           by(x, 2) * columns[2][y][channel]);
        }
      }
    }
  }
}

template <typename Isa, typename Winograd>
void TransformWeightsGradient(const float* transformed, std::int64_t plane, std::int64_t channels, float* weights) {
  using Vector = typename Isa::Vector;
  constexpr int kEdge = Winograd::kEdge;
  for (std::int64_t channel = 0; channel < channels; channel += Isa::kLanes) {
    Transform<Vector, kEdge, 3>(
        [&](int y, int x) { return Isa::Load(transformed + (y * kEdge + x) * plane + channel); },
        [](const Vector(&u)[kEdge], Vector(&g)[3]) {
          for (int to = 0; to < 3; ++to) {
            g[to] = Isa::Zero();
            for (int from = 0; from < kEdge; ++from) {
              g[to] += static_cast<float>(Winograd::kWeights[from][to]) * u[from];
            }
          }
        },
        [&](int y, int x, Vector value) { Isa::Store(weights + (y * 3 + x) * channels + channel, value); });
  }
}

template <typename Isa, typename Winograd>
constexpr WinogradKernels WinogradOf() {
  return {Winograd::kEdge,
          TransformInput<Isa, Winograd>,
          TransformOutput<Isa, Winograd>,
          TransformWeights<Isa, Winograd, float>,
          TransformWeights<Isa, Winograd, double>,
          TransformOutputGradient<Isa, Winograd>,
          TransformWeightsGradient<Isa, Winograd>};
}

}  // namespace gillnet::kernels
