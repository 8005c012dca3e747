#include "corners.h"

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <vector>

namespace gillnet::fingerprint {

namespace {

/// Share by which an area may differ from that of a triangle.
constexpr double kInexact = 0.12;
/// Pixels around a corner's that its edge has blurred.
constexpr int kEdge = 2;

/// Places of a picture that were found, one after the other.
class Region {
 public:
  explicit Region(const Raster& raster) : raster_(raster), inside_(raster.width(), raster.height()) {
    std::fill_n(inside_.values(), inside_.size(), 0);
  }

  std::size_t size() const { return found_.size(); }
  const std::vector<int>& found() const { return found_; }
  bool Has(int x, int y) const { return inside_.Row(y)[x] != 0; }

  void Add(int at) {
    inside_.values()[at] = 1;
    found_.push_back(at);
  }

  /// Adds what is connected with the places from `next` on and belongs. @returns where those that were added begin
  template <typename Belongs>
  std::size_t Grow(std::size_t next, std::size_t end, const Belongs& belongs) {
    const int width = raster_.width();
    const int size = static_cast<int>(raster_.size());
    const auto consider = [&](int at) {
      if (!inside_.values()[at] && belongs(at)) Add(at);
    };
    for (; next < end; ++next) {
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
    for (std::size_t next = 0; next < size();) next = Grow(next, size(), belongs);
  }

  /// Adds what is within some pixels of what was found.
  void Widen(int pixels) {
    std::size_t next = 0;
    for (int step = 0; step < pixels; ++step) next = Grow(next, size(), [](int) { return true; });
  }

 private:
  const Raster& raster_;
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

}  // namespace

int MedianOf(const int (&counts)[256]) {
  int total = 0;
  for (const int count : counts) total += count;
  int value = 0;
  for (int below = counts[0]; below <= total / 2 && value < 255; below += counts[value]) ++value;
  return total == 0 ? 0 : value;
}

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
    Region region(original);
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

}  // namespace gillnet::fingerprint
