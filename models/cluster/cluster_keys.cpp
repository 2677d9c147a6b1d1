#include <stdexcept>

#include "models/keys/config_key_forms.hpp"
#include "models/settings/precision.hpp"

namespace pipesim {

namespace {

using namespace form;

std::vector<ConfigKey> cluster_keys() {
  std::vector<ValueForm> device{name_of(NameList::devices), path("/|\\.json$", "device.json"),
                                object(Section::device)};
  device.push_back(list_of(device, 1));
  return {
      {"devices",
       {integer()},
       "stages × data × tensor × context",
       "number of devices; must be that"},
      {"device", std::move(device), "cpu-core",
       "a name, a device file, an object; or a list, one for each of a pipeline or of all ranks"},
      {"interconnect",
       {name_of(NameList::interconnects), object(Section::interconnect), object(Section::nodes)},
       "ideal",
       "a name, a link between any two devices, or nodes"},
      {"topology", {object(Section::topology)}, "", "a graph of links, instead"},
      {"order",
       {text_like("^(tp|cp|dp|pp|ep)(-(tp|cp|dp|pp|ep))*$", "tp-cp-dp-pp")},
       "tp-cp-dp-pp",
       "which rank is where, the fastest axis first; axes of one may be left out"},
      {"stragglers",
       {by_rank(number(1, 1e6))},
       "none",
       "{\"3\": 1.2}: device 3 computes 1.2 times as long as its kind"},
      {"host_time_per_layer",
       {time()},
       "0",
       "the least that a layer's forward takes, its backward twice that"},
  };
}

std::vector<ConfigKey> device_keys() {
  return {
      {"name", {text()}, "custom device", "what reports call it"},
      {"memory", {bytes()}, "unlimited", "what it holds"},
      {"flops",
       {compute_rate(), object(Section::peak_rates)},
       "unlimited",
       "the peak rate, one or by precision"},
      {"memory_bandwidth", {bandwidth()}, "unlimited", "between memory and compute units"},
      {"launch_overhead", {time()}, "0", "of every kernel"},
      {"source", {text()}, "", "where the figures are from"},
      {"efficiency",
       {object(Section::efficiency)},
       "the roofline",
       "how near kernels get to the data sheet"},
      {"kernel_rates",
       {object(Section::kernel_rates_by_precision)},
       "",
       "measured rates of linear layers, by precision: pipesim calibrate writes them"},
      {"cache_bandwidth", {bandwidth()}, "memory_bandwidth", "measured, of what is no product"},
      {"interconnect",
       {name_of(NameList::links), object(Section::interconnect)},
       "",
       "holds unless the config names one"},
  };
}

std::vector<ConfigKey> by_precision(const ValueForm& form, std::string_view description) {
  std::vector<ConfigKey> keys;
  for (const std::string_view name : precision_names) {
    keys.push_back({name, {form}, "", description});
  }
  return keys;
}

std::vector<ConfigKey> efficiency_keys() {
  const ValueForm kernel = object(Section::kernel_efficiency);
  return {
      {"hidden_communication",
       {number(0, 1)},
       "0",
       "what of a collective the product beside it hides"},
      {"latent_attention", {kernel}, "fused_attention", "as fused, of queries wider than values"},
      {"latent_attention_gradient", {kernel}, "fused_attention_gradient", "its backward"},
      {"product", {kernel}, "the data sheet", "linear layers and convolutions, all three products"},
      {"grouped_product",
       {kernel},
       "the data sheet",
       "of many experts; the overhead is each expert's"},
      {"attention", {kernel}, "the data sheet", "batched products of attention"},
      {"fused_attention",
       {kernel},
       "the data sheet",
       "FLOPs of the whole square of scores: causal kernels reach more than 1"},
      {"fused_attention_gradient", {kernel}, "the data sheet", "its backward"},
      {"elementwise", {kernel}, "the data sheet", "all else: bytes alone"},
  };
}

std::vector<ConfigKey> kernel_efficiency_keys() {
  return {
      {"compute", {number(1e-6, 1e3)}, "1", "the part of the peak rate"},
      {"memory",
       {number(1e-6, 1e3)},
       "1",
       "the part of the memory bandwidth; above 1 where caches serve some bytes"},
      {"overhead", {time()}, "0", "of each kernel"},
  };
}

std::vector<ConfigKey> kernel_rates_keys() {
  const ValueForm axis = list_of(number(1, 1e18), 1);
  const ValueForm rates = list_of(list_of(list_of(compute_rate())));
  return {
      {"rows", {axis}, required, "samples, ascending"},
      {"weights", {axis}, required, "inputs × outputs, ascending"},
      {"working_set", {axis}, required, "bytes of weights worked through in turn, ascending"},
      {"forward", {rates}, required, "FLOP/s at [working_set][weights][rows]"},
      {"input_gradient", {rates}, required, "the same"},
      {"weight_gradient", {rates}, required, "the same"},
  };
}

}  // namespace

ConfigSection cluster_section(Section section) {
  switch (section) {
    case Section::cluster:
      return {.name = "cluster",
              .place = "cluster",
              .description = "The devices, and what joins them",
              .keys = cluster_keys()};
    case Section::device:
      return {.name = "device",
              .place = "cluster.device",
              .description = "A device; a device file holds the same",
              .keys = device_keys()};
    case Section::peak_rates:
      return {.name = "peak_rates",
              .place = "cluster.device.flops",
              .description = "Peak rates by precision",
              .keys = by_precision(compute_rate(), "of dense products in it")};
    case Section::efficiency:
      return {.name = "efficiency",
              .place = "cluster.device.efficiency",
              .description = "How near each kind of kernel gets to the data sheet",
              .keys = efficiency_keys()};
    case Section::kernel_efficiency:
      return {.name = "kernel_efficiency",
              .place = "cluster.device.efficiency.*",
              .description = "FLOPs / (peak · compute) + bytes / (bandwidth · memory) + overhead",
              .keys = kernel_efficiency_keys()};
    case Section::kernel_rates_by_precision:
      return {.name = "kernel_rates_by_precision",
              .place = "cluster.device.kernel_rates",
              .description = "Measured rates by precision",
              .keys = by_precision(object(Section::kernel_rates), "measured in it")};
    case Section::kernel_rates:
      return {.name = "kernel_rates",
              .place = "cluster.device.kernel_rates.*",
              .description = "FLOP/s of a linear layer's three products",
              .keys = kernel_rates_keys()};
    default:
      throw std::logic_error("no section of devices");
  }
}

}  // namespace pipesim
