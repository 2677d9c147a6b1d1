#include "cli/options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "models/input_error.hpp"
#include "sim/config_schedule.hpp"

namespace pipesim::cli {

void add_config_options(CLI::App& command, ConfigOptions& options) {
  command.add_option("CONFIG", options.path, "The config, a JSON file; - reads standard input")
      ->required();
  command
      .add_option("--set", options.settings,
                  "Override a value of the config, such as pipeline.micro_batches=16; repeatable")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command
      .add_option("--schedule-file", options.schedule_file,
                  "Run the schedule in this file, in PyTorch's CSV format, instead of the config's")
      ->type_name("FILE");
}

namespace {

// What is set stands instead of what the config's file has of its other.
struct Alternatives {
  std::string_view set{};
  std::string_view other{};
};
constexpr Alternatives alternatives[] = {
    {"pipeline.micro_batches", "pipeline.micro_batch_size"},
    {"pipeline.micro_batch_size", "pipeline.micro_batches"},
    {"pipeline.schedule", "pipeline.schedule_file"},
};

std::vector<std::string> replaced_by(const std::vector<std::string>& settings) {
  const auto sets = [&](std::string_view key) {
    return std::ranges::any_of(settings, [&](std::string_view setting) {
      return setting.starts_with(key) && setting.substr(key.size()).starts_with("=");
    });
  };
  std::vector<std::string> others;
  for (const auto& [set, other] : alternatives) {
    if (sets(set)) others.emplace_back(other);
  }
  return others;
}

}  // namespace

Config load(const ConfigOptions& options) {
  if (options.path == "-" && options.schedule_file == "-") {
    throw InputError(
        "--schedule-file: /: must not be the standard input, where the config is, got -",
        "give one of the two as a file");
  }
  std::vector<std::string> settings = options.settings;
  if (options.schedule_file) {
    constexpr auto replace = nlohmann::json::error_handler_t::replace;
    settings.push_back("pipeline.schedule_file=" +
                       nlohmann::json(*options.schedule_file).dump(-1, ' ', true, replace));
  }
  return read_config(read_document(options.path, settings, replaced_by(settings)),
                     default_virtual_stages);
}

}  // namespace pipesim::cli
