#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/support/grammar.hpp"
#include "models/config/config.hpp"

namespace pipesim::cli {

/// The config that a command works on.
struct ConfigOptions {
  std::string path{};
  std::vector<std::string> settings{};         ///< KEY=VALUE
  std::optional<std::string> schedule_file{};  ///< Instead of the config's schedule.
  std::ptrdiff_t before_file = 0;              ///< How many of the settings stand before it.
};
/// CONFIG, --set and --schedule-file.
void add_config_options(Command& command, ConfigOptions& options);

/// Reads the config with its settings. Throws InputError.
Config load(const ConfigOptions& options);

}  // namespace pipesim::cli
