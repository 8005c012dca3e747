#include "pass.h"

#include <algorithm>

namespace gillnet {

std::size_t LowestOf(const std::array<bool, kGroups>& trained) {
  return static_cast<std::size_t>(std::find(trained.begin(), trained.end(), true) - trained.begin());
}

at::Tensor BackwardHead(const Network& network, const std::array<bool, kGroups>& trained, const at::Tensor& logits,
                        const at::Tensor& features, at::IntArrayRef sizes, at::ScalarType dtype,
                        const OnGradient& on_gradient) {
  constexpr std::size_t kHead = kGroups - 1;
  if (trained[kHead]) {
    const std::size_t bias = network.Parameters().size() - 1;
    on_gradient(bias, logits.sum(0));
    on_gradient(bias - 1, logits.t().mm(features));
  }
  if (LowestOf(trained) == kHead) return {};
  const double places = static_cast<double>(sizes[2] * sizes[3]);
  const at::Tensor pooled = logits.mm(network.HeadWeight()).div_(places).to(dtype);
  return pooled.unsqueeze(2).unsqueeze(3).expand(sizes).contiguous(at::MemoryFormat::ChannelsLast);
}

}  // namespace gillnet
