#include "sim/assemble/file_schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "models/base/input_error.hpp"
#include "models/base/quoted_text.hpp"
#include "schedules/check/check_schedule.hpp"
#include "schedules/core/recompute.hpp"
#include "schedules/csv/schedule_csv.hpp"

namespace pipesim {

namespace {

bool is_standard_input(const ScheduleFile& file) {
  return file.name == "-";
}

// The file's name, of which reports carry only what needs no quoting anywhere.
std::string name_from(const ScheduleFile& file) {
  if (is_standard_input(file)) return "stdin";
  std::string name = std::filesystem::path(file.name).stem().string();
  for (char& c : name) {
    const bool plain = c > ' ' && c <= '~' && c != '"' && c != '\\' && c != '<' && c != '&';
    if (!plain) c = '_';
  }
  return name;
}

struct ParsedFile {
  std::string name{};  // For errors.
  ScheduleCells cells{};
  Schedule schedule{};
};

ParsedFile parse(const ScheduleFile& file) {
  ParsedFile parsed{.name = is_standard_input(file) ? "<stdin>" : abridged(file.name)};
  parsed.cells = read_schedule_cells(file.text, parsed.name);
  parsed.schedule = schedule_from(parsed.cells, parsed.name);
  parsed.schedule.name = name_from(file);
  return parsed;
}

void check_shape(const Config& config, const ParsedFile& file) {
  const PipelineSettings& pipeline = config.pipeline;
  const Schedule& schedule = file.schedule;
  const auto refuse = [&](std::string_view key, std::string_view what, int got, int needed) {
    return config.source->error(
        fmt::format("/pipeline/{}", key),
        fmt::format("must be {}, the number of {} in {}", needed, what, file.name),
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
  throw InputError(fmt::format("{}: must hold a multiple of its {} rows in stages, got {}",
                               file.name, schedule.devices(), schedule.stages()),
                   "a config states one number of stages for all devices, pipeline.virtual_stages");
}

// What an op holds and takes follows from the config, which therefore has to say so.
void check_settings(const Config& config, const ParsedFile& file) {
  if (as_ops(config.pipeline.recompute) == Recompute::none && contains(file.schedule, recomputes)) {
    throw config.source->error("/pipeline/recompute",
                               fmt::format("must be set: {} re-computes", file.name), "\"none\"",
                               "--set pipeline.recompute=full");
  }
  const bool deferred = std::ranges::any_of(file.schedule.lanes, [](const std::vector<Op>& lane) {
    return std::ranges::any_of(lane, is_deferred);
  });
  if (deferred && !config.training.deferred_weight_gradient) {
    throw config.source->error(
        "/training/weight_gradient",
        fmt::format("must be \"deferred\": {} has a W of the whole mini-batch", file.name),
        "\"accumulated\"", "--set training.weight_gradient=deferred");
  }
}

// Where some activations are computed again, all those are that F does not keep. Goes by the order
// that check_schedule has found sound.
void check_recompute(const Config& config, const ParsedFile& file) {
  const Schedule& schedule = file.schedule;
  if (!contains(schedule, recomputes)) return;
  const int kept = kept_micro_batch(as_ops(config.pipeline.recompute), schedule.micro_batches);
  std::set<std::pair<int, int>> again;  // Stages and micro-batches between R and backward.
  for (int device = 0; device < schedule.devices(); ++device) {
    const std::vector<Op>& lane = schedule.lanes[static_cast<std::size_t>(device)];
    for (std::size_t slot = 0; slot < lane.size(); ++slot) {
      const Op& op = lane[slot];
      if (recomputes(op.kind)) again.emplace(op.stage, op.micro_batch);
      if (!sends_gradient(op.kind)) continue;
      const bool has = again.erase({op.stage, op.micro_batch}) > 0;
      if (has == (op.micro_batch != kept)) continue;
      throw InputError(
          fmt::format("{}: {}, got {}", place_of(file.cells, file.name, device, slot),
                      has ? "needs no R: all activations of the last micro-batch are kept"
                          : "needs an R before it, as others have",
                      pipesim::in_quotes(csv_token(op))),
          fmt::format("pipeline.recompute is \"{}\"; a file without any R gets them by itself",
                      name_of(config.pipeline.recompute)));
    }
  }
}

}  // namespace

int stages_on_a_row(const ScheduleFile& file) {
  const Schedule schedule = parse(file).schedule;
  return std::max(1, schedule.stages() / std::max(1, schedule.devices()));
}

Schedule schedule_from_file(const Config& config) {
  ParsedFile file = parse(*config.pipeline.file);
  check_shape(config, file);
  check_settings(config, file);
  // Checked as it is written, so that an error names the place in the file. Sends and receives
  // count, whatever becomes of them later.
  Schedule& schedule = file.schedule;
  schedule.lazy_recompute = config.pipeline.lazy_recompute;
  if (contains(schedule, communicates)) schedule.communication = Communication::blocking;
  check_schedule(schedule, [&](int device, std::size_t slot) {
    return place_of(file.cells, file.name, device, slot);
  });
  check_recompute(config, file);
  return std::move(schedule);
}

}  // namespace pipesim
