#include "models/keys/key_places.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/base/key_synonyms.hpp"
#include "models/keys/model_kinds.hpp"

namespace pipesim {

namespace {

bool has_key(const std::vector<std::string>& keys, std::string_view key) {
  return std::ranges::find(keys, key) != keys.end();
}

// "cluster.device.memory"
std::string place_in_cluster(const std::vector<Place>& places, std::string_view key) {
  if (places.empty()) return "";
  for (const Section part : {Section::device, Section::interconnect, Section::nodes,
                             Section::topology, Section::efficiency}) {
    if (has_key(keys_of(part), key)) return fmt::format("{}.{}", describe(part).place, key);
  }
  return "";
}

}  // namespace

std::vector<Section> sections_of_model(const Field& model) {
  const auto kind = model.is_object() ? model.find("kind") : std::nullopt;
  if (!kind || !kind->is_text()) return {};
  for (const ModelKind& known : known_model_kinds()) {
    if (known.name != kind->text()) continue;
    std::vector<Section> sections{Section::model};
    sections.insert(sections.end(), known.sections.begin(), known.sections.end());
    return sections;
  }
  return {};
}

std::vector<std::string> keys_of_all(const std::vector<Section>& sections) {
  std::vector<std::string> keys;
  for (const Section section : sections) {
    keys.insert(keys.end(), keys_of(section).begin(), keys_of(section).end());
  }
  return keys;
}

std::vector<Place> main_places(const Field& root, Section section) {
  if (section != Section::config || !root.is_object()) return {};
  const auto model = root.find("model");
  return {{"", keys_of(Section::config)},
          {"pipeline", keys_of(Section::pipeline)},
          {"training", keys_of(Section::training)},
          {"cluster", keys_of(Section::cluster)},
          {"model", model ? keys_of_all(sections_of_model(*model)) : std::vector<std::string>{}}};
}

std::string place_in(const std::vector<Place>& places, std::string_view key) {
  for (const Place& place : places) {
    if (!has_key(place.keys, key)) continue;
    return place.path.empty() ? std::string(key) : fmt::format("{}.{}", place.path, key);
  }
  return "";
}

namespace {

std::string place_of_meaning(const std::vector<Place>& places, std::string_view key) {
  for (const std::string_view meaning : keys_meant_by(key)) {
    std::string place = place_in(places, meaning);
    if (place.empty()) place = place_in_cluster(places, meaning);
    if (!place.empty()) return place;
  }
  return "";
}

}  // namespace

std::string meant(const std::vector<Place>& places, const std::string& key,
                  const std::string& near) {
  std::string place = place_in(places, key);
  if (place.empty()) place = near;
  if (place.empty()) place = place_in_cluster(places, key);
  if (place.empty()) place = place_of_meaning(places, key);
  return place;
}

}  // namespace pipesim
