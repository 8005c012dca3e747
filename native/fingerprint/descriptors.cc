#include "descriptors.h"

#include <algorithm>

#include "instruction_sets.h"
#include "pattern.h"

namespace gillnet::fingerprint {

namespace {

/// Keypoints that are described side by side, so that sums of each keep their order.
constexpr int kLanes = 8;
/// Differences below this share of the patch's standard deviation are noise.
constexpr double kNoise = 0.05;

/// Values of the picture at the pattern's points, of some keypoints.
struct Samples {
  alignas(64) float values[kPoints][kLanes] = {};
};

/// How the pattern lies on a picture.
struct Placement {
  double x;
  double y;
  double cosine;
  double sine;
};

/// The picture between its pixels, by bilinear interpolation; beyond its edges, their values.
GILLNET_ALL_LEVELS void Sample(const float* __restrict values, int width, int height, const Placement& placement,
                               const Pattern& pattern, float* __restrict into) {
  const auto [centre_x, centre_y, cosine, sine] = placement;
  const double last_x = width - 1;
  const double last_y = height - 1;
  for (int i = 0; i < kPoints; ++i) {
    const double px = pattern.x[i];
    const double py = pattern.y[i];
    const double x = centre_x + cosine * px - sine * py;
    const double y = centre_y + sine * px + cosine * py;
    const double inside_x = x < 0 ? 0 : x > last_x ? last_x : x;
    const double inside_y = y < 0 ? 0 : y > last_y ? last_y : y;
    const int left = static_cast<int>(inside_x);
    const int top = static_cast<int>(inside_y);
    const int right = left + 1 < width ? left + 1 : left;
    const int row = top * width;
    const int next_row = top + 1 < height ? row + width : row;
    const double share_x = inside_x - left;
    const double upper =
        static_cast<double>(values[row + left]) * (1 - share_x) + static_cast<double>(values[row + right]) * share_x;
    const double lower = static_cast<double>(values[next_row + left]) * (1 - share_x) +
                         static_cast<double>(values[next_row + right]) * share_x;
    into[i] = static_cast<float>(upper + (lower - upper) * (inside_y - top));
  }
}

/// Takes out what all surroundings have in common. @param squares sums of the squares of what is left
GILLNET_ALL_LEVELS void TakeOutCommon(const Pattern& pattern, Samples& samples, double (&squares)[kLanes]) {
  for (const auto& shape : pattern.common) {
    double share[kLanes] = {};
    for (int i = 0; i < kPoints; ++i) {
      for (int lane = 0; lane < kLanes; ++lane) share[lane] += samples.values[i][lane] * shape[i];
    }
    double sums[kLanes] = {};
    for (int i = 0; i < kPoints; ++i) {
      for (int lane = 0; lane < kLanes; ++lane) {
        const double rest = samples.values[i][lane] - share[lane] * shape[i];
        samples.values[i][lane] = static_cast<float>(rest);
        sums[lane] += rest * rest;
      }
    }
    std::copy_n(sums, kLanes, squares);
  }
}

/// @param least differences that count
GILLNET_ALL_LEVELS void Compare(const Pattern& pattern, const Samples& samples, const double (&least)[kLanes], int word,
                                std::uint32_t (&bits)[kLanes]) {
  std::uint32_t found[kLanes] = {};
  for (int bit = 0; bit < 32; ++bit) {
    const float* const to = samples.values[pattern.to[word * 32 + bit]];
    const float* const from = samples.values[pattern.from[word * 32 + bit]];
    for (int lane = 0; lane < kLanes; ++lane) {
      const double difference = static_cast<double>(to[lane]) - static_cast<double>(from[lane]);
      found[lane] |= static_cast<std::uint32_t>(difference > least[lane]) << bit;
    }
  }
  std::copy_n(found, kLanes, bits);
}

void SampleAround(const Keypoint& keypoint, const std::vector<Level>& levels, float* into) {
  const int index = NearestLevel(keypoint, levels);
  const Grey& smooth = levels[index].smooth;
  const Grey& first = levels[0].smooth;
  const double step = std::pow(2, (keypoint.level - index) / kLevelsPerOctave);
  const Placement placement{(keypoint.x + 0.5) * smooth.width() / first.width() - 0.5,
                            (keypoint.y + 0.5) * smooth.height() / first.height() - 0.5,
                            std::cos(keypoint.angle) * step, std::sin(keypoint.angle) * step};
  Sample(smooth.values(), smooth.width(), smooth.height(), placement, ThePattern(), into);
}

}  // namespace

std::vector<Descriptor> DescriptorsOf(const std::vector<Keypoint>& keypoints, const std::vector<Level>& levels) {
  const Pattern& pattern = ThePattern();
  const int count = static_cast<int>(keypoints.size());
  std::vector<Descriptor> descriptors(keypoints.size());
  for (int begin = 0; begin < count; begin += kLanes) {
    const int lanes = std::min(kLanes, count - begin);
    Samples samples;
    for (int lane = 0; lane < lanes; ++lane) {
      float sampled[kPoints];
      SampleAround(keypoints[begin + lane], levels, sampled);
      for (int i = 0; i < kPoints; ++i) samples.values[i][lane] = sampled[i];
    }
    double squares[kLanes];
    TakeOutCommon(pattern, samples, squares);
    double least[kLanes];
    for (int lane = 0; lane < kLanes; ++lane) least[lane] = kNoise * std::sqrt(squares[lane] / kPoints);
    for (int word = 0; word < static_cast<int>(Descriptor().size()); ++word) {
      std::uint32_t bits[kLanes];
      Compare(pattern, samples, least, word, bits);
      for (int lane = 0; lane < lanes; ++lane) descriptors[begin + lane][word] = bits[lane];
    }
  }
  return descriptors;
}

}  // namespace gillnet::fingerprint
