#include "models/misplaced_key.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "models/config.hpp"
#include "models/config_keys.hpp"

namespace pipesim {

namespace {

/// An object of the config, and all keys that it may have.
struct Place {
  std::string_view path;  ///< Empty: the config itself.
  std::vector<std::string> keys;
};

bool has_key(const std::vector<std::string>& keys, const std::string& key) {
  return std::ranges::find(keys, key) != keys.end();
}

// Those of its kind; none where the kind is not known.
std::vector<std::string> model_keys(const Field& config) {
  const auto model = config.find("model");
  const auto kind = model && model->is_object() ? model->find("kind") : std::nullopt;
  if (!kind || !kind->is_text()) return {};
  std::vector<std::string> keys;
  for (const ModelKind& known : known_model_kinds()) {
    if (known.name != kind->text()) continue;
    keys = keys_of(Section::model);
    for (const Section part : known.sections) {
      keys.insert(keys.end(), keys_of(part).begin(), keys_of(part).end());
    }
  }
  return keys;
}

std::vector<Place> main_places(const Field& config) {
  return {{"", keys_of(Section::config)},
          {"pipeline", keys_of(Section::pipeline)},
          {"training", keys_of(Section::training)},
          {"cluster", keys_of(Section::cluster)},
          {"model", model_keys(config)}};
}

// "pipeline.micro_batches"; empty: it belongs in none of these.
std::string place_in(const std::vector<Place>& places, const std::string& key) {
  for (const Place& place : places) {
    if (!has_key(place.keys, key)) continue;
    return place.path.empty() ? key : fmt::format("{}.{}", place.path, key);
  }
  return "";
}

// "cluster.device.memory"
std::string place_in_cluster(const std::string& key) {
  for (const Section part : {Section::device, Section::interconnect, Section::nodes,
                             Section::topology, Section::efficiency}) {
    if (has_key(keys_of(part), key)) return fmt::format("{}.{}", describe(part).place, key);
  }
  return "";
}

void check_place(const Place& place, const Field& section, const std::vector<Place>& places) {
  if (place.keys.empty() || !section.is_object()) return;
  for (const auto& [key, field] : section.entries()) {
    if (has_key(place.keys, key)) continue;
    std::string meant = place_in(places, key);
    if (meant.empty() && closest(key, place.keys).empty()) meant = place_in_cluster(key);
    if (meant.empty()) continue;
    throw field.error("is not a known key", fmt::format("did you mean \"{}\"? known here: {}",
                                                        meant, fmt::join(place.keys, ", ")));
  }
}

}  // namespace

void check_places(const Field& config) {
  if (!config.is_object()) return;
  const std::vector<Place> places = main_places(config);
  for (const Place& place : places) {
    if (place.path.empty()) {
      check_place(place, config, places);
    } else if (const auto section = config.find(place.path)) {
      check_place(place, *section, places);
    }
  }
}

}  // namespace pipesim
