#include "cli/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "models/input_error.hpp"
#include "models/settings.hpp"
#include "sim/config_schedule.hpp"

namespace pipesim::cli {

void add_config_options(CLI::App& command, ConfigOptions& options) {
  command.add_option("CONFIG", options.path, "The config, a JSON file; - reads standard input")
      ->required();
  const CLI::Option* set =
      command
          .add_option(
              "--set", options.settings,
              "Override a value of the config, such as pipeline.micro_batches=16; repeatable")
          ->type_name("KEY=VALUE")
          ->allow_extra_args(false);
  const CLI::Option* file =
      command
          .add_option(
              "--schedule-file", options.schedule_file,
              "Run the schedule in this file, in PyTorch's CSV format, instead of the config's")
          ->type_name("FILE");
  command.parse_complete_callback([&command, &options, set, file] {
    const std::vector<CLI::Option*>& order = command.parse_order();
    options.before_file = std::count(order.begin(), std::ranges::find(order, file), set);
  });
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
