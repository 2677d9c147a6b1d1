#include "sim/costs/layer_costs.hpp"

#include <algorithm>
#include <map>

#include "models/cost/inner_recompute.hpp"
#include "sim/costs/pipeline_costs.hpp"

namespace pipesim {

namespace {

std::string_view part_of(const Operator& op) {
  if (!op.part.empty()) return op.part;
  if (op.kernel == Kernel::collective) return "exchange";
  if (op.seconds > 0) return "measured";
  return op.weights > 0 ? "products" : "bound by memory";
}

// The bytes that an operator moves; of a ring those of all its messages.
double moved_bytes(const Operator& op, double samples) {
  return op.bytes * samples * std::max(1, op.ring_steps) + op.fixed_bytes;
}

// Parts in the order in which they are first met; several of one name count together.
class PartTable {
 public:
  PartTable(const Layer& layer, const LayerSite& site) : site_(site) {
    const auto samples = static_cast<double>(site.training.micro_batch_size);
    for (const LayerPart& part : layer.parts) {
      PartCost& cost = of(part.name);
      cost.parameters += part.parameters;
      cost.parameter_bytes = capped_sum(cost.parameter_bytes, part.parameter_bytes);
      cost.stash =
          capped_sum(cost.stash, capped_product(part.stash_bytes, site.training.micro_batch_size));
    }
    for (const Operator& op : layer.forward) {
      PartCost& cost = of(part_of(op));
      cost.forward_flops += op.flops * samples;
      cost.forward_bytes += moved_bytes(op, samples);
      cost.forward = capped_sum(cost.forward, time_of(op));
    }
    for (const auto* operators : {&layer.backward_input, &layer.backward_weight}) {
      for (const Operator& op : *operators) {
        PartCost& cost = of(part_of(op));
        cost.backward_flops += op.flops * samples;
        cost.backward_bytes += moved_bytes(op, samples);
        cost.backward = capped_sum(cost.backward, time_of(op));
      }
    }
  }

  std::vector<PartCost> take() && { return std::move(parts_); }

 private:
  const LayerSite& site_;
  std::vector<PartCost> parts_{};
  std::map<std::string_view, std::size_t> numbers_{};

  PartCost& of(std::string_view name) {
    const auto [found, is_new] = numbers_.try_emplace(name, parts_.size());
    if (is_new) parts_.push_back({.name = std::string(name)});
    return parts_[found->second];
  }
  Time time_of(const Operator& op) const {
    return to_time(operator_seconds(op, site_, site_.training.micro_batch_size));
  }
};

// Parts' names and numbers stand for their operators.
bool alike(const Layer& a, const Layer& b, const LayerTime& a_time, const LayerTime& b_time) {
  return a_time == b_time && a.parameters == b.parameters &&
         a.parameter_bytes == b.parameter_bytes && a.stash_bytes == b.stash_bytes &&
         a.output_bytes == b.output_bytes && a.parts == b.parts;
}

}  // namespace

std::vector<LayerCost> layer_costs(const Config& config) {
  const auto* given = std::get_if<Network>(&config.model);
  if (given == nullptr) {
    throw config.source->error("/model/kind", "has no layers to show", in_quotes(config.model_kind),
                               "its stages' costs are those that the config gives");
  }
  const Network network = with_inner_recompute(*given, config.pipeline.recompute);
  const LayerSite site = site_at(config, config.cluster.device(0), 0);
  const std::vector<LayerTime> times = layer_times(network, site);
  const Bytes samples = config.training.micro_batch_size;
  std::vector<LayerCost> costs;
  for (std::size_t l = 0; l < network.layers.size(); ++l) {
    const Layer& layer = network.layers[l];
    if (l > 0 && alike(layer, network.layers[l - 1], times[l], times[l - 1])) {
      costs.back().last = layer.name;
      ++costs.back().count;
      continue;
    }
    costs.push_back({.first = layer.name,
                     .last = layer.name,
                     .time = times[l],
                     .parameters = layer.parameters,
                     .parameter_bytes = layer.parameter_bytes,
                     .stash = capped_product(layer.stash_bytes, samples),
                     .output = capped_product(layer.output_bytes, samples),
                     .parts = PartTable(layer, site).take()});
  }
  return costs;
}

}  // namespace pipesim
