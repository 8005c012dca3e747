#include "architecture.h"

#include <cstddef>

namespace gillnet {

namespace {

std::vector<ConvNormShape> Body(bool bottleneck, std::int64_t in, std::int64_t inner, std::int64_t stride) {
  if (!bottleneck) return {{in, inner, 3, stride}, {inner, inner, 3, 1}};
  return {{in, inner, 1, 1}, {inner, inner, 3, stride}, {inner, 4 * inner, 1, 1}};
}

std::int64_t Values(const ConvNormShape& shape) { return shape.out * (shape.in * shape.kernel * shape.kernel + 2); }

}  // namespace

std::array<std::vector<BlockShape>, 4> Architecture::Blocks() const {
  std::array<std::vector<BlockShape>, 4> blocks;
  std::int64_t in = Stem().out;
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    for (int index = 0; index < layers[layer]; ++index) {
      const std::int64_t stride = layer > 0 && index == 0 ? 2 : 1;
      BlockShape block{Body(bottleneck, in, channels << layer, stride), {}};
      const std::int64_t out = block.body.back().out;
      if (stride != 1 || in != out) block.downsample = ConvNormShape{in, out, 1, stride};
      blocks[layer].push_back(block);
      in = out;
    }
  }
  return blocks;
}

std::int64_t Architecture::Parameters(std::int64_t classes) const {
  std::int64_t sum = Values(Stem()) + (Width() + 1) * classes;
  for (const auto& layer : Blocks()) {
    for (const BlockShape& block : layer) {
      for (const ConvNormShape& shape : block.body) sum += Values(shape);
      if (block.downsample) sum += Values(*block.downsample);
    }
  }
  return sum;
}

}  // namespace gillnet
