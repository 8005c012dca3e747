#include "fingerprint.h"

#include <algorithm>
#include <map>
#include <utility>

#include "descriptors.h"
#include "grey.h"
#include "keypoints.h"
#include "orientation.h"
#include "trim.h"

namespace gillnet::fingerprint {

namespace {

/// Longer edges in pixels.
constexpr int kFrameEdge = 256;
constexpr int kHalfEdge = 128;
constexpr int kThumbnailEdge = 40;
constexpr std::size_t kMostKeypoints = 160;
/// Keypoints from one square of the frame at first, so that they spread over the photo.
constexpr int kCellEdge = 32;
constexpr int kMostInCell = 5;

/// Steps to a unit in which a keypoint's values are kept: pixels, octaves, radians.
constexpr double kPlaceSteps = 128;
constexpr double kOctaveSteps = 64;
constexpr int kAnglesInTurn = 256;
constexpr double kAngleSteps = kAnglesInTurn / (2 * kPi);
/// Added to octaves in steps, so that none is negative.
constexpr int kOctaveOffset = 64;
constexpr int kChecksumBytes = 4;

/// The strongest keypoints, first those that leave room for others around them.
std::vector<Keypoint> Spread(const std::vector<Keypoint>& keypoints) {
  std::map<std::pair<int, int>, int> in_cell;
  std::vector<Keypoint> first;
  std::vector<Keypoint> rest;
  for (const Keypoint& keypoint : keypoints) {
    int& count = in_cell[{static_cast<int>(keypoint.x / kCellEdge), static_cast<int>(keypoint.y / kCellEdge)}];
    (count < kMostInCell ? first : rest).push_back(keypoint);
    ++count;
  }
  first.insert(first.end(), rest.begin(), rest.end());
  first.resize(std::min(first.size(), kMostKeypoints));
  return first;
}

/// One for each direction of each place.
std::vector<Keypoint> Turned(const std::vector<Keypoint>& places, const std::vector<Level>& levels) {
  std::vector<Keypoint> turned;
  for (const Keypoint& place : places) {
    if (turned.size() >= kMostKeypoints) break;
    for (const double angle : AnglesOf(place, levels)) {
      turned.push_back(place);
      turned.back().angle = angle;
    }
  }
  turned.resize(std::min(turned.size(), kMostKeypoints));
  return turned;
}

std::vector<std::uint8_t> Encoded(const Grey& frame, const Grey& thumbnail, const std::vector<Keypoint>& keypoints,
                                  const std::vector<Descriptor>& descriptors) {
  std::vector<std::uint8_t> bytes;
  // Little-endian.
  const auto add = [&](std::int64_t value, int count) {
    for (int i = 0; i < count; ++i) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  };
  add(0, 1);
  add(static_cast<int>(keypoints.size()), 1);
  add(frame.width(), 2);
  add(frame.height(), 2);
  add(thumbnail.width(), 1);
  add(thumbnail.height(), 1);
  for (std::size_t i = 0; i < thumbnail.size(); ++i) add(Rounded(thumbnail.values()[i]), 1);
  for (std::size_t i = 0; i < keypoints.size(); ++i) {
    const Keypoint& keypoint = keypoints[i];
    add(Rounded(keypoint.x * kPlaceSteps), 2);
    add(Rounded(keypoint.y * kPlaceSteps), 2);
    add(Rounded(keypoint.level / kLevelsPerOctave * kOctaveSteps) + kOctaveOffset, 1);
    // The lowest byte of a whole turn is that of none.
    add(Rounded(keypoint.angle * kAngleSteps), 1);
    for (const std::uint32_t word : descriptors[i]) add(word, 4);
  }
  add(0, kChecksumBytes);
  return bytes;
}

}  // namespace

std::vector<std::uint8_t> FingerprintOf(const Raster& raster) {
  const Grey frame = ScaledTo(GreyOf(Trimmed(raster)), kFrameEdge);
  const Grey thumbnail = ScaledTo(Blurred(Blurred(ScaledTo(frame, kHalfEdge), 1.2), 1), kThumbnailEdge);
  const std::vector<Level> levels = PyramidOf(frame);
  const std::vector<Keypoint> keypoints = Turned(Spread(ExtremesOf(levels)), levels);
  return Encoded(frame, thumbnail, keypoints, DescriptorsOf(keypoints, levels));
}

}  // namespace gillnet::fingerprint
