#include "fused_norm.h"

#include <algorithm>

#include "activations.h"

namespace gillnet {

namespace {

struct Shape {
  explicit Shape(const at::Tensor& x)
      : channels(x.size(1)),
        rows(x.numel() / x.size(1)),
        rows_per_chunk(std::max<std::int64_t>(8, kChunk / channels)) {}

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

/// With an affine the addend has its own.
template <typename T, bool kAddend, bool kAffine>
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
        if constexpr (kAffine) {
          value += Load(addend[at + c]) * addend_scale[c] + addend_shift[c];
        } else if constexpr (kAddend) {
          value += Load(addend[at + c]);
        }
        Store(output[at + c], Relu(value));
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
    Vectorized(shape.Chunks(), SumMoments<T>{shape, values, origin.data(), sums.values.data()});
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
    ByFlag(addend.defined(), [&](auto has_addend) {
      ByFlag(addend_affine != nullptr, [&](auto has_affine) {
        Vectorized(shape.Chunks(), Apply<T, decltype(has_addend)::value, decltype(has_affine)::value>{
                                       shape, ValuesOf<T>(x), affine.scale.data(), affine.shift.data(),
                                       ValuesOf<T>(addend), addend_affine ? addend_affine->scale.data() : nullptr,
                                       addend_affine ? addend_affine->shift.data() : nullptr, ValuesOf<T>(output)});
      });
    });
  });
}

GradientSums SumsOf(const at::Tensor& gradient, const at::Tensor& second, const at::Tensor& x, const Affine& affine,
                    const Channels& mean) {
  const Shape shape(x);
  PartialSums sums(shape, 2);
  ByType(x, [&](auto type) {
    using T = decltype(type);
    ByFlag(second.defined(), [&](auto has_second) {
      Vectorized(shape.Chunks(), SumReluGradients<T, decltype(has_second)::value>{
                                     shape, ValuesOf<T>(gradient), ValuesOf<T>(second), ValuesOf<T>(x),
                                     affine.scale.data(), affine.shift.data(), mean.data(), sums.values.data()});
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
        Vectorized(shape.Chunks(),
                   SumResidualGradients<T, decltype(has_second)::value, decltype(has_addend)::value>{
                       shape, ValuesOf<T>(gradient), ValuesOf<T>(second), ValuesOf<T>(output), ValuesOf<T>(x),
                       ValuesOf<T>(addend), mean.data(), addend_mean.data(), sums.values.data()});
      });
    });
  });
  return {sums.Rounded(0, shape.channels), sums.Rounded(1, shape.channels), sums.Rounded(2, shape.channels)};
}

void BackwardNorm(const at::Tensor& gradient, const at::Tensor& x, const Affine* affine, const InputGradient& formula) {
  const Shape shape(x);
  ByType(x, [&](auto type) {
    using T = decltype(type);
    ByFlag(affine != nullptr, [&](auto masks) {
      Vectorized(shape.Chunks(), ApplyBackward<T, decltype(masks)::value>{
                                     shape, ValuesOf<T>(gradient), ValuesOf<T>(x),
                                     affine ? affine->scale.data() : nullptr, affine ? affine->shift.data() : nullptr,
                                     formula.gradient.data(), formula.x.data(), formula.constant.data()});
    });
  });
}

}  // namespace gillnet
