#include "trim.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <numeric>
#include <utility>
#include <vector>

namespace gillnet::fingerprint {

namespace {

/// Share of a line that must be plain.
constexpr double kPlain = 0.98;
/// What is left of each edge at least.
constexpr double kLeast = 0.2;
/// How far a grey value may be from a plain one: what JPEG does to it, and a little more.
constexpr int kTolerance = 12;
/// Share by which an area may differ from that of a triangle.
constexpr double kInexact = 0.12;
/// Pixels around a corner's that its edge has blurred.
constexpr int kEdge = 2;

/// Places of a picture that were found, one after the other.
class Region {
 public:
  Region(int width, int height) : inside_(width, height) { std::fill_n(inside_.values(), inside_.size(), 0); }

  std::size_t size() const { return found_.size(); }
  const std::vector<int>& found() const { return found_; }
  bool Has(int x, int y) const { return inside_.Row(y)[x] != 0; }

  void Add(int at) {
    inside_.values()[at] = 1;
    found_.push_back(at);
  }

  /// Adds what is connected with the places from `next` on and belongs. @returns where those that were added begin
  template <typename Belongs>
  std::size_t Grow(std::size_t next, const Belongs& belongs) {
    const int width = inside_.width();
    const int size = static_cast<int>(inside_.size());
    const auto consider = [&](int at) {
      if (!inside_.values()[at] && belongs(at)) Add(at);
    };
    for (const std::size_t end = found_.size(); next < end; ++next) {
      const int at = found_[next];
      const int x = at % width;
      if (x > 0) consider(at - 1);
      if (x < width - 1) consider(at + 1);
      if (at >= width) consider(at - width);
      if (at < size - width) consider(at + width);
    }
    return next;
  }

  /// Adds all that is connected with what was found and belongs.
  template <typename Belongs>
  void Fill(const Belongs& belongs) {
    for (std::size_t next = 0; next < size();) next = Grow(next, belongs);
  }

  /// Adds what is within some pixels of what was found.
  void Widen(int pixels) {
    std::size_t next = 0;
    for (int step = 0; step < pixels; ++step) next = Grow(next, [](int) { return true; });
  }

 private:
  Raster inside_;
  std::vector<int> found_;
};

/// Whether a corner's region is the right-angled triangle that a rotation leaves.
bool IsTriangle(const Region& region, const Raster& raster, int x, int y) {
  const int width = raster.width();
  const int height = raster.height();
  int across = 0;
  while (across < width && region.Has(x == 0 ? across : width - 1 - across, y)) ++across;
  int along = 0;
  while (along < height && region.Has(x, y == 0 ? along : height - 1 - along)) ++along;
  if (across == width || along == height) return false;
  const double triangle = static_cast<double>(across) * along / 2;
  return std::abs(static_cast<double>(region.size()) - triangle) <= kInexact * triangle + across + along;
}

/// The middle one of grey values that are counted by value; 0 of none.
int MedianOf(const int (&counts)[256]) {
  const int total = std::accumulate(std::begin(counts), std::end(counts), 0);
  int value = 0;
  for (int below = counts[0]; total > 0 && below <= total / 2; below += counts[value]) ++value;
  return value;
}

/// Pixels of the corners' plain colour.
struct Corners {
  /// The picture, where a rotation's corners have taken the colour of what they border on.
  Raster raster;
  /// 1 where a pixel belongs to a corner or stands beside one, else 0.
  Raster mask;
};

/// Finds what is connected with a corner in its colour, and makes a rotation's corners less of a sight.
Corners CornersOf(const Raster& original) {
  const int right = original.width() - 1;
  const int bottom = original.height() - 1;
  Corners corners{Raster(original.width(), original.height()), Raster(original.width(), original.height())};
  auto& [raster, mask] = corners;
  std::copy_n(original.values(), original.size(), raster.values());
  std::fill_n(mask.values(), mask.size(), 0);
  for (const auto& [x, y] : {std::pair{0, 0}, {right, 0}, {0, bottom}, {right, bottom}}) {
    const int corner = y * original.width() + x;
    if (mask.values()[corner]) continue;
    const int colour = original.values()[corner];
    Region region(original.width(), original.height());
    region.Add(corner);
    region.Fill([&](int at) { return std::abs(original.values()[at] - colour) <= kTolerance; });
    const bool is_triangle = IsTriangle(region, original, x, y);
    region.Widen(kEdge);
    const std::size_t inner = region.size();
    for (std::size_t i = 0; i < inner; ++i) mask.values()[region.found()[i]] = 1;
    if (!is_triangle) continue;
    region.Widen(kEdge);
    if (region.size() == inner) continue;
    int counts[256] = {};
    for (std::size_t i = inner; i < region.size(); ++i) ++counts[original.values()[region.found()[i]]];
    const int beside = MedianOf(counts);
    for (std::size_t i = 0; i < inner; ++i) {
      raster.values()[region.found()[i]] = static_cast<std::uint8_t>(beside);
    }
  }
  return corners;
}

/// Lines that are plain, from the one that begins at `first` on, each `inwards` further, `most` at most.
int BorderOf(const Corners& corners, int first, int inwards, int step, int length, int most) {
  const std::uint8_t* const values = corners.raster.values();
  const std::uint8_t* const mask = corners.mask.values();
  int counts[256] = {};
  for (int i = 0; i < length; ++i) {
    const int at = first + i * step;
    if (!mask[at]) ++counts[values[at]];
  }
  const int colour = MedianOf(counts);
  int count = 0;
  for (; count < most; ++count) {
    int same = 0;
    for (int i = 0; i < length; ++i) {
      const int at = first + count * inwards + i * step;
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
  const auto at = [&](int y, int x) { return y * width + x; };
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
