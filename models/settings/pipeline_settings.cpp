#include "models/settings/pipeline_settings.hpp"

#include <fmt/format.h>

#include <charconv>

#include "models/base/text_file.hpp"
#include "models/keys/config_keys.hpp"

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
  settings.partition = static_cast<PartitionKind>(field.pick("partitions", partition_choices));
}

void read_ends(const Field& field, PipelineSettings& settings) {
  const auto read = [&](std::string_view key) -> std::optional<int> {
    const auto layers = field.find(key);
    if (!layers) return std::nullopt;
    if (settings.partition_given) {
      throw layers->error("stands beside partition", "give only one of the two");
    }
    const int count = layers->count();
    if (count % settings.virtual_stages != 0) {
      throw layers->error(
          fmt::format("does not divide among the device's {} stages", settings.virtual_stages),
          "give a multiple of it");
    }
    return count;
  };
  settings.first_layers = read("num_layers_in_first_pipeline_stage");
  settings.last_layers = read("num_layers_in_last_pipeline_stage");
}

std::shared_ptr<const ScheduleFile> read_schedule_file(const Field& field) {
  const std::string path = path_named_by(field);
  return std::make_shared<const ScheduleFile>(ScheduleFile{
      .name = path,
      .text = read_text_file(path, path, "give the path of a schedule in PyTorch's CSV format")});
}

void read_virtual_stages(const Field& field, const DefaultVirtualStages& default_stages,
                         PipelineSettings& settings) {
  constexpr int most_stages = 1 << 24;
  const auto count = field.find("virtual_stages");
  settings.virtual_stages_given = count.has_value();
  if (default_stages && (!count || settings.file == nullptr)) {
    settings.virtual_stages = default_stages(settings, *field.source());
  }
  if (count) settings.virtual_stages = count->count(1 << 16);
  if (std::int64_t{settings.stages} * settings.virtual_stages > most_stages) {
    throw(count ? *count : field.at("stages", ""))
        .error(fmt::format("makes {} stages of {} on each of {} devices",
                           std::int64_t{settings.stages} * settings.virtual_stages,
                           settings.virtual_stages, settings.stages),
               fmt::format("{} stages are the most", most_stages));
  }
}

// Bytes, or "8 micro-batches".
MemoryLimit read_limit(const Field& field) {
  constexpr std::string_view unit = "micro-batches";
  if (!field.is_text() || !field.text().ends_with(unit)) return {.bytes = field.bytes()};
  const std::string text = field.text();
  const std::string_view digits(text.data(), text.size() - unit.size());
  double count = 0;
  const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  const bool whole = std::string_view(rest, digits.data() + digits.size()).find_first_not_of(' ') ==
                     std::string_view::npos;
  if (error != std::errc{} || !whole || !(count > 0) || count > 1e9) {
    throw field.error("must be a size or a number of micro-batches",
                      R"(such as "16 GiB" or "8 micro-batches")");
  }
  return {.micro_batches = count};
}

}  // namespace

std::string_view name_of(Communication communication) {
  return communication_choices[static_cast<std::size_t>(communication)].name;
}

PipelineSettings read_pipeline(const Field& field, const DefaultVirtualStages& default_stages) {
  field.allow_keys(keys_of(Section::pipeline));
  PipelineSettings settings;
  settings.stages = field.at("stages", "the number of pipeline stages, such as 4").count(1 << 24);
  if (const auto schedule = field.find("schedule")) settings.schedule = schedule->text();
  if (const auto file = field.find("schedule_file")) settings.file = read_schedule_file(*file);
  read_virtual_stages(field, default_stages, settings);
  if (const auto size = field.find("group_size")) settings.group_size = size->count();
  if (const auto how = field.find("communication")) {
    settings.communication = static_cast<Communication>(how->pick("ways", communication_choices));
  }
  if (const auto limit = field.find("memory_limit")) settings.memory_limit = read_limit(*limit);
  if (const auto count = field.find("micro_batches")) settings.micro_batches = count->count();
  if (const auto size = field.find("micro_batch_size")) settings.micro_batch_size = size->count();
  if (!settings.micro_batches && !settings.micro_batch_size) {
    settings.micro_batches = field.at("micro_batches", "give it, or micro_batch_size").count();
  }
  if (const auto partition = field.find("partition")) read_partition(*partition, settings);
  read_ends(field, settings);
  if (const auto recompute = field.find("recompute")) {
    settings.recompute = static_cast<Recompute>(recompute->pick("settings", recompute_choices));
  }
  if (const auto placement = field.find("recompute_placement")) {
    settings.lazy_recompute = placement->pick("placements", recompute_placement_choices) == 1;
  }
  return settings;
}

std::string_view name_of(Recompute recompute) {
  return recompute_choices[static_cast<std::size_t>(recompute)].name;
}

}  // namespace pipesim
