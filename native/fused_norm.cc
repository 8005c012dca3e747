#include "fused_norm.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>

#include "instruction_sets.h"

namespace gillnet {

namespace {

/// The upper half of a float32.
struct BFloat16 {
  std::uint16_t bits;
};

GILLNET_INLINE float Load(const float& value) { return value; }

GILLNET_INLINE float Load(const BFloat16& value) {
  const std::uint32_t bits = std::uint32_t{value.bits} << 16;
  float result;
  std::memcpy(&result, &bits, sizeof(result));
  return result;
}

GILLNET_INLINE void Store(float& to, float value) { to = value; }

/// To the nearest, of two equally near to the even one.
GILLNET_INLINE void Store(BFloat16& to, float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  to.bits = static_cast<std::uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

/// Keeps NaN, which must reach the loss.
GILLNET_INLINE float Relu(float value) { return value <= 0 ? 0 : value; }

/// Calls work(T{}) with the type of the tensor's values.
template <typename Work>
void ByType(const at::Tensor& tensor, const Work& work) {
  if (tensor.scalar_type() == at::kBFloat16) {
    work(BFloat16{});
  } else {
    work(float{});
  }
}

/// Calls work(std::true_type or std::false_type).
template <typename Work>
void ByFlag(bool flag, const Work& work) {
  if (flag) {
    work(std::true_type{});
  } else {
    work(std::false_type{});
  }
}

template <typename T>
T* ValuesOf(const at::Tensor& tensor) {
  return tensor.defined() ? static_cast<T*>(tensor.data_ptr()) : nullptr;
}

struct Shape {
  explicit Shape(const at::Tensor& x)
      : channels(x.size(1)), rows(x.numel() / x.size(1)), rows_per_chunk(std::max<std::int64_t>(8, kChunk / channels)) {}

  std::int64_t Chunks() const { return (rows + rows_per_chunk - 1) / rows_per_chunk; }

  /// Values that are summed in float32, and that one thread takes at a time.
  static constexpr std::int64_t kChunk = 1 << 15;

  std::int64_t channels, rows, rows_per_chunk;
};

/// float32 [sums, channels] of each chunk.
struct PartialSums {
  PartialSums(const Shape& shape, std::int64_t sums)
      : width(sums * shape.channels), chunks(shape.Chunks()), values(static_cast<std::size_t>(chunks * width)) {}

  /// Those of the sum `index` over all chunks, in their order.
  std::vector<double> Total(std::int64_t index, std::int64_t channels) const {
    std::vector<double> total(static_cast<std::size_t>(channels));
    for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
      const float* from = values.data() + chunk * width + index * channels;
      for (std::int64_t c = 0; c < channels; ++c) total[static_cast<std::size_t>(c)] += from[c];
    }
    return total;
  }

  Channels Rounded(std::int64_t index, std::int64_t channels) const {
    const std::vector<double> total = Total(index, channels);
    return Channels(total.begin(), total.end());
  }

  std::int64_t width, chunks;
  std::vector<float> values;
};

/// Sums of x - origin and of its square.
template <typename T>
struct SumMoments {
  Shape shape;
  const T* x;
  const float* origin;
  float* sums;

  GILLNET_INLINE void operator()(std::int64_t begin, std::int64_t end) const {
    const std::int64_t channels = shape.channels;
    for (std::int64_t chunk = begin; chunk < end; ++chunk) {
      float* const sum = sums + chunk * 2 * channels;
      float* const square = sum + channels;
      const std::int64_t last = std::min(shape.rows, (chunk + 1) * shape.rows_per_chunk);
      for (std::int64_t row = chunk * shape.rows_per_chunk; row < last; ++row) {
        const T* const from = x + row * channels;
#pragma GCC ivdep
        for (std::int64_t c = 0; c < channels; ++c) {
          const float value = Load(from[c]) - origin[c];
          sum[c] += value;
          square[c] += value * value;
        }
      }
    }
  }
};

enum class Addend { kNone, kPlain, kAffine };

template <typename T, Addend kAddend>
struct Apply {
  Shape shape;
  const T* x;
  const float *scale, *shift;
  const T* addend;
  const float *addend_scale, *addend_shift;
  T* output;

