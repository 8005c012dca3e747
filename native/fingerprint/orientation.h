#pragma once

#include <vector>

#include "keypoints.h"

namespace gillnet::fingerprint {

/// Directions of most of the gradients around a keypoint, the strongest first, two at most. Radians.
std::vector<double> AnglesOf(const Keypoint& keypoint, const std::vector<Level>& levels);

}  // namespace gillnet::fingerprint
