#pragma once

#include <cstdint>
#include <vector>

#include "picture.h"

namespace gillnet::fingerprint {

/// What a photo is known by, as lib/fingerprints/encoding.ts reads it; the version and the checksum are still 0.
std::vector<std::uint8_t> FingerprintOf(const Raster& raster);

}  // namespace gillnet::fingerprint
