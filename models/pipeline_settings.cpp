#include "models/pipeline_settings.hpp"

#include <fmt/format.h>

#include <numeric>

namespace pipesim {

namespace {

void read_partition(const Field& field, PipelineSettings& settings) {
  settings.partition_given = true;
  if (field.is_list()) {
    settings.partition = PartitionKind::listed;
    for (const Field& item : field.items()) settings.layer_counts.push_back(item.count());
    if (static_cast<int>(settings.layer_counts.size()) != settings.all_stages()) {
      throw field.error(
          fmt::format("must have one entry for each of the {} stages", settings.all_stages()),
          fmt::format("this list has {}", settings.layer_counts.size()));
    }
    return;
  }
  if (!field.is_text()) throw field.wrong_type("a partition's name or a list of layer counts");
  const std::string name = field.choice("partitions", {"uniform", "balanced", "memory"});
  settings.partition = name == "balanced" ? PartitionKind::balanced
                       : name == "memory" ? PartitionKind::memory
                                          : PartitionKind::uniform;
}

Recompute read_recompute(const Field& field) {
  const std::string name = field.choice("settings", {"none", "full", "except_last", "selective"});
  if (name == "selective") {
    throw field.error("selects the attention of a transformer, which this model has not",
                      "choose \"none\", \"full\" or \"except_last\"");
  }
  return name == "full"          ? Recompute::full
         : name == "except_last" ? Recompute::except_last
                                 : Recompute::none;
}

}  // namespace

PipelineSettings read_pipeline(const Field& field) {
  field.allow_keys({"schedule", "stages", "micro_batches", "micro_batch_size", "partition",
                    "recompute", "recompute_placement", "virtual_stages", "memory_limit"});
  PipelineSettings settings;
  settings.stages = field.at("stages", "the number of pipeline stages, such as 4").count(1 << 24);
  if (const auto schedule = field.find("schedule")) settings.schedule = schedule->text();
  if (const auto count = field.find("virtual_stages")) {
    settings.virtual_stages = count->count(1 << 6);
    if (settings.virtual_stages != 1) {
      throw count->error(
          fmt::format("schedule {} runs one stage on each device", settings.schedule),
          "set virtual_stages to 1, or leave it out");
    }
  }
  if (const auto count = field.find("micro_batches")) settings.micro_batches = count->count();
  if (const auto size = field.find("micro_batch_size")) settings.micro_batch_size = size->count();
  if (!settings.micro_batches && !settings.micro_batch_size) {
    settings.micro_batches = field.at("micro_batches", "give it, or micro_batch_size").count();
  }
  if (const auto partition = field.find("partition")) read_partition(*partition, settings);
  if (const auto recompute = field.find("recompute"))
    settings.recompute = read_recompute(*recompute);
  if (const auto placement = field.find("recompute_placement")) {
    settings.lazy_recompute = placement->choice("placements", {"eager", "lazy"}) == "lazy";
  }
  if (const auto limit = field.find("memory_limit")) {
    throw limit->error(
        fmt::format("schedule {} does not adapt to a memory limit", settings.schedule),
        "leave it out; a device's memory is set with cluster.device");
  }
  return settings;
}

std::string_view name_of(Recompute recompute) {
  switch (recompute) {
    case Recompute::none:
      return "none";
    case Recompute::full:
      return "full";
    case Recompute::except_last:
      return "except_last";
  }
  return "";
}

}  // namespace pipesim
