#include "sim/stage_costers.hpp"

#include <algorithm>

#include "models/inner_recompute.hpp"

namespace pipesim {

namespace {

using Groups = std::array<GroupNetwork, 3>;

// Over what the devices of a stage share its layers, by LayerGroup.
Groups groups_at(const Config& config, int position) {
  const RankGrid grid = rank_grid(config);
  const int rank = rank_at(grid, {.pipeline = position});
  Groups groups;
  const auto set = [&](LayerGroup group, int ranks, auto&& network) {
    if (ranks > 1) groups[static_cast<std::size_t>(group)] = network();
  };
  const Cluster& cluster = config.cluster;
  set(LayerGroup::tensor, grid.tensor,
      [&] { return group_network(cluster, grid, Axis::tensor, position); });
  set(LayerGroup::context, grid.context,
      [&] { return group_network(cluster, grid, Axis::context, position); });
  const int experts = config.training.parallel.expert;
  set(LayerGroup::expert, experts,
      [&] { return group_network(cluster, expert_group(grid, experts, rank)); });
  return groups;
}

// What each layer's backward computes again and its W needs: all but what its forward kept. Scores,
// of which selective re-computation makes more, lie between no weights.
std::vector<Bytes> regained_for_weights(const Config& config, const Network& kept) {
  std::vector<Bytes> regained;
  if (config.pipeline.recompute != Recompute::layers) return regained;
  const auto& all = std::get<Network>(config.model).layers;
  for (std::size_t l = 0; l < all.size(); ++l) {
    regained.push_back(std::max<Bytes>(0, all[l].stash_bytes - kept.layers[l].stash_bytes));
  }
  return regained;
}

}  // namespace

StageCosters::StageCosters(const Config& config, Network network, std::vector<Device> devices)
    : training_(std::make_shared<const Training>(config.training)),
      network_(std::make_shared<const Network>(
          with_inner_recompute(std::move(network), config.pipeline.recompute))),
      devices_(std::move(devices)) {
  const Parallelism& parallel = config.training.parallel;
  const bool shared = parallel.tensor > 1 || parallel.context > 1 || parallel.expert > 1;
  const std::vector<Bytes> regained = regained_for_weights(config, *network_);
  std::vector<std::pair<std::size_t, Groups>> seen;
  for (int position = 0; position < config.pipeline.stages; ++position) {
    const std::size_t kind = devices_.size() == 1 ? 0 : static_cast<std::size_t>(position);
    std::pair site{kind, shared ? groups_at(config, position) : Groups{}};
    // Neighbours are often alike, and so are all devices of one kind.
    const auto found = std::find(seen.rbegin(), seen.rend(), site);
    by_device_.push_back(found == seen.rend() ? seen.size()
                                              : static_cast<std::size_t>(seen.rend() - found) - 1);
    if (found != seen.rend()) continue;
    const Device& device = devices_[kind];
    const std::vector<LayerTime> times =
        layer_times(*network_, {.device = device,
                                .training = *training_,
                                .source = *config.source,
                                .groups = site.second,
                                .host_time = seconds(config.cluster.host_time_per_layer)});
    costers_.push_back(
        std::make_unique<StageCoster>(*network_, times, *training_, device, regained));
    seen.push_back(std::move(site));
  }
}

}  // namespace pipesim
