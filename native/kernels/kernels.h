#pragma once

#include <cstdint>

namespace gillnet::kernels {

/// One call of the innermost kernel: up to two runs of neighbouring pixels, for one block of output channels.
/// Activations are NHWC, so that the pixels below a row of the convolution's kernel are `depth` values side by side.
struct Tile {
  /// First value of each run's first pixel.
  const float* in[2];
  float* out[2];
  /// Added to the result where it is final; null for nothing.
  const float* add[2];
  /// Values between neighbouring pixels of a run.
  std::int64_t in_pixel, out_pixel, add_pixel;
  /// Values between two rows of the input, and how many rows the convolution's kernel has.
  std::int64_t in_row, rows;
  /// Values of one of those rows, its width times the input's channels, and how far they are apart.
  std::int64_t depth, in_step;
  /// [rows, depth, block]
  const float* weights;
  /// Weights that are needed soon: half as many as these are asked for from memory.
  const float* soon;
  /// [block]; null for none.
  const float* bias;
  /// Goes on from what stands in `out`.
  bool accumulate;
  bool relu;
};

/// Where the tiles of Winograd's algorithm take their pixels from, and leave them.
struct Patch {
  /// First value of the patch, and values between rows and between pixels of it.
  const float* in;
  std::int64_t in_row, in_pixel;
  /// Its rows and columns that are read; the others are zeros.
  std::int64_t top, left, bottom, right;
  float* out;
  std::int64_t out_row, out_pixel;
  const float* add;
  std::int64_t add_row, add_pixel;
  /// Rows and columns of the output that lie inside the map.
  std::int64_t height, width;
  /// Null for none.
  const float* bias;
  bool relu;
};

/// Pixels of a run, at most.
constexpr int kMaxRun = 7;

/// F(m×m, 3×3) of Lavin and Gray (2016, arXiv:1509.09308), m + 2 being the edge of a patch.
struct WinogradKernels {
  int edge;
  /// Patch → `transformed` [edge², ...] with `plane` values between two of its edge² planes.
  void (*input)(const Patch& patch, std::int64_t channels, float* transformed, std::int64_t plane);
  /// The other way, with bias, addition and ReLU.
  void (*output)(const Patch& patch, std::int64_t channels, const float* transformed, std::int64_t plane);
  /// One block of output channels: `weights` [3, 3, depth, block] → `transformed` [edge², ...].
  void (*weights)(const float* weights, std::int64_t depth, float* transformed, std::int64_t plane);
  /// Rounded once, after the transform.
  void (*exact_weights)(const double* weights, std::int64_t depth, float* transformed, std::int64_t plane);
  /// The transposes of `output` and `weights`, which gradients go through: a patch of m×m → `transformed` [edge², ...],
  /// and `transformed` [edge², ...] → `weights` [3, 3, channels].
  void (*output_gradient)(const Patch& patch, std::int64_t channels, float* transformed, std::int64_t plane);
  void (*weights_gradient)(const float* transformed, std::int64_t plane, std::int64_t channels, float* weights);
};

/// Maximum over 3×3 pixels: `in` the first of them, → `out` [channels]. `row` and `pixel` are values between two of
/// them.
template <typename Value>
using Max3x3 = void (*)(const Value* in, std::int64_t row, std::int64_t pixel, std::int64_t channels, Value* out);

/// What is compiled for one instruction set.
struct Kernels {
  const char* name;
  /// Output channels of a tile; activations have a multiple of half of it.
  std::int64_t block;
  /// Longest run of pixels.
  int run;
  /// By the number of runs and the pixels of each, both less one.
  void (*tile[2][kMaxRun])(const Tile&);
  WinogradKernels winograd2, winograd4;
  Max3x3<float> max3x3;
  /// Adds a row of `pixels` × channels to `sums` [channels].
  void (*sum)(const float* in, std::int64_t pixels, std::int64_t channels, float* sums);
};

/// Tile with 8-bit numbers: unsigned activations, signed weights, sums in 32 bits.
struct QuantizedTile {
  const std::uint8_t* in[2];
  /// Where it goes to: rounded to 8 bits, or as it is where `out` is null.
  std::uint8_t* out[2];
  float* out_float[2];
  /// Added to the result, `add` times `add_scale`; null for nothing.
  const std::uint8_t* add[2];
  const float* add_float[2];
  float add_scale;
  /// Values between neighbouring pixels of a run.
  std::int64_t in_pixel, out_pixel, add_pixel;
  std::int64_t in_row, rows;
  /// Values of a row of the convolution's kernel, a multiple of 4.
  std::int64_t depth;
  /// [rows, depth / 4, block, 4]
  const std::int8_t* weights;
  /// As Tile's.
  const std::int8_t* soon;
  /// [block]: a sum times `scale`, with `bias` added, is in the unit of what it is added to and written as.
  const float* scale;
  const float* bias;
  bool relu;
};

/// What is compiled for one way to multiply 8-bit numbers.
struct QuantizedKernels {
  std::int64_t block;
  int run;
  /// Largest weight: where two products are summed in 16 bits, 7 bits are all that never overflows.
  int limit;
  void (*tile[2][kMaxRun])(const QuantizedTile&);
  Max3x3<std::uint8_t> max3x3;
};

/// The best that this processor and its system can run; null where only LibTorch's own can. The environment's
/// GILLNET_KERNELS, `avx512`, `avx_vnni`, `avx2` or `none`, names the best to be taken.
const Kernels* Best();

/// Those of one instruction set; null where they are not compiled.
const Kernels* Avx2();
const Kernels* Avx512();

/// The same for 8-bit numbers; never null where Best() is not.
const QuantizedKernels* BestQuantized();
const QuantizedKernels* QuantizedAvx2();
const QuantizedKernels* QuantizedAvxVnni();
const QuantizedKernels* QuantizedAvx512();

}  // namespace gillnet::kernels
