#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "models/config/config.hpp"
#include "models/settings/settings.hpp"

namespace pipesim {

/// The same model run another way: what settings make of a config. They go the way that `--set`
/// takes, so that who follows them gets the same.
struct Variant {
  std::string name{};   ///< "1f1b", or "data parallel".
  Settings settings{};  ///< Added to those that the config was read with.
  bool as_given =
      false;  ///< The config as it is; no settings then. Others without can't be asked for.
  // What they ask for.
  int virtual_stages = 1;
  Recompute recompute = Recompute::none;
  bool deferred_weight_gradient = false;
  Config config{};       ///< As it is read with them; empty where that is refused.
  std::string reason{};  ///< Why it cannot be run; empty when it can.
};

/// "KEY=VALUE".
template <class Value>
std::string setting(std::string_view key, const Value& value) {
  return fmt::format("{}={}", key, value);
}

void append(Settings& settings, Settings more);

/// Reads a variant's settings beside those of the config, as the command line would; without any it
/// is the config as it is. What is refused is its reason, where it has none yet.
Variant read_variant(const Config& config, Variant variant);

/// Settings for that many stages; a list of layer counts is of its own number.
void stages_in(const Config& config, std::int64_t stages, Settings& settings);

/// Settings that divide so many samples into micro-batches, by number or by size, as the config has
/// it.
void micro_batches_in(const Config& config, std::int64_t samples, std::int64_t micro_batches,
                      Settings& settings);

}  // namespace pipesim
