#include "models/cost/inner_recompute.hpp"

#include <algorithm>

namespace pipesim {

namespace {

// Each operator is one launch.
void compute_again(Layer& layer, const std::vector<Operator>& operators) {
  const auto recomputable =
      std::ranges::count_if(layer.forward, [](const Operator& op) { return op.recomputable; });
  if (recomputable > 0) {
    layer.launched_again =
        static_cast<double>(operators.size()) / static_cast<double>(recomputable);
  }
  std::vector<Operator>& backward = layer.backward_input;
  backward.insert(backward.begin(), operators.begin(), operators.end());
}

// What is not kept is in memory again while the layer's own backward runs.
void keep(Layer& layer, Bytes kept) {
  layer.workspace_bytes =
      capped_sum(layer.workspace_bytes, std::max<Bytes>(0, layer.stash_bytes - kept));
  layer.stash_bytes = std::min(layer.stash_bytes, kept);
}

}  // namespace

Network with_inner_recompute(Network network, Recompute recompute) {
  if (as_ops(recompute) == recompute) return network;
  for (std::size_t l = 0; l < network.layers.size(); ++l) {
    Layer& layer = network.layers[l];
    if (recompute == Recompute::selective) {
      compute_again(layer, layer.recomputed);
      keep(layer, layer.stash_bytes - layer.recomputed_bytes);
      continue;
    }
    std::vector<Operator> again = layer.forward;
    std::erase_if(again, [](const Operator& op) { return !op.recomputable; });
    compute_again(layer, again);
    // The stage's own input is counted beside the layers', unless they hold theirs.
    const Bytes input = network.stash_holds_input ? network.bytes_into(l) : layer.output_bytes;
    keep(layer, capped_sum(input, layer.kept_bytes));
  }
  return network;
}

}  // namespace pipesim
