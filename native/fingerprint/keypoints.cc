#include "keypoints.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "instruction_sets.h"

namespace gillnet::fingerprint {

namespace {

constexpr int kLevelCount = 7;
constexpr int kSmallestEdge = 16;
/// Gaussians in pixels of a level: of each level, and between two of them.
constexpr double kLevelSigma = 1;
constexpr double kContrastSigma = 1.2;
constexpr float kLeastContrast = 0.8F;
/// A ratio of principal curvatures beyond which a place is an edge (Lowe 2004).
constexpr double kEdgeRatio = 12;
constexpr double kNone = -std::numeric_limits<double>::infinity();

/// Marks places from `begin` to `end` by 1 whose values are far enough from 0, and farther than all eight around them.
/// Those at the ends of rows are marked by what stands in the rows before and after.
GILLNET_ALL_LEVELS void MarkPeaks(const float* __restrict values, int width, std::size_t begin, std::size_t end,
                                  std::uint8_t* __restrict marks) {
  for (std::size_t i = begin; i < end; ++i) {
    const float value = values[i];
    float most = values[i - 1];
    float least = most;
    const auto consider = [&](float other) {
      most = other > most ? other : most;
      least = other < least ? other : least;
    };
    consider(values[i + 1]);
    for (const float* const beside : {values + i - width, values + i + width}) {
      consider(beside[-1]);
      consider(beside[0]);
      consider(beside[1]);
    }
    const bool is_high = (value >= kLeastContrast) & (value > most);
    const bool is_low = (value <= -kLeastContrast) & (value < least);
    marks[i] = is_high | is_low;
  }
}

Grey DifferenceOf(const Grey& a, const Grey& b) {
  Grey difference(a.width(), a.height());
  for (std::size_t i = 0; i < a.size(); ++i) difference.values()[i] = a.values()[i] - b.values()[i];
  return difference;
}

/// The most contrast of a sign in the 3 × 3 pixels of another level around a place of this one.
double StrongestNear(const Level& level, int x, int y, const Grey& here, int sign) {
  const Grey& contrast = level.contrast;
  const int centre_x = Rounded((x + 0.5) * contrast.width() / here.width() - 0.5);
  const int centre_y = Rounded((y + 0.5) * contrast.height() / here.height() - 0.5);
  const int first = std::max(0, centre_x - 1);
  const int last = std::min(contrast.width() - 1, centre_x + 1);
  float most = -std::numeric_limits<float>::infinity();
  for (int i = std::max(0, centre_y - 1); i <= std::min(contrast.height() - 1, centre_y + 1); ++i) {
    const float* const row = contrast.Row(i);
    for (int j = first; j <= last; ++j) most = std::max(most, static_cast<float>(sign) * row[j]);
  }
  return most;
}

bool IsEdge(const float* at, int width) {
  const auto near = [&](int offset) { return static_cast<double>(at[offset]); };
  const double xx = near(1) + near(-1) - 2 * near(0);
  const double yy = near(width) + near(-width) - 2 * near(0);
  const double xy = (near(width + 1) + near(-width - 1) - near(width - 1) - near(-width + 1)) / 4;
  const double determinant = xx * yy - xy * xy;
  return determinant <= 0 || (xx + yy) * (xx + yy) / determinant > (kEdgeRatio + 1) * (kEdgeRatio + 1) / kEdgeRatio;
}

/// Where a parabola through three neighbours has its extreme, from the middle one, within half a step.
double Vertex(double before, double middle, double after) {
  const double curvature = before + after - 2 * middle;
  if (curvature == 0) return 0;
  return std::clamp((before - after) / (2 * curvature), -0.5, 0.5);
}

/// Adds the keypoint at a peak of a level, unless a neighbouring level has more there or it is an edge.
void AddPeak(const std::vector<Level>& levels, int index, int x, int y, std::vector<Keypoint>& found) {
  const Grey& contrast = levels[index].contrast;
  const Grey& first = levels[0].contrast;
  const int width = contrast.width();
  const float* const at = contrast.Row(y) + x;
  const double value = *at;
  const int sign = value < 0 ? -1 : 1;
  if (IsEdge(at, width)) return;
  const bool has_below = index > 0;
  const double below = has_below ? StrongestNear(levels[index - 1], x, y, contrast, sign) : kNone;
  if (below > sign * value) return;
  const bool has_above = index + 1 < static_cast<int>(levels.size());
  const double above = has_above ? StrongestNear(levels[index + 1], x, y, contrast, sign) : kNone;
  if (above > sign * value) return;
  const double dx = Vertex(at[-1], value, at[1]);
  const double dy = Vertex(at[-width], value, at[width]);
  Keypoint keypoint{};
  keypoint.x = (x + dx + 0.5) * (static_cast<double>(first.width()) / width) - 0.5;
  keypoint.y = (y + dy + 0.5) * (static_cast<double>(first.height()) / contrast.height()) - 0.5;
  keypoint.level = index + (has_below && has_above ? Vertex(below, sign * value, above) : 0);
  keypoint.strength = sign * value;
  found.push_back(keypoint);
}

}  // namespace

std::vector<Level> PyramidOf(const Grey& grey) {
  std::vector<Level> levels;
  const double factor = std::pow(2, 1.0 / kLevelsPerOctave);
  const double between = kLevelSigma * std::sqrt(factor * factor - 1);
  Grey current = Blurred(grey, kLevelSigma);
  while (true) {
    Grey smooth = Blurred(current, kContrastSigma);
    Grey contrast = DifferenceOf(smooth, current);
    levels.push_back({std::move(smooth), std::move(contrast)});
    const double shrunk = std::pow(factor, static_cast<double>(levels.size()));
    const int width = Rounded(grey.width() / shrunk);
    const int height = Rounded(grey.height() / shrunk);
    if (levels.size() == kLevelCount || std::min(width, height) < kSmallestEdge) return levels;
    current = Resized(Blurred(current, between), width, height);
  }
}

std::vector<Keypoint> ExtremesOf(const std::vector<Level>& levels) {
  std::vector<Keypoint> found;
  for (int index = 0; index < static_cast<int>(levels.size()); ++index) {
    const Grey& contrast = levels[index].contrast;
    const int width = contrast.width();
    const int height = contrast.height();
    if (std::min(width, height) < 5) continue;
    Raster marks(width, height);
    const std::size_t margin = static_cast<std::size_t>(width) + 1;
    MarkPeaks(contrast.values(), width, margin, contrast.size() - margin, marks.values());
    for (int y = 2; y < height - 2; ++y) {
      for (int x = 2; x < width - 2; ++x) {
        const void* const next = std::memchr(marks.Row(y) + x, 1, static_cast<std::size_t>(width - 2 - x));
        if (next == nullptr) break;
        x = static_cast<int>(static_cast<const std::uint8_t*>(next) - marks.Row(y));
        AddPeak(levels, index, x, y, found);
      }
    }
  }
  std::stable_sort(found.begin(), found.end(), [](const Keypoint& a, const Keypoint& b) {
    if (a.strength != b.strength) return a.strength > b.strength;
    return a.x != b.x ? a.x < b.x : a.y < b.y;
  });
  return found;
}

int NearestLevel(const Keypoint& keypoint, const std::vector<Level>& levels) {
  return std::clamp(Rounded(keypoint.level), 0, static_cast<int>(levels.size()) - 1);
}

}  // namespace gillnet::fingerprint
