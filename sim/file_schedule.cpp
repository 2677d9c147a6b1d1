#include "sim/file_schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "schedules/check_schedule.hpp"
#include "schedules/schedule_csv.hpp"

namespace pipesim {

namespace {

struct ParsedFile {
  ScheduleCells cells{};
  Schedule schedule{};
};

// The file's name, of which reports carry only what needs no quoting anywhere.
std::string name_from(const ScheduleFile& file) {
  std::string name = std::filesystem::path(file.name).stem().string();
  for (char& c : name) {
    const bool plain = c > ' ' && c <= '~' && c != '"' && c != '\\' && c != '<' && c != '&';
    if (!plain) c = '_';
  }
  return name;
}

ParsedFile parse(const ScheduleFile& file) {
  ParsedFile parsed{.cells = read_schedule_cells(file.text, file.name)};
  parsed.schedule = schedule_from(parsed.cells, file.name);
  parsed.schedule.name = name_from(file);
  return parsed;
}

void check_file_fits(const Config& config, const Schedule& schedule) {
  const PipelineSettings& pipeline = config.pipeline;
  const auto refuse = [&](std::string_view key, std::string_view what, int got, int needed) {
    return config.source->error(
        fmt::format("/pipeline/{}", key),
        fmt::format("must be {}, the number of {} in {}", needed, what, pipeline.file->name),
        std::to_string(got), fmt::format("--set pipeline.{}={}", key, needed));
  };
  if (schedule.devices() != pipeline.stages) {
    throw refuse("stages", "rows", pipeline.stages, schedule.devices());
  }
  if (schedule.micro_batches != config.training.micro_batches) {
    throw refuse("micro_batches", "micro-batches", config.training.micro_batches,
                 schedule.micro_batches);
  }
  if (schedule.stages() == pipeline.all_stages()) return;
  if (schedule.stages() % schedule.devices() == 0) {
    throw refuse("virtual_stages", "stages on a row", pipeline.virtual_stages,
                 schedule.stages() / schedule.devices());
  }
  throw config.source->error(
      "/pipeline/stages",
      fmt::format("must divide the {} stages in {}", schedule.stages(), pipeline.file->name),
      std::to_string(pipeline.stages), "every device holds the same number of stages");
}

}  // namespace

int stages_on_a_row(const ScheduleFile& file) {
  const Schedule schedule = parse(file).schedule;
  return std::max(1, schedule.stages() / std::max(1, schedule.devices()));
}

Schedule schedule_from_file(const Config& config) {
  ParsedFile parsed = parse(*config.pipeline.file);
  Schedule& schedule = parsed.schedule;
  check_file_fits(config, schedule);
  if (contains(schedule, recomputes) && config.pipeline.recompute == Recompute::none) {
    throw config.source->error(
        "/pipeline/recompute",
        fmt::format("must be set: {} re-computes", config.pipeline.file->name), "\"none\"",
        "--set pipeline.recompute=full");
  }
  // As written, so that an error names the place; sends and receives count whatever is made of
  // them.
  schedule.lazy_recompute = config.pipeline.lazy_recompute;
  if (contains(schedule, communicates)) schedule.communication = Communication::blocking;
  check_schedule(schedule, [&](int device, std::size_t slot) {
    return place_of(parsed.cells, config.pipeline.file->name, device, slot);
  });
  return std::move(schedule);
}

}  // namespace pipesim
