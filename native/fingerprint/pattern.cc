#include "pattern.h"

#include <cmath>

#include "picture.h"

namespace gillnet::fingerprint {

namespace {

/// Pixels of a level.
constexpr double kRadius = 14;

/// Drawn by lot once, of points that are neither close together nor far apart, nor each other's reflection.
constexpr std::uint8_t kDrawn[kPairs / 2][2] = {
    {0, 91},   {102, 67},  {73, 123}, {75, 93},  {8, 39},   {27, 85},  {21, 45},  {84, 15},   {104, 82}, {73, 94},
    {66, 41},  {117, 119}, {44, 124}, {41, 125}, {35, 13},  {7, 74},   {80, 41},  {7, 94},    {121, 5},  {106, 84},
    {43, 48},  {24, 66},   {55, 8},   {12, 40},  {38, 35},  {12, 51},  {79, 100}, {88, 42},   {8, 25},   {55, 11},
    {117, 86}, {109, 3},   {25, 125}, {26, 10},  {120, 19}, {32, 43},  {104, 39}, {103, 13},  {4, 95},   {83, 116},
    {110, 18}, {52, 78},   {91, 0},   {100, 37}, {59, 27},  {112, 12}, {100, 97}, {14, 35},   {83, 65},  {101, 5},
    {124, 87}, {57, 15},   {57, 30},  {71, 2},   {9, 86},   {57, 88},  {0, 73},   {72, 95},   {17, 15},  {78, 88},
    {87, 78},  {40, 38},   {9, 124},  {67, 107}, {119, 69}, {37, 31},  {58, 65},  {119, 103}, {32, 17},  {95, 48},
    {73, 2},   {42, 28},   {41, 67},  {19, 123}, {25, 117}, {99, 6},   {84, 88},  {2, 48},    {119, 6},  {58, 65},
    {84, 29},  {41, 120},  {99, 24},  {46, 7},   {122, 70}, {83, 95},  {48, 79},  {82, 121},  {0, 88},   {46, 122},
    {56, 82},  {108, 27},  {30, 67},  {97, 94},  {12, 29},  {100, 72}, {14, 7},   {91, 3},    {72, 59},  {62, 88},
    {57, 38},  {64, 106},  {85, 103}, {12, 108}, {60, 0},   {23, 85},  {119, 92}, {13, 16},   {21, 18},  {3, 111},
    {12, 51},  {41, 106},  {119, 39}, {12, 96},  {11, 14},  {119, 58}, {90, 68},  {47, 125},  {80, 120}, {84, 98},
    {26, 98},  {29, 122},  {63, 11},  {32, 27},  {93, 4},   {112, 27}, {32, 76},  {118, 90},
};

constexpr int Reflected(int point) { return (point + kPoints / 2) % kPoints; }

double ShapeAt(int shape, double x, double y) {
  switch (shape) {
    case 0:
      return 1;
    case 1:
      return x;
    case 2:
      return y;
    case 3:
      return x * x + y * y;
    case 4:
      return x * x - y * y;
    case 5:
      return x * y;
    default:
      return x * x * x + x * y * y;
  }
}

/// By Gram and Schmidt.
void SetShape(Pattern& pattern, int shape) {
  double* const values = pattern.common[shape];
  for (int i = 0; i < kPoints; ++i) values[i] = ShapeAt(shape, pattern.x[i], pattern.y[i]);
  for (int other = 0; other < shape; ++other) {
    double share = 0;
    for (int i = 0; i < kPoints; ++i) share += values[i] * pattern.common[other][i];
    for (int i = 0; i < kPoints; ++i) values[i] -= share * pattern.common[other][i];
  }
  double squares = 0;
  for (int i = 0; i < kPoints; ++i) squares += values[i] * values[i];
  const double length = std::sqrt(squares);
  for (int i = 0; i < kPoints; ++i) values[i] /= length;
}

Pattern Made() {
  Pattern pattern;
  for (int point = 0; point < kPoints / 2; ++point) {
    // Evenly over the disc by a golden-angle spiral, half of which lies on each side of the axis.
    const double distance = kRadius * std::sqrt((point + 0.5) / (kPoints / 2));
    const double direction = point * kPi * (3 - std::sqrt(5.0));
    const int reflected = Reflected(point);
    pattern.x[point] = pattern.x[reflected] = static_cast<float>(distance * std::cos(direction));
    pattern.y[point] = static_cast<float>(distance * std::sin(direction));
    pattern.y[reflected] = -pattern.y[point];
  }
  for (int pair = 0; pair < kPairs / 2; ++pair) {
    const auto [from, to] = kDrawn[pair];
    pattern.from[pair] = from;
    pattern.to[pair] = to;
    pattern.from[pair + kPairs / 2] = static_cast<std::uint8_t>(Reflected(from));
    pattern.to[pair + kPairs / 2] = static_cast<std::uint8_t>(Reflected(to));
  }
  for (int shape = 0; shape < kShapes; ++shape) SetShape(pattern, shape);
  return pattern;
}

}  // namespace

const Pattern& ThePattern() {
  static const Pattern pattern = Made();
  return pattern;
}

}  // namespace gillnet::fingerprint
