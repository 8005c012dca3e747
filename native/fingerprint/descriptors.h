#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "keypoints.h"

namespace gillnet::fingerprint {

/// 256 bits.
using Descriptor = std::array<std::uint32_t, 8>;

/// Describes what is around each keypoint by which of two points is brighter, for 256 pairs, turned by its angle (BRIEF
/// as in ORB, Rublee et al. 2011). Of the mirrored picture the two halves are exchanged.
std::vector<Descriptor> DescriptorsOf(const std::vector<Keypoint>& keypoints, const std::vector<Level>& levels);

}  // namespace gillnet::fingerprint
