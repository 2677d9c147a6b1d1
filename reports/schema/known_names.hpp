#pragma once

#include <string>
#include <vector>

#include "models/keys/config_keys.hpp"

namespace pipesim {

/// What a config can call by name, with what it is in a line.
struct KnownName {
  std::string name{};
  std::string description{};
  std::vector<std::string> aliases{};  ///< What others call it; a config may, too.
};
std::vector<KnownName> known_names(NameList list);

}  // namespace pipesim
