#pragma once

#include "picture.h"

namespace gillnet::fingerprint {

/// Of the same size.
Grey GreyOf(const Raster& raster);

/// Resized by bilinear interpolation; whoever shrinks a picture blurs it before.
Grey Resized(const Grey& source, int width, int height);

/// Resized so that the longer edge has that many pixels.
Grey ScaledTo(const Grey& source, int edge);

/// Under a Gaussian of `sigma` pixels, cut off at three pixels; edges are repeated.
Grey Blurred(const Grey& source, double sigma);

}  // namespace gillnet::fingerprint
