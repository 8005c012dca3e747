#include "grey.h"

#include <algorithm>
#include <array>
#include <vector>

#include "instruction_sets.h"

namespace gillnet::fingerprint {

namespace {

constexpr int kReach = 3;
constexpr int kTaps = 2 * kReach + 1;

/// What each place along one edge of the resized picture lies between.
struct Between {
  std::vector<int> first;
  std::vector<int> second;
  /// Of the second, 0…1.
  std::vector<double> share;
};

Between BetweenOf(int from, int to) {
  Between between;
  const double step = static_cast<double>(from) / to;
  for (int i = 0; i < to; ++i) {
    const double inside = std::clamp((i + 0.5) * step - 0.5, 0.0, from - 1.0);
    const int first = static_cast<int>(inside);
    between.first.push_back(first);
    between.second.push_back(std::min(first + 1, from - 1));
    between.share.push_back(inside - first);
  }
  return between;
}

GILLNET_ALL_LEVELS void InterpolateAcross(const float* __restrict row, const int* __restrict first,
                                          const int* __restrict second, const double* __restrict share, int count,
                                          double* __restrict into) {
  for (int i = 0; i < count; ++i) {
    into[i] = static_cast<double>(row[first[i]]) * (1 - share[i]) + static_cast<double>(row[second[i]]) * share[i];
  }
}

GILLNET_ALL_LEVELS void InterpolateAlong(const double* __restrict upper, const double* __restrict lower, double share,
                                         int count, float* __restrict into) {
  for (int i = 0; i < count; ++i) into[i] = static_cast<float>(upper[i] + (lower[i] - upper[i]) * share);
}

using Weights = std::array<double, kReach + 1>;

/// Of a place and those 1, 2 and 3 pixels beside it.
Weights WeightsOf(double sigma) {
  Weights weights;
  double sum = 0;
  for (int offset = 0; offset <= kReach; ++offset) {
    weights[offset] = std::exp(-(offset * offset) / (2 * sigma * sigma));
    sum += (offset == 0 ? 1 : 2) * weights[offset];
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

/// A row with its ends repeated.
GILLNET_ALL_LEVELS void Extend(const float* __restrict row, int count, double* __restrict line) {
  for (int x = 0; x < count; ++x) line[x + kReach] = row[x];
  for (int beyond = 0; beyond < kReach; ++beyond) {
    line[beyond] = row[0];
    line[kReach + count + beyond] = row[count - 1];
  }
}

/// @param line three places more at each end. What comes out has float32's precision.
GILLNET_ALL_LEVELS void BlurAcross(const double* __restrict line, const Weights& weights, int count,
                                   double* __restrict into) {
  const double w0 = weights[0], w1 = weights[1], w2 = weights[2], w3 = weights[3];
  for (int x = 0; x < count; ++x) {
    into[x] = static_cast<float>(w0 * line[x + 3] + w1 * (line[x + 2] + line[x + 4]) +
                                 w2 * (line[x + 1] + line[x + 5]) + w3 * (line[x] + line[x + 6]));
  }
}

/// @param rows the one that comes out is the middle one
GILLNET_ALL_LEVELS void BlurAlong(const double* const* rows, const Weights& weights, int count,
                                  float* __restrict into) {
  const double w0 = weights[0], w1 = weights[1], w2 = weights[2], w3 = weights[3];
  const double *up3 = rows[0], *up2 = rows[1], *up1 = rows[2], *middle = rows[3];
  const double *down1 = rows[4], *down2 = rows[5], *down3 = rows[6];
  for (int x = 0; x < count; ++x) {
    into[x] = static_cast<float>(w0 * middle[x] + w1 * (up1[x] + down1[x]) + w2 * (up2[x] + down2[x]) +
                                 w3 * (up3[x] + down3[x]));
  }
}

}  // namespace

Grey GreyOf(const Raster& raster) {
  Grey grey(raster.width(), raster.height());
  for (std::size_t i = 0; i < raster.size(); ++i) grey.values()[i] = raster.values()[i];
  return grey;
}

Grey Resized(const Grey& source, int width, int height) {
  Grey result(width, height);
  const Between across = BetweenOf(source.width(), width);
  const Between along = BetweenOf(source.height(), height);
  // The rows of the source that were interpolated last: each serves several rows.
  std::array<std::vector<double>, 2> rows{std::vector<double>(width), std::vector<double>(width)};
  std::array<int, 2> held{-1, -1};
  const auto row_at = [&](int y) {
    const int slot = y % 2;
    if (held[slot] != y) {
      InterpolateAcross(source.Row(y), across.first.data(), across.second.data(), across.share.data(), width,
                        rows[slot].data());
      held[slot] = y;
    }
    return rows[slot].data();
  };
  for (int y = 0; y < height; ++y) {
    const double* const upper = row_at(along.first[y]);
    const double* const lower = row_at(along.second[y]);
    InterpolateAlong(upper, lower, along.share[y], width, result.Row(y));
  }
  return result;
}

Grey ScaledTo(const Grey& source, int edge) {
  const double scale = static_cast<double>(edge) / std::max(source.width(), source.height());
  const auto scaled = [&](int length) { return std::max(1, Rounded(length * scale)); };
  return Resized(source, scaled(source.width()), scaled(source.height()));
}

Grey Blurred(const Grey& source, double sigma) {
  const int width = source.width();
  const int height = source.height();
  const Weights weights = WeightsOf(sigma);
  std::vector<double> line(width + 2 * kReach);
  // Rows that are blurred across, as many as those along need, each where its number's remainder says.
  std::vector<double> across(static_cast<std::size_t>(kTaps) * width);
  const auto row_at = [&](int y) { return across.data() + static_cast<std::ptrdiff_t>(y % kTaps) * width; };
  Grey result(width, height);
  for (int next = 0; next < height + kReach; ++next) {
    if (next < height) {
      Extend(source.Row(next), width, line.data());
      BlurAcross(line.data(), weights, width, row_at(next));
    }
    const int y = next - kReach;
    if (y < 0) continue;
    std::array<const double*, kTaps> rows;
    for (int tap = 0; tap < kTaps; ++tap) rows[tap] = row_at(std::clamp(y + tap - kReach, 0, height - 1));
    BlurAlong(rows.data(), weights, width, result.Row(y));
  }
  return result;
}

}  // namespace gillnet::fingerprint
