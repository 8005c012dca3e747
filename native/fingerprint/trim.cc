#include "trim.h"

#include <algorithm>
#include <cstdlib>

#include "corners.h"

namespace gillnet::fingerprint {

namespace {

/// Share of a line that must be plain.
constexpr double kPlain = 0.98;
/// What is left of each edge at least.
constexpr double kLeast = 0.2;

/// Lines that are plain, from the one that begins at `first` on, each `inwards` further, `most` at most.
int BorderOf(const Corners& corners, std::ptrdiff_t first, int inwards, int step, int length, int most) {
  const std::uint8_t* const values = corners.raster.values();
  const std::uint8_t* const mask = corners.mask.values();
  int counts[256] = {};
  for (int i = 0; i < length; ++i) {
    const std::ptrdiff_t at = first + static_cast<std::ptrdiff_t>(i) * step;
    if (!mask[at]) ++counts[values[at]];
  }
  const int colour = MedianOf(counts);
  int count = 0;
  for (; count < most; ++count) {
    int same = 0;
    for (int i = 0; i < length; ++i) {
      const std::ptrdiff_t at =
          first + static_cast<std::ptrdiff_t>(count) * inwards + static_cast<std::ptrdiff_t>(i) * step;
      same += mask[at] || std::abs(values[at] - colour) <= kTolerance;
    }
    if (same < kPlain * length) break;
  }
  return count;
}

}  // namespace

Raster Trimmed(const Raster& original) {
  const Corners corners = CornersOf(original);
  const int width = original.width();
  const int height = original.height();
  int top = 0;
  int left = 0;
  int bottom = height;
  int right = width;
  const auto at = [&](int y, int x) { return static_cast<std::ptrdiff_t>(y) * width + x; };
  const auto spare_rows = [&] { return bottom - top - static_cast<int>(std::ceil(height * kLeast)); };
  const auto spare_columns = [&] { return right - left - static_cast<int>(std::ceil(width * kLeast)); };
  for (int size = 0; size != right - left + bottom - top;) {
    size = right - left + bottom - top;
    top += BorderOf(corners, at(top, left), width, 1, right - left, spare_rows());
    bottom -= BorderOf(corners, at(bottom - 1, left), -width, 1, right - left, spare_rows());
    left += BorderOf(corners, at(top, left), 1, width, bottom - top, spare_columns());
    right -= BorderOf(corners, at(top, right - 1), -1, width, bottom - top, spare_columns());
  }
  Raster inner(right - left, bottom - top);
  for (int y = 0; y < inner.height(); ++y) {
    std::copy_n(corners.raster.values() + at(top + y, left), inner.width(), inner.Row(y));
  }
  return inner;
}

}  // namespace gillnet::fingerprint
