#include "models/keys/config_keys.hpp"

#include <array>
#include <stdexcept>

#include "models/keys/config_key_forms.hpp"

namespace pipesim {

namespace {

ConfigSection config_section() {
  using namespace form;
  return {
      .name = "config",
      .description = "A config: which model, on which devices, in which pipeline",
      .keys = {
          {"$schema", {text()}, "", "for editors; ignored"},
          {"name", {text()}, "the file's name", "what reports call it"},
          {"model", {{.kind = Kind::model}}, required, "what is trained"},
          {"cluster", {object(Section::cluster)}, "", "the devices and what joins them"},
          {"pipeline", {object(Section::pipeline)}, required, "how the model is cut and run"},
          {"training", {object(Section::training)}, "", "batch, optimizer, precision, replicas"},
      }};
}

ConfigSection section_of(Section section) {
  switch (section) {
    case Section::config:
      return config_section();
    case Section::model:
    case Section::stage_costs:
    case Section::mlp:
    case Section::amoebanet_d:
    case Section::layer_list:
    case Section::layer:
    case Section::profile:
      return model_section(section);
    case Section::transformer:
    case Section::latent_attention:
    case Section::mixture_of_experts:
      return transformer_section(section);
    case Section::cluster:
    case Section::device:
    case Section::peak_rates:
    case Section::efficiency:
    case Section::kernel_efficiency:
    case Section::kernel_rates_by_precision:
    case Section::kernel_rates:
      return cluster_section(section);
    case Section::interconnect:
    case Section::collective_efficiency:
    case Section::collective_latency:
    case Section::nodes:
    case Section::topology:
    case Section::topology_link:
      return network_section(section);
    case Section::pipeline:
      return pipeline_section();
    case Section::training:
      return training_section();
  }
  throw std::logic_error("a section without a table");
}

template <class Entry>
using BySection = std::array<Entry, section_count>;

}  // namespace

const ConfigSection& describe(Section section) {
  static const auto table = [] {
    BySection<ConfigSection> all;
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = section_of(static_cast<Section>(i));
    return all;
  }();
  return table[static_cast<std::size_t>(section)];
}

const std::vector<std::string>& keys_of(Section section) {
  static const auto names = [] {
    BySection<std::vector<std::string>> all;
    for (std::size_t i = 0; i < all.size(); ++i) {
      for (const ConfigKey& key : describe(static_cast<Section>(i)).keys) {
        all[i].emplace_back(key.name);
        all[i].insert(all[i].end(), key.aliases.begin(), key.aliases.end());
      }
    }
    return all;
  }();
  return names[static_cast<std::size_t>(section)];
}

std::vector<std::string> keys_of(std::initializer_list<Section> parts) {
  std::vector<std::string> names;
  for (const Section part : parts) {
    names.insert(names.end(), keys_of(part).begin(), keys_of(part).end());
  }
  return names;
}

}  // namespace pipesim
