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

/// The first pixel of a run in the output, or of a tile.
struct Place {
  std::int64_t photo, y, x;
};

/// A block's weights, or in several passes the part that one of them takes.
struct Pass {
  std::int64_t index, block;
};

/// One or two runs of pixels, for one block.
struct OutputTile {
  Pass pass;
  /// What its thread most likely does after this pass, and which half of those weights to ask memory for meanwhile.
  Pass next;
  int half;
  int runs;
  std::int64_t pixels;
  Place places[2];
};

/// Parts the output into tasks whose weights and pixels stay near a core, and those into tiles of two runs each, from
/// two rows: calls work(tile).
template <typename Work>
void ForTiles(Workers& workers, const Tiling& tiling, const Work& work) {
  const std::int64_t rows = tiling.photos * tiling.height, pairs = Parts(rows, 2);
  const std::int64_t groups = Parts(tiling.blocks, std::max<std::int64_t>(1, kNear / tiling.block_bytes));
  const std::int64_t near = std::max<std::int64_t>(4, kNear / 2 / (2 * tiling.row_bytes));
  const std::int64_t wanted = std::max(Parts(4 * workers.threads(), groups), Parts(pairs, near));
  const std::int64_t bands = std::min(pairs, wanted), segments = Parts(tiling.width, tiling.run);
  const auto first_block_of = [&](std::int64_t task) { return tiling.blocks * (task / bands) / groups; };
  workers.Run(groups * bands, [&](std::int64_t task, int) {
    const std::int64_t first_block = first_block_of(task), last_block = tiling.blocks * (task / bands + 1) / groups;
    const std::int64_t next_task = std::min(task + workers.threads(), groups * bands - 1);
    const std::int64_t first_row = pairs * (task % bands) / bands * 2;
    const std::int64_t last_row = std::min(rows, pairs * (task % bands + 1) / bands * 2);
    const auto after = [&](const Pass& pass) -> Pass {
      if (pass.block + 1 < last_block) return {pass.index, pass.block + 1};
      if (pass.index + 1 < tiling.passes) return {pass.index + 1, first_block};
      return {0, first_block_of(next_task)};
    };
    OutputTile tile{};
    for (tile.pass.index = 0; tile.pass.index < tiling.passes; ++tile.pass.index) {
      for (tile.pass.block = first_block; tile.pass.block < last_block; ++tile.pass.block) {
        tile.next = after(tile.pass);
        for (std::int64_t row = first_row; row < last_row; row += 2) {
          tile.runs = row + 1 < rows ? 2 : 1;
          for (std::int64_t segment = 0; segment < segments; ++segment) {
            const std::int64_t x = tiling.width * segment / segments;
            tile.pixels = tiling.width * (segment + 1) / segments - x;
            tile.places[0] = {row / tiling.height, row % tiling.height, x};
            tile.places[1] = {(row + 1) / tiling.height, (row + 1) % tiling.height, x};
            work(tile);
            tile.half = 1 - tile.half;
          }
        }
      }
    }
  });
}

/// What `tile` says for each of `count` pixels, `in` and `out` being the first's and `soon` as large as its weights.
inline void MultiplyRows(const Kernels& kernels, Tile tile, const float* in, std::int64_t count, float* out) {
  const std::int64_t parts = Parts(count, 2 * kernels.run), half = tile.rows * tile.depth * kernels.block / 2;
  const float* const soon = tile.soon;
  for (std::int64_t part = 0; part < parts; ++part) {
    const std::int64_t first = count * part / parts, taken = count * (part + 1) / parts - first;
    const std::int64_t pixels = (taken + 1) / 2;
    tile.soon = soon + part % 2 * half;
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
