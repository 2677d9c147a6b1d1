#include "sim/costs/pipeline_costs.hpp"

#include <algorithm>

#include "models/cost/inner_recompute.hpp"

namespace pipesim {

namespace {

using Groups = std::array<GroupNetwork, layer_groups>;

// So many ranks of a group, from its first on.
std::vector<int> every(const RankGroup& group, int step, int count) {
  std::vector<int> ranks;
  for (int i = 0; i < count; ++i) ranks.push_back(group.start + i * step * group.stride);
  return ranks;
}

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
  const ContextSplit context = config.transformer
                                   ? context_split(*config.transformer, config.training.parallel)
                                   : ContextSplit{};
  const RankGroup sequence = group_along(grid, Axis::context, rank);
  set(LayerGroup::context, context.heads,
      [&] { return group_network(cluster, every(sequence, 1, context.heads)); });
  set(LayerGroup::context_ring, context.ring,
      [&] { return group_network(cluster, every(sequence, context.heads, context.ring)); });
  if (!config.transformer || !config.transformer->mixture) return groups;
  const ExpertGrid experts = expert_grid(config);
  set(LayerGroup::expert, experts.expert,
      [&] { return group_network(cluster, expert_group(grid, experts, rank)); });
  set(LayerGroup::expert_tensor, experts.tensor,
      [&] { return group_network(cluster, expert_tensor_group(grid, experts, rank)); });
  return groups;
}

bool take_the_same(const Layer& a, const Layer& b) {
  return a.forward == b.forward && a.backward_input == b.backward_input &&
         a.backward_weight == b.backward_weight;
}

// For each layer, the first layer that costs the same. Compares with the last few kinds of layers
// only.
std::vector<std::size_t> first_alike(const std::vector<Layer>& layers) {
  constexpr std::ptrdiff_t most_kinds = 8;
  std::vector<std::size_t> like;
  std::vector<std::size_t> kinds;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const auto end = kinds.rbegin() + std::min(most_kinds, std::ssize(kinds));
    const auto found = std::find_if(kinds.rbegin(), end, [&](std::size_t kind) {
      return take_the_same(layers[kind], layers[l]);
    });
    if (found == end) kinds.push_back(l);
    like.push_back(found == end ? l : *found);
  }
  return like;
}

LayerSite site_with(const Config& config, const Device& device, const Groups& groups) {
  return {.device = device,
          .training = config.training,
          .source = *config.source,
          .groups = groups,
          .host_time = seconds(config.cluster.host_time_per_layer)};
}

}  // namespace

LayerSite site_at(const Config& config, const Device& device, int position) {
  return site_with(config, device, groups_at(config, position));
}

PipelineCosts::PipelineCosts(const Config& config, Network network,
                             const std::vector<Device>& kinds)
    : config_(config),
      kinds_(kinds),
      network_(std::make_shared<const Network>(
          with_inner_recompute(std::move(network), config.pipeline.recompute))),
      sizes_(std::make_shared<const LayerSizes>(*network_, config.training)),
      working_set_(working_set(*network_)),
      like_(first_alike(network_->layers)) {
  find_groups();
}

// Neighbours are often alike.
void PipelineCosts::find_groups() {
  const Parallelism& parallel = config_.training.parallel;
  const bool shared = parallel.tensor > 1 || parallel.context > 1 || parallel.expert > 1 ||
                      expert_tensor_ranks(config_.training) > 1;
  for (int position = 0; position < config_.pipeline.stages; ++position) {
    Groups groups = shared ? groups_at(config_, position) : Groups{};
    const auto found = std::find(groups_.rbegin(), groups_.rend(), groups);
    groups_at_.push_back(static_cast<std::size_t>(groups_.rend() - found) - 1);
    if (found != groups_.rend()) continue;
    groups_at_.back() = groups_.size();
    groups_.push_back(std::move(groups));
  }
}

PipelineCosts::Site& PipelineCosts::site(const StageDevices& devices, int position) {
  const std::size_t groups = groups_at_[static_cast<std::size_t>(position)];
  Site& site = sites_[{devices, groups}];
  site.groups = &groups_[groups];
  return site;
}

const LayerTime& PipelineCosts::time(const StageDevices& devices, Site& site,
                                     std::size_t layer) const {
  const auto [known, is_new] = site.times.try_emplace(like_[layer]);
  if (!is_new) return known->second;
  for (const StageDevice& device : devices) {
    LayerSite at = site_with(config_, kinds_[static_cast<std::size_t>(device.kind)], *site.groups);
    at.working_set = working_set_;
    at.slowdown = device.slowdown;
    known->second = slower(known->second, layer_time(network_->layers[layer], at));
  }
  return known->second;
}

LayerTotals PipelineCosts::coster(const StageDevices& devices, Site& site, std::size_t first,
                                  std::size_t last) const {
  std::vector<LayerTime> times;
  times.reserve(last - first);
  for (std::size_t l = first; l < last; ++l) times.push_back(time(devices, site, l));
  std::vector<SlowDevice> slow;
  for (const StageDevice& device : devices) {
    slow.push_back(
        {.device = &kinds_[static_cast<std::size_t>(device.kind)], .slowdown = device.slowdown});
  }
  return {sizes_, first, times, config_.training, std::move(slow)};
}

StageCost PipelineCosts::cost(const StageDevices& devices, int position, std::size_t first,
                              std::size_t last) {
  return coster(devices, site(devices, position), first, last).cost(first, last);
}

const LayerTotals& PipelineCosts::of_all_layers(const StageDevices& devices, int position) {
  Site& at = site(devices, position);
  if (at.coster == nullptr) {
    at.coster = std::make_unique<LayerTotals>(coster(devices, at, 0, network_->layers.size()));
  }
  return *at.coster;
}

}  // namespace pipesim
