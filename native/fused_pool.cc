#include "fused_pool.h"

#include <limits>
#include <vector>

#include "activations.h"

namespace gillnet {

namespace {

/// The window of max_pool2d.
constexpr std::int64_t kWindow = 3;
constexpr std::int32_t kNowhere = 255;
/// Channels whose maxima are searched for together, in registers.
constexpr std::int64_t kLanes = 32;

template <typename T>
struct Pool {
  const T* x;
  std::int64_t height, width, channels, output_height, output_width;
  const float *scale, *shift;
  T* output;
  T* peaks;
  std::uint8_t* places;

  /// Tasks are rows of the output.
  GILLNET_INLINE void operator()(std::int64_t begin, std::int64_t end) const {
    for (std::int64_t row = begin; row < end; ++row) {
      const std::int64_t photo = row / output_height, top = row % output_height * 2 - 1;
      for (std::int64_t column = 0; column < output_width; ++column) {
        const std::int64_t left = column * 2 - 1;
        const std::int64_t to = (row * output_width + column) * channels;
        for (std::int64_t first = 0; first < channels; first += kLanes) {
          float best[kLanes], peak[kLanes];
          std::int32_t place[kLanes];
          for (std::int64_t c = 0; c < kLanes; ++c) best[c] = -std::numeric_limits<float>::infinity();
          for (std::int64_t tap = 0; tap < kWindow * kWindow; ++tap) {
            const std::int64_t y = top + tap / kWindow, at = left + tap % kWindow;
            if (y < 0 || y >= height || at < 0 || at >= width) continue;
            const T* const from = x + ((photo * height + y) * width + at) * channels + first;
            for (std::int64_t c = 0; c < kLanes; ++c) {
              const float raw = Load(from[c]);
              const float value = raw * scale[first + c] + shift[first + c];
              const bool more = !(value <= best[c]);
              best[c] = more ? value : best[c];
              peak[c] = more ? raw : peak[c];
              place[c] = more ? static_cast<std::int32_t>(tap) : place[c];
            }
          }
          for (std::int64_t c = 0; c < kLanes; ++c) {
            Store(output[to + first + c], Relu(best[c]));
            Store(peaks[to + first + c], peak[c]);
            places[to + first + c] = static_cast<std::uint8_t>(best[c] <= 0 ? kNowhere : place[c]);
          }
        }
      }
    }
  }
};

template <typename T, bool kSecond>
struct ApplyPoolBackward {
  const T *gradient, *second;
  const std::uint8_t* places;
  T* x;
  std::int64_t height, width, channels, output_height, output_width;
  const float *by_gradient, *by_x, *constant;

  /// Tasks are rows of x. A place stands in one window of the three rows above and below, or in two, and likewise in
  /// columns.
  GILLNET_INLINE void operator()(std::int64_t begin, std::int64_t end) const {
    for (std::int64_t row = begin; row < end; ++row) {
      const std::int64_t photo = row / height, y = row % height;
      for (std::int64_t column = 0; column < width; ++column) {
        T* const at = x + (row * width + column) * channels;
        for (std::int64_t first = 0; first < channels; first += kLanes) {
          float g[kLanes] = {};
          for (std::int64_t window_row = y / 2; window_row <= (y + 1) / 2; ++window_row) {
            for (std::int64_t window = column / 2; window <= (column + 1) / 2; ++window) {
              if (window_row >= output_height || window >= output_width) continue;
              const auto tap = static_cast<std::int32_t>((y - window_row * 2 + 1) * kWindow + column - window * 2 + 1);
              const std::int64_t from =
                  ((photo * output_height + window_row) * output_width + window) * channels + first;
              for (std::int64_t c = 0; c < kLanes; ++c) {
                float value = Load(gradient[from + c]);
                if constexpr (kSecond) value += Load(second[from + c]);
                g[c] += places[from + c] == tap ? value : 0;
              }
            }
          }
          for (std::int64_t c = 0; c < kLanes; ++c) {
            const std::int64_t channel = first + c;
            Store(at[channel], g[c] * by_gradient[channel] + Load(at[channel]) * by_x[channel] + constant[channel]);
          }
        }
      }
    }
  }
};

}  // namespace

MaxPooled NormReluPool(const at::Tensor& x, const Affine& affine) {
  TORCH_INTERNAL_ASSERT(x.size(1) % kLanes == 0);
  const std::int64_t height = (x.size(2) + 1) / 2, width = (x.size(3) + 1) / 2;
  const auto options = x.options().memory_format(at::MemoryFormat::ChannelsLast);
  const std::vector<std::int64_t> sizes{x.size(0), x.size(1), height, width};
  MaxPooled pooled{at::empty(sizes, options), at::empty(sizes, options), at::empty(sizes, options.dtype(at::kByte))};
  ByType(x, [&](auto type) {
    using T = decltype(type);
    Vectorized(x.size(0) * height, Pool<T>{ValuesOf<T>(x), x.size(2), x.size(3), x.size(1), height, width,
                                           affine.scale.data(), affine.shift.data(), ValuesOf<T>(pooled.output),
                                           ValuesOf<T>(pooled.peaks), ValuesOf<std::uint8_t>(pooled.places)});
  });
  return pooled;
}

void BackwardPool(const at::Tensor& gradient, const at::Tensor& second, const at::Tensor& places, const at::Tensor& x,
                  const InputGradient& formula) {
  ByType(x, [&](auto type) {
    using T = decltype(type);
    ByFlag(second.defined(), [&](auto has_second) {
      Vectorized(x.size(0) * x.size(2),
                 ApplyPoolBackward<T, decltype(has_second)::value>{
                     ValuesOf<T>(gradient), ValuesOf<T>(second), ValuesOf<std::uint8_t>(places), ValuesOf<T>(x),
                     x.size(2), x.size(3), x.size(1), gradient.size(2), gradient.size(3), formula.gradient.data(),
                     formula.x.data(), formula.constant.data()});
    });
  });
}

}  // namespace gillnet
