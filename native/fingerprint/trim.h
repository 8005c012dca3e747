#pragma once

#include "picture.h"

namespace gillnet::fingerprint {

/// The picture without plain borders: letterboxes, frames, frames in frames, the empty background of a studio, also
/// where a rotation has left corners of one colour.
Raster Trimmed(const Raster& original);

}  // namespace gillnet::fingerprint