  GILLNET_INLINE void operator()(std::int64_t begin, std::int64_t end) const {
    const std::int64_t channels = shape.channels;
    const std::int64_t last = std::min(shape.rows, end * shape.rows_per_chunk);
    for (std::int64_t row = begin * shape.rows_per_chunk; row < last; ++row) {
      const std::int64_t at = row * channels;
#pragma GCC ivdep
      for (std::int64_t c = 0; c < channels; ++c) {
        float value = Load(x[at + c]) * scale[c] + shift[c];
        if constexpr (kAddend == Addend::kPlain) value += Load(addend[at + c]);
        if constexpr (kAddend == Addend::kAffine) {
          value += Load(addend[at + c]) * addend_scale[c] + addend_shift[c];
        }
        Store(output[at + c], Relu(value));
      }
    }
  }
};

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

/// `second` and `addend` are there where their flags say so.
template <typename T, bool kSecond>
struct SumReluGradients {
  Shape shape;
  const T *gradient, *second, *x;
  const float *scale, *shift, *mean;
  float* sums;

  GILLNET_INLINE void operator()(std::int64_t begin, std::int64_t end) const {
    const std::int64_t channels = shape.channels;
    for (std::int64_t chunk = begin; chunk < end; ++chunk) {
      float* const sum = sums + chunk * 2 * channels;
      float* const product = sum + channels;
      const std::int64_t last = std::min(shape.rows, (chunk + 1) * shape.rows_per_chunk);
      for (std::int64_t row = chunk * shape.rows_per_chunk; row < last; ++row) {
        const std::int64_t at = row * channels;
#pragma GCC ivdep
        for (std::int64_t c = 0; c < channels; ++c) {
          const float value = Load(x[at + c]);
          float g = Load(gradient[at + c]);
          if constexpr (kSecond) g += Load(second[at + c]);
          g = value * scale[c] + shift[c] > 0 ? g : 0;
          sum[c] += g;
          product[c] += g * (value - mean[c]);
        }
      }
    }
  }
};

template <typename T, bool kSecond, bool kAddend>
struct SumResidualGradients {
  Shape shape;
  T* gradient;
  const T *second, *output, *x, *addend;
  const float *mean, *addend_mean;
  float* sums;

  GILLNET_INLINE void operator()(std::int64_t begin, std::int64_t end) const {
    const std::int64_t channels = shape.channels;
    for (std::int64_t chunk = begin; chunk < end; ++chunk) {
      float* const sum = sums + chunk * 3 * channels;
      float* const product = sum + channels;
      float* const addend_product = product + channels;
      const std::int64_t last = std::min(shape.rows, (chunk + 1) * shape.rows_per_chunk);
      for (std::int64_t row = chunk * shape.rows_per_chunk; row < last; ++row) {
        const std::int64_t at = row * channels;
#pragma GCC ivdep
        for (std::int64_t c = 0; c < channels; ++c) {
          float g = Load(gradient[at + c]);
          if constexpr (kSecond) g += Load(second[at + c]);
          g = Load(output[at + c]) > 0 ? g : 0;
          Store(gradient[at + c], g);
          sum[c] += g;
          product[c] += g * (Load(x[at + c]) - mean[c]);
          if constexpr (kAddend) addend_product[c] += g * (Load(addend[at + c]) - addend_mean[c]);
        }
      }
    }
  }
};

/// With a mask g is what passed ReLU, and goes over `gradient`; without, over `x`.
template <typename T, bool kMask>
struct ApplyBackward {
  Shape shape;
  T *gradient, *x;
  const float *scale, *shift;
  const float *by_gradient, *by_x, *constant;

