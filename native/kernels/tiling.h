#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels.h"
#include "workers.h"

namespace gillnet::kernels {

inline std::int64_t RoundedUp(std::int64_t value, std::int64_t to) { return (value + to - 1) / to * to; }
inline std::int64_t Parts(std::int64_t value, std::int64_t of) { return (value + of - 1) / of; }

/// Of one core's second-level cache, in bytes: half of the 1 MB that servers have, so that both sides fit.
constexpr std::int64_t kNear = 512 << 10;

/// What a direct convolution writes, and what it reads for that.
struct Tiling {
  std::int64_t photos, height, width;
  /// Blocks of output channels, and bytes of the weights of one.
  std::int64_t blocks, block_bytes;
  /// Bytes of the input from one row of the output to the next.
  std::int64_t row_bytes;
  /// Pixels that a run has at most.
  std::int64_t run;
  /// How often it goes over all pixels.
  std::int64_t passes;
};

/// A run of pixels in the output.
struct Place {
  std::int64_t photo, y, x;
};

/// Parts the output into tasks whose weights and pixels stay near a core, and those into tiles of two runs each, from
/// two rows: calls work(pass, block, runs, pixels, places).
template <typename Work>
void ForTiles(Workers& workers, const Tiling& tiling, const Work& work) {
  const std::int64_t rows = tiling.photos * tiling.height, pairs = Parts(rows, 2);
  const std::int64_t group = std::clamp<std::int64_t>(kNear / tiling.block_bytes, 1, tiling.blocks);
  const std::int64_t groups = Parts(tiling.blocks, group);
  const std::int64_t wanted = Parts(4 * workers.threads(), groups);
  const std::int64_t near = std::max<std::int64_t>(4, kNear / 2 / (2 * tiling.row_bytes));
  const std::int64_t tall = std::clamp<std::int64_t>(Parts(pairs, wanted), 1, near);
  const std::int64_t bands = Parts(pairs, tall), segments = Parts(tiling.width, tiling.run);
  workers.Run(groups * bands, [&](std::int64_t task, int) {
    const std::int64_t first_block = task / bands * group, last_block = std::min(tiling.blocks, first_block + group);
    const std::int64_t first_pair = task % bands * tall, last_pair = std::min(pairs, first_pair + tall);
    for (std::int64_t pass = 0; pass < tiling.passes; ++pass) {
      for (std::int64_t block = first_block; block < last_block; ++block) {
        for (std::int64_t row = 2 * first_pair; row < std::min(rows, 2 * last_pair); row += 2) {
          const int runs = row + 1 < rows ? 2 : 1;
          for (std::int64_t segment = 0; segment < segments; ++segment) {
            const std::int64_t x = tiling.width * segment / segments;
            const std::int64_t pixels = tiling.width * (segment + 1) / segments - x;
            const Place places[2] = {{row / tiling.height, row % tiling.height, x},
                                     {(row + 1) / tiling.height, (row + 1) % tiling.height, x}};
            work(pass, block, runs, pixels, places);
          }
        }
      }
    }
  });
}

/// What `tile` says for each of `count` pixels, `in` and `out` being the first's.
inline void MultiplyRows(const Kernels& kernels, Tile tile, const float* in, std::int64_t count, float* out) {
  const std::int64_t parts = Parts(count, 2 * kernels.run);
  for (std::int64_t part = 0; part < parts; ++part) {
    const std::int64_t first = count * part / parts, taken = count * (part + 1) / parts - first;
    const std::int64_t pixels = (taken + 1) / 2;
    // Of an odd number, the one in the middle is computed twice.
    for (const int run : {0, 1}) {
      const std::int64_t begin = first + (run == 0 ? 0 : taken - pixels);
      tile.in[run] = in + begin * tile.in_pixel;
      tile.out[run] = out + begin * tile.out_pixel;
    }
    kernels.tile[taken > 1 ? 1 : 0][pixels - 1](tile);
  }
}

}  // namespace gillnet::kernels
