#pragma once

#include "picture.h"

namespace gillnet::fingerprint {

/// How far a grey value may be from the corner's: what JPEG does to plain colour, and a little more.
constexpr int kTolerance = 12;

/// Pixels of the corners' plain colour.
struct Corners {
  /// The picture, where a rotation's corners have taken the colour of what they border on.
  Raster raster;
  /// 1 where a pixel belongs to a corner or stands beside one, else 0.
  Raster mask;
};

/// Finds what is connected with a corner in its colour, and makes a rotation's corners less of a sight.
Corners CornersOf(const Raster& raster);

/// The middle one of grey values that are counted by value; 0 of none.
int MedianOf(const int (&counts)[256]);

}  // namespace gillnet::fingerprint
