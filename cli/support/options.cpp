#include "cli/support/options.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "models/base/input_error.hpp"
#include "models/settings/settings.hpp"
#include "sim/assemble/config_schedule.hpp"

namespace pipesim::cli {

void add_config_options(Command& command, ConfigOptions& options) {
  command.options.push_back({.name = "CONFIG",
                             .into = &options.path,
                             .description = "The config, a JSON file; - reads standard input"});
  command.options.push_back(
      {.name = "--set",
       .into = &options.settings,
       .description =
           "Override a value of the config, such as pipeline.micro_batches=16; repeatable",
       .value = "KEY=VALUE",
       .once_each = true});
  command.options.push_back(
      {.name = "--schedule-file",
       .into = &options.schedule_file,
       .description =
           "Run the schedule in this file, in PyTorch's CSV format, instead of the config's",
       .value = "FILE"});
  command.on_order = [&options](const std::vector<std::string>& names) {
    const auto file = std::ranges::find(names, "--schedule-file");
    options.before_file = std::count(names.begin(), file, "--set");
  };
}

Config load(const ConfigOptions& options) {
  if (options.path == "-" && options.schedule_file == "-") {
    throw InputError(
        "--schedule-file: /: must not be the standard input, where the config is, got -",
        "give one of the two as a file");
  }
  Settings settings = options.settings;
  if (options.schedule_file) {
    constexpr auto replace = nlohmann::json::error_handler_t::replace;
    settings.insert(settings.begin() + options.before_file,
                    "pipeline.schedule_file=" +
                        nlohmann::json(*options.schedule_file).dump(-1, ' ', true, replace));
  }
  return read_config(read_with_settings(options.path, settings), default_virtual_stages);
}

}  // namespace pipesim::cli
