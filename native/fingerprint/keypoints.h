#pragma once

#include <vector>

#include "grey.h"

namespace gillnet::fingerprint {

/// One size of a picture.
struct Level {
  /// Smoothed: what descriptors read.
  Grey smooth;
  /// Difference of Gaussians: large on blobs and corners of this level's size.
  Grey contrast;
};

/// A place that is found again in a variant of the picture.
struct Keypoint {
  /// Pixels of the first level.
  double x;
  double y;
  /// The level, with a share between levels.
  double level;
  /// Radians, the direction of most of the gradients around it.
  double angle;
  double strength;
};

/// Levels to an octave.
constexpr int kLevelsPerOctave = 3;

/// The picture at sizes that fall by a third of an octave, as far as there is something to see; one at least.
std::vector<Level> PyramidOf(const Grey& grey);

/// Extremes of the difference of Gaussians in place and size (Lowe, Distinctive image features from scale-invariant
/// keypoints, 2004), without those on edges. Strongest first; angles are still 0.
std::vector<Keypoint> ExtremesOf(const std::vector<Level>& levels);

/// Of the levels, the one nearest to a keypoint.
int NearestLevel(const Keypoint& keypoint, const std::vector<Level>& levels);

}  // namespace gillnet::fingerprint
