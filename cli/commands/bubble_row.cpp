#include "cli/commands/bubble_row.hpp"

#include <fmt/format.h>

#include <memory>

#include "reports/text/number_text.hpp"
#include "schedules/orders/catalog.hpp"
#include "sim/assemble/assemble.hpp"
#include "sim/step/run.hpp"

namespace pipesim::cli {

namespace {

// A whole backward is as long as its two parts.
constexpr EqualStages unit_stages{
    .forward = 1_ns, .backward = 2_ns, .backward_input = 1_ns, .backward_weight = 1_ns};

GivenStages unit_costs() {
  GivenStages unit;
  unit.forward = {.values = {unit_stages.forward}};
  unit.backward = {.values = {unit_stages.backward}};
  unit.backward_input = {.values = {unit_stages.backward_input}};
  unit.backward_weight = {.values = {unit_stages.backward_weight}};
  return unit;
}

}  // namespace

std::optional<BubbleRow> bubble_row(const std::string& schedule, PipelineShape shape) {
  const KnownSchedule& known = *find_schedule(schedule);
  shape.virtual_stages = known.virtual_stages;
  if (known.bubble == nullptr || refusal_of(known, shape)) return std::nullopt;
  Config config{.name = "validate"};
  config.model = unit_costs();
  config.pipeline.schedule = schedule;
  config.pipeline.stages = shape.stages;
  config.pipeline.virtual_stages = shape.virtual_stages;
  config.training.micro_batches = shape.micro_batches;
  config.training.batch_size = shape.micro_batches;
  config.cluster.devices = shape.stages;
  config.cluster.kinds = {Device{.name = "unit"}};
  config.source = std::make_shared<Source>(Source{.file = "validate"});
  const Experiment experiment = assemble(std::move(config));
  if (!experiment.bubble_formula) return std::nullopt;
  const Run run = simulate(experiment, {.timeline = false, .breakdown = false});
  return BubbleRow{.schedule = schedule,
                   .shape = shape,
                   .formula = *experiment.bubble_formula,
                   .simulated = run.metrics.bubble_fraction};
}

std::optional<Ratio> bubble_by_formula(const std::string& schedule, PipelineShape shape) {
  const KnownSchedule& known = *find_schedule(schedule);
  shape.virtual_stages = known.virtual_stages;
  if (known.bubble == nullptr || refusal_of(known, shape)) return std::nullopt;
  EqualStages stages = unit_stages;
  stages.shape = shape;
  return known.bubble(stages);
}

std::vector<std::string> cells_of(const BubbleRow& row) {
  std::vector<std::string> cells = {row.schedule,
                                    std::to_string(row.shape.stages),
                                    std::to_string(row.shape.micro_batches),
                                    percent(row.formula.value()),
                                    percent(row.simulated.value()),
                                    fmt::format("{}", row.difference())};
  if (!row.executed) return cells;
  cells.push_back(percent(*row.executed));
  cells.push_back(fmt::format("{:+.2f} pp", 100 * row.executed_difference()));
  return cells;
}

}  // namespace pipesim::cli
