#pragma once

#include <cstdint>

namespace gillnet::fingerprint {

constexpr int kPoints = 128;
constexpr int kPairs = 256;
constexpr int kShapes = 7;

/// What descriptors are read by: points around a keypoint, of which the second half are the reflections of the first in
/// the keypoint's axis, and pairs of them, the same.
struct Pattern {
  /// Pixels of a level.
  float x[kPoints];
  float y[kPoints];
  std::uint8_t from[kPairs];
  std::uint8_t to[kPairs];
  /// What all keypoints' surroundings have in common, and so tells nothing: brightness, its slope and its curvature.
  /// Orthonormal, each odd or even under reflection.
  double common[kShapes][kPoints];
};

const Pattern& ThePattern();

}  // namespace gillnet::fingerprint
