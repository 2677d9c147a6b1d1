#pragma once

#include <string>
#include <vector>

namespace pipesim {

/// What `--set` can give a value: a key by its path, "pipeline.schedule".
struct Setting {
  std::string path{};
  std::string description{};
  std::vector<std::string> values{};  ///< Those that have names; others may be given, too.
};

/// The keys of a config's sections, those of all kinds of models among them, each once.
std::vector<Setting> config_settings();

}  // namespace pipesim
