#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace gillnet::fingerprint {

/// A grey picture, row by row; nothing is written at first.
template <typename Value>
class Picture {
 public:
  Picture(int width, int height) : width_(width), height_(height), values_(new Value[size()]) {}

  int width() const { return width_; }
  int height() const { return height_; }
  std::size_t size() const { return static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_); }
  Value* values() { return values_.get(); }
  const Value* values() const { return values_.get(); }
  Value* Row(int y) { return values() + static_cast<std::ptrdiff_t>(y) * width_; }
  const Value* Row(int y) const { return values() + static_cast<std::ptrdiff_t>(y) * width_; }

 private:
  int width_;
  int height_;
  std::unique_ptr<Value[]> values_;
};

/// As it is decoded, 0…255.
using Raster = Picture<std::uint8_t>;
/// The same to reckon with.
using Grey = Picture<float>;

constexpr double kPi = 3.14159265358979323846;

/// To the nearest whole number, halves upwards.
inline int Rounded(double value) {
  const int towards_zero = static_cast<int>(value);
  const int below = towards_zero > value ? towards_zero - 1 : towards_zero;
  return value - below >= 0.5 ? below + 1 : below;
}

}  // namespace gillnet::fingerprint
