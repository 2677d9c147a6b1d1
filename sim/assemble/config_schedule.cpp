#include "sim/assemble/config_schedule.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "schedules/check/lowering.hpp"
#include "schedules/core/deferred_weight_gradient.hpp"
#include "schedules/core/recompute.hpp"
#include "schedules/orders/catalog.hpp"
#include "sim/assemble/automatic_schedule.hpp"
#include "sim/assemble/file_schedule.hpp"

namespace pipesim {

namespace {

const KnownSchedule& known_schedule(const PipelineSettings& settings, const Source& source) {
  const KnownSchedule* known = find_schedule(settings.schedule);
  if (known != nullptr) return *known;
  throw source.error("/pipeline/schedule", "is not a known schedule", in_quotes(settings.schedule),
                     schedule_hint(settings.schedule));
}

// What the config gives under a key of the pipeline that a refusal names.
std::string value_of(std::string_view key, const PipelineShape& shape) {
  const int value = key == "stages"           ? shape.stages
                    : key == "virtual_stages" ? shape.virtual_stages
                    : key == "group_size"     ? shape.group_size
                                              : shape.micro_batches;
  return std::to_string(value);
}

void check_shape(const Config& config, const KnownSchedule& known) {
  const PipelineShape shape = shape_of(config);
  const std::optional<Refusal> refusal = refusal_of(known, shape);
  if (!refusal) return;
  throw config.source->error(fmt::format("/pipeline/{}", refusal->key), refusal->problem,
                             value_of(refusal->key, shape),
                             fmt::format("schedule {}: {}", known.name, refusal->hint));
}

// Both copies of a stage would have to cost the same, and be updated together.
void check_bidirectional(const Config& config) {
  if (!config.cluster.stragglers.empty()) {
    throw config.source->error("/cluster/stragglers",
                               "make devices differ: the schedule holds every stage on two",
                               fmt::format("{} of them", config.cluster.stragglers.size()),
                               "leave them out, or choose a schedule that goes one way");
  }
  if (config.cluster.kinds.size() > 1) {
    throw config.source->error("/cluster/device",
                               "must be one kind of device: the schedule holds every stage on two",
                               fmt::format("{} kinds", config.cluster.kinds.size()),
                               "give one device, or choose a schedule that goes one way");
  }
  if (config.training.deferred_weight_gradient) {
    throw config.source->error(
        "/training/weight_gradient",
        "fuses the update with a gradient that the stage's two copies have yet to sum",
        "\"deferred\"", "set it to \"accumulated\", or choose a schedule that goes one way");
  }
}

Schedule with_communication(const Config& config, Schedule schedule) {
  const Communication wanted = config.pipeline.communication;
  const bool written = contains(schedule, communicates);
  schedule.communication = wanted;
  if (wanted == Communication::overlapped) {
    return written ? without_communication(std::move(schedule)) : schedule;
  }
  if (written) return schedule;
  if (wanted == Communication::blocking) return receives_before_use(std::move(schedule));
  // An order that deadlocks by itself is lowered in the plain way, and then reported.
  std::optional<Schedule> matched = add_sends_and_receives(schedule);
  return matched ? *std::move(matched) : receives_before_use(std::move(schedule));
}

}  // namespace

int default_virtual_stages(PipelineSettings& settings, const Source& source) {
  if (settings.file != nullptr) return stages_on_a_row(*settings.file);
  const KnownSchedule& known = known_schedule(settings, source);
  settings.schedule = known.name;
  return known.virtual_stages;
}

PipelineShape shape_of(const Config& config) {
  return {.stages = config.pipeline.stages,
          .micro_batches = config.training.micro_batches,
          .virtual_stages = config.pipeline.virtual_stages,
          .group_size = config.pipeline.group_size};
}

Schedule schedule_before_costs(const Config& config) {
  if (config.pipeline.file != nullptr) {
    Schedule schedule = schedule_from_file(config);
    if (schedule.bidirectional()) check_bidirectional(config);
    return schedule;
  }
  const KnownSchedule& known = known_schedule(config.pipeline, *config.source);
  check_shape(config, known);
  if (known.bidirectional) check_bidirectional(config);
  if (config.pipeline.memory_limit && !known.automatic) {
    throw config.source->error(
        "/pipeline/memory_limit", fmt::format("schedule {} does not adapt to it", known.name),
        "a limit", "leave it out; a device's memory is set with cluster.device");
  }
  if (!known.automatic) return known.generate(shape_of(config));
  Schedule schedule{.name = std::string(known.name),
                    .micro_batches = config.training.micro_batches,
                    .placement = known.automatic->placement(shape_of(config))};
  schedule.lanes.resize(static_cast<std::size_t>(config.pipeline.stages));
  return schedule;
}

namespace {

// With all that a config's settings put into the lanes of its order.
Schedule with_settings(const Config& config, Schedule schedule, Recompute recompute) {
  if (!contains(schedule, recomputes)) {
    schedule = with_recompute(std::move(schedule), recompute, config.pipeline.lazy_recompute);
  }
  if (config.training.deferred_weight_gradient) {
    schedule = with_deferred_weight_gradient(std::move(schedule));
  }
  return with_communication(config, std::move(schedule));
}

}  // namespace

Schedule with_equal_loads(const Config& config, Schedule schedule) {
  const bool has_order =
      std::ranges::any_of(schedule.lanes, [](const auto& lane) { return !lane.empty(); });
  if (const KnownSchedule* automatic = automatic_of(config); automatic != nullptr && !has_order) {
    schedule = automatic_for_equal_stages(*automatic, shape_of(config));
  }
  return complete_schedule(config, std::move(schedule));
}

const KnownSchedule* automatic_of(const Config& config) {
  if (config.pipeline.file != nullptr) return nullptr;
  const KnownSchedule* known = find_schedule(config.pipeline.schedule);
  return known != nullptr && known->automatic ? known : nullptr;
}

bool is_automatic(const Config& config) {
  return automatic_of(config) != nullptr;
}

Schedule complete_schedule(const Config& config, Schedule schedule) {
  return with_settings(config, std::move(schedule), as_ops(config.pipeline.recompute));
}

std::optional<Ratio> bubble_formula_of(const Config& config, const StepCosts& costs) {
  const PipelineSettings& pipeline = config.pipeline;
  const KnownSchedule* known = find_schedule(pipeline.schedule);
  const bool has_form = pipeline.file == nullptr && known != nullptr && known->bubble != nullptr;
  if (!has_form || pipeline.communication == Communication::rendezvous) return std::nullopt;
  EqualStages equal{.shape = shape_of(config),
                    .recompute_setting = costs.recompute,
                    .lazy_recompute = pipeline.lazy_recompute,
                    .deferred_weight_gradient = config.training.deferred_weight_gradient};
  for (const StageCost& stage : costs.stages) {  // Sums serve as well as means.
    equal.forward = capped_sum(equal.forward, stage.forward);
    equal.backward = capped_sum(equal.backward, stage.backward);
    equal.backward_input = capped_sum(equal.backward_input, stage.backward_input);
    equal.backward_weight = capped_sum(equal.backward_weight, stage.backward_weight);
    equal.recompute = capped_sum(equal.recompute, stage.recompute);
    if (stage.overlapped) {
      equal.overlapped = capped_sum(equal.overlapped.value_or(Time{}), *stage.overlapped);
    }
  }
  return known->bubble(equal);
}

}  // namespace pipesim
