#include "sim/whatif/what_if.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "sim/assemble/config_schedule.hpp"

namespace pipesim {

namespace {

// The config read again, as the command line would with these settings, too.
Config read_again(const Config& config, const Settings& settings) {
  const Document document = with_settings({.root = config.text, .source = config.source}, settings);
  const bool same_model = std::ranges::none_of(
      settings, [](const std::string& setting) { return setting.starts_with("model"); });
  return same_model ? read_config_like(document, default_virtual_stages, config)
                    : read_config(document, default_virtual_stages);
}

}  // namespace

Variant read_variant(const Config& config, Variant variant) {
  if (!variant.reason.empty()) variant.settings.clear();
  variant.as_given = variant.settings.empty() && variant.reason.empty();
  if (variant.as_given) variant.config = config;
  if (variant.settings.empty()) return variant;
  try {
    variant.config = read_again(config, variant.settings);
  } catch (const InputError& error) {
    variant.reason = error.reason();
  }
  return variant;
}

void append(Settings& settings, Settings more) {
  std::ranges::move(more, std::back_inserter(settings));
}

void stages_in(const Config& config, std::int64_t stages, Settings& settings) {
  settings.push_back(setting("pipeline.stages", stages));
  if (config.pipeline.partition == PartitionKind::listed) {
    settings.emplace_back("pipeline.partition=uniform");
  }
}

void micro_batches_in(const Config& config, std::int64_t samples, std::int64_t micro_batches,
                      Settings& settings) {
  const PipelineSettings& pipeline = config.pipeline;
  if (!pipeline.micro_batch_size) {
    return settings.push_back(setting("pipeline.micro_batches", micro_batches));
  }
  if (pipeline.micro_batches) settings.emplace_back("pipeline.micro_batches=null");
  settings.push_back(setting("pipeline.micro_batch_size", samples / micro_batches));
}

}  // namespace pipesim
