#include "models/cost/layer_time.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pipesim {

namespace {

InputError missing_figure(const LayerSite& site, std::string_view key, std::string_view wanted) {
  const std::string& place = site.device.place.pointer;
  return site.source.error(place.empty() ? "/cluster/device" : place,
                           fmt::format("states no {}, which the model's times need", wanted),
                           in_quotes(site.device.name),
                           fmt::format("give the device as an object with \"{}\", or choose "
                                       "another device or training.precision",
                                       key));
}

double peak_of(const LayerSite& site) {
  const Precision precision = site.training.precision;
  if (const auto peak = site.device.peak(precision)) return *peak;
  throw missing_figure(
      site, "flops", fmt::format("{} rate", precision_names[static_cast<std::size_t>(precision)]));
}

double memory_bandwidth_of(const LayerSite& site) {
  if (const auto bandwidth = site.device.memory_bandwidth) return *bandwidth;
  throw missing_figure(site, "memory_bandwidth", "memory bandwidth");
}

double roofline_seconds(const Operator& op, const LayerSite& site, double samples) {
  const double compute = op.flops * samples / peak_of(site);
  const double bytes = op.bytes * samples + op.fixed_bytes;
  const bool in_cache = op.kernel == Kernel::other && site.device.cache_bandwidth;
  const double bandwidth = in_cache ? *site.device.cache_bandwidth : memory_bandwidth_of(site);
  return std::max(compute, bytes / bandwidth) + site.device.launch_overhead;
}

double curve_seconds(const Operator& op, const LayerSite& site, double samples) {
  const KernelEfficiency& efficiency = site.device.efficiency->of(op.kernel);
  const double bytes = op.bytes * samples + op.fixed_bytes;
  double time =
      bytes / (memory_bandwidth_of(site) * efficiency.memory) + efficiency.overhead * op.products;
  if (op.kernel != Kernel::other) {
    time += op.flops * samples / (peak_of(site) * efficiency.compute);
  }
  return time;
}

// What several operators take together, and which parts of it hide, or can hide, other parts.
struct Total {
  Time time{};
  double beside_products = 0;  ///< Collectives that a product can hide.
  double products = 0;         ///< Products of weights.
};

// Messages round a ring, and the work that they run beside, in one part more than there are.
struct Ring {
  double messages = 0;
  double steps = 0;
  double beside = 0;

  double hidden() const { return std::min(messages, beside * steps / (steps + 1)); }
};

// Adds up what each ring in a list of operators hides; they stand one behind the other.
double hidden_in_rings(const std::vector<Operator>& operators, const std::vector<double>& times) {
  double hidden = 0;
  Ring ring;
  for (std::size_t i = 0; i < operators.size(); ++i) {
    const Operator& op = operators[i];
    if (op.in_ring) ring.beside += times[i];
    if (op.ring_steps == 0) continue;
    hidden += ring.hidden();
    ring = {.messages = times[i], .steps = static_cast<double>(op.ring_steps)};
  }
  return hidden + ring.hidden();
}

Total total_of(const std::vector<Operator>& operators, const LayerSite& site,
               std::int64_t samples) {
  Total total;
  std::vector<double> times;
  for (const Operator& op : operators) {
    const double time = operator_seconds(op, site, samples);
    times.push_back(time);
    total.time = capped_sum(total.time, to_time(time));
    if (op.kernel == Kernel::collective && op.beside_product) total.beside_products += time;
    if (op.weights > 0) total.products += time;
  }
  const double hidden = hidden_in_rings(operators, times);
  if (hidden > 0 && total.time < Time::limit()) {
    total.time -= std::min(total.time, to_time(hidden));
  }
  return total;
}

}  // namespace

double operator_seconds(const Operator& op, const LayerSite& site, std::int64_t count) {
  const auto samples = static_cast<double>(count);
  const Device& device = site.device;
  if (op.kernel == Kernel::collective) {
    const GroupNetwork& group = site.groups[static_cast<std::size_t>(op.group)];
    if (op.ring_steps > 0) return op.ring_steps * ring_pass_seconds(op.bytes * samples, group);
    return collective_seconds(op.collective, op.bytes * samples, group);
  }
  if (op.seconds > 0) return op.seconds * samples * site.slowdown;
  const KernelRates& rates = device.kernel_rates[static_cast<std::size_t>(site.training.precision)];
  if (static_cast<int>(op.kernel) < product_kernels && !rates.empty()) {
    const double rate = rates.rate(op.kernel, samples, op.weights, site.working_set);
    return (op.flops * samples / rate + device.launch_overhead) * site.slowdown;
  }
  if (op.flops == 0 && op.bytes == 0 && op.fixed_bytes == 0) return 0;
  return site.slowdown * (device.efficiency ? curve_seconds(op, site, samples)
                                            : roofline_seconds(op, site, samples));
}

// A layer's kernels are launched one by one, those that are computed again once more: the device
// waits where that takes longer.
LayerTime layer_time(const Layer& layer, const LayerSite& site) {
  const std::int64_t samples = site.training.micro_batch_size;
  const Total forward = total_of(layer.forward, site, samples);
  const Total input = total_of(layer.backward_input, site, samples);
  const Total weight = total_of(layer.backward_weight, site, samples);
  const double share = site.device.efficiency ? site.device.efficiency->hidden_communication : 0;
  const double hidden = std::min(share * input.beside_products, input.products + weight.products);
  const Time host = to_time(site.host_time);
  const Time input_host = to_time(site.host_time * (1 + layer.launched_again));
  LayerTime time{.forward = std::max(forward.time, host),
                 .backward_input = std::max(input.time, input_host),
                 .backward_weight = std::max(weight.time, host)};
  const Time backward = capped_sum(input.time, weight.time) - to_time(hidden);
  time.backward = std::max(backward, capped_sum(input_host, host));
  if (site.training.deferred_weight_gradient) {
    time.deferred_weight = total_of(layer.backward_weight, site, site.training.batch_size).time;
  }
  return time;
}

double working_set(const Network& network) {
  double bytes = 0;
  for (const Layer& layer : network.layers) bytes += static_cast<double>(layer.parameter_bytes);
  return bytes;
}

std::vector<LayerTime> layer_times(const Network& network, LayerSite site) {
  site.working_set = working_set(network);
  std::vector<LayerTime> times;
  times.reserve(network.layers.size());
  for (const Layer& layer : network.layers) times.push_back(layer_time(layer, site));
  return times;
}

LayerTime slower(const LayerTime& a, const LayerTime& b) {
  return {.forward = std::max(a.forward, b.forward),
          .backward_input = std::max(a.backward_input, b.backward_input),
          .backward_weight = std::max(a.backward_weight, b.backward_weight),
          .backward = std::max(a.backward, b.backward),
          .deferred_weight = std::max(a.deferred_weight, b.deferred_weight)};
}

}  // namespace pipesim