  GILLNET_INLINE void operator()(std::int64_t begin, std::int64_t end) const {
    const std::int64_t channels = shape.channels;
    const std::int64_t last = std::min(shape.rows, end * shape.rows_per_chunk);
    T* const to = kMask ? gradient : x;
    for (std::int64_t row = begin * shape.rows_per_chunk; row < last; ++row) {
      const std::int64_t at = row * channels;
#pragma GCC ivdep
      for (std::int64_t c = 0; c < channels; ++c) {
        const float value = Load(x[at + c]);
        float g = Load(gradient[at + c]);
        if constexpr (kMask) g = value * scale[c] + shift[c] > 0 ? g : 0;
        Store(to[at + c], g * by_gradient[c] + value * by_x[c] + constant[c]);
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
              const std::int64_t from = ((photo * output_height + window_row) * output_width + window) * channels + first;
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

Moments MomentsOf(const at::Tensor& x) {
  const Shape shape(x);
  const auto channels = static_cast<std::size_t>(shape.channels);
  PartialSums sums(shape, 2);
  // Squares of values near 0 add up with less rounding; the first row is near enough.
  Channels origin(channels);
  ByType(x, [&](auto type) {
    using T = decltype(type);
    const T* values = ValuesOf<T>(x);
    for (std::size_t c = 0; c < channels; ++c) origin[c] = Load(values[c]);
    Vectorized(shape.Chunks(), 1, SumMoments<T>{shape, values, origin.data(), sums.values.data()});
  });
  const std::vector<double> sum = sums.Total(0, shape.channels), square = sums.Total(1, shape.channels);
  const auto rows = static_cast<double>(shape.rows);
  Moments moments{std::vector<double>(channels), std::vector<double>(channels), rows};
  for (std::size_t c = 0; c < channels; ++c) {
    const double mean = sum[c] / rows;
    moments.mean[c] = mean + static_cast<double>(origin[c]);
    const double variance = square[c] / rows - mean * mean;
    // Keeps NaN.
    moments.variance[c] = variance < 0 ? 0 : variance;
  }
  return moments;
}

void NormRelu(const at::Tensor& x, const Affine& affine, const at::Tensor& addend, const Affine* addend_affine,
              const at::Tensor& output) {
  const Shape shape(x);
  ByType(x, [&](auto type) {
    using T = decltype(type);
    const auto run = [&](auto kind) {
      Vectorized(shape.Chunks(), 1,
                 Apply<T, decltype(kind)::value>{
                     shape, ValuesOf<T>(x), affine.scale.data(), affine.shift.data(), ValuesOf<T>(addend),
                     addend_affine ? addend_affine->scale.data() : nullptr,
                     addend_affine ? addend_affine->shift.data() : nullptr, ValuesOf<T>(output)});
    };
    if (!addend.defined()) {
      run(std::integral_constant<Addend, Addend::kNone>{});
    } else if (!addend_affine) {
      run(std::integral_constant<Addend, Addend::kPlain>{});
    } else {
      run(std::integral_constant<Addend, Addend::kAffine>{});
    }
  });
}

Pooled NormReluPool(const at::Tensor& x, const Affine& affine) {
  TORCH_INTERNAL_ASSERT(x.size(1) % kLanes == 0);
  const std::int64_t height = (x.size(2) + 1) / 2, width = (x.size(3) + 1) / 2;
  const auto options = x.options().memory_format(at::MemoryFormat::ChannelsLast);
  const std::vector<std::int64_t> sizes{x.size(0), x.size(1), height, width};
  Pooled pooled{at::empty(sizes, options), at::empty(sizes, options), at::empty(sizes, options.dtype(at::kByte))};
  ByType(x, [&](auto type) {
    using T = decltype(type);
    Vectorized(x.size(0) * height, 1,
               Pool<T>{ValuesOf<T>(x), x.size(2), x.size(3), x.size(1), height, width, affine.scale.data(),
                       affine.shift.data(), ValuesOf<T>(pooled.output), ValuesOf<T>(pooled.peaks),
                       ValuesOf<std::uint8_t>(pooled.places)});
  });
  return pooled;
}

GradientSums SumsOf(const at::Tensor& gradient, const at::Tensor& second, const at::Tensor& x, const Affine& affine,
                    const Channels& mean) {
  const Shape shape(x);
  PartialSums sums(shape, 2);
  ByType(x, [&](auto type) {
    using T = decltype(type);
    ByFlag(second.defined(), [&](auto has_second) {
      Vectorized(shape.Chunks(), 1,
                 SumReluGradients<T, decltype(has_second)::value>{
                     shape, ValuesOf<T>(gradient), ValuesOf<T>(second), ValuesOf<T>(x), affine.scale.data(),
                     affine.shift.data(), mean.data(), sums.values.data()});
    });
  });
  return {sums.Rounded(0, shape.channels), sums.Rounded(1, shape.channels), {}};
}

GradientSums ResidualSumsOf(const at::Tensor& gradient, const at::Tensor& second, const at::Tensor& output,
                            const at::Tensor& x, const Channels& mean, const at::Tensor& addend,
                            const Channels& addend_mean) {
  const Shape shape(x);
  PartialSums sums(shape, 3);
  ByType(x, [&](auto type) {
    using T = decltype(type);
    ByFlag(second.defined(), [&](auto has_second) {
      ByFlag(addend.defined(), [&](auto has_addend) {
        Vectorized(shape.Chunks(), 1,
                   SumResidualGradients<T, decltype(has_second)::value, decltype(has_addend)::value>{
                       shape, ValuesOf<T>(gradient), ValuesOf<T>(second), ValuesOf<T>(output), ValuesOf<T>(x),
                       ValuesOf<T>(addend), mean.data(), addend_mean.data(), sums.values.data()});
      });
    });
  });
  return {sums.Rounded(0, shape.channels), sums.Rounded(1, shape.channels), sums.Rounded(2, shape.channels)};
}

void BackwardRelu(const at::Tensor& gradient, const at::Tensor& x, const Affine& affine,
                  const InputGradient& formula) {
  const Shape shape(x);
  ByType(x, [&](auto type) {
    using T = decltype(type);
    Vectorized(shape.Chunks(), 1,
               ApplyBackward<T, true>{shape, ValuesOf<T>(gradient), ValuesOf<T>(x), affine.scale.data(),
                                      affine.shift.data(), formula.gradient.data(), formula.x.data(),
                                      formula.constant.data()});
  });
}

void Backward(const at::Tensor& gradient, const at::Tensor& x, const InputGradient& formula) {
  const Shape shape(x);
  ByType(x, [&](auto type) {
    using T = decltype(type);
    Vectorized(shape.Chunks(), 1,
               ApplyBackward<T, false>{shape, ValuesOf<T>(gradient), ValuesOf<T>(x), nullptr, nullptr,
                                       formula.gradient.data(), formula.x.data(), formula.constant.data()});
  });
}

void BackwardPool(const at::Tensor& gradient, const at::Tensor& second, const at::Tensor& places,
                  const at::Tensor& x, const InputGradient& formula) {
  ByType(x, [&](auto type) {
    using T = decltype(type);
    ByFlag(second.defined(), [&](auto has_second) {
      Vectorized(x.size(0) * x.size(2), 1,
                 ApplyPoolBackward<T, decltype(has_second)::value>{
                     ValuesOf<T>(gradient), ValuesOf<T>(second), ValuesOf<std::uint8_t>(places), ValuesOf<T>(x),
                     x.size(2), x.size(3), x.size(1), gradient.size(2), gradient.size(3), formula.gradient.data(),
                     formula.x.data(), formula.constant.data()});
    });
  });
}

}  // namespace gillnet
