#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/base/json_field.hpp"
#include "models/keys/config_keys.hpp"

namespace pipesim {

/// An object of the config, and all keys that it may have.
struct Place {
  std::string_view path;  ///< Empty: the config itself.
  std::vector<std::string> keys;
};

/// The sections whose keys a model of its kind has; none where the kind is not known.
std::vector<Section> sections_of_model(const Field& model);

/// Their keys, and what else these are called.
std::vector<std::string> keys_of_all(const std::vector<Section>& sections);

/// The objects of a config; a device file has none of them.
std::vector<Place> main_places(const Field& root, Section section);

/// "pipeline.micro_batches"; empty: it belongs in none of these.
std::string place_in(const std::vector<Place>& places, std::string_view key);

/// What an unknown key was probably meant to be, with its section; `near` is the nearest key of the
/// section that it stands in. Empty: nothing is near.
std::string meant(const std::vector<Place>& places, const std::string& key,
                  const std::string& near);

}  // namespace pipesim
