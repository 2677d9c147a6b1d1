#include "reports/gantt/svg_gantt.hpp"

#include <algorithm>

#include "reports/gantt/gantt_sheet.hpp"
#include "reports/gantt/run_extent.hpp"
#include "reports/text/number_text.hpp"

namespace pipesim {

namespace {

Time end_of(const Experiment& experiment, const Run& run) {
  return last_finish(experiment.schedule, run.outcome.timeline);
}

// "1f1b, K = 4 stages, M = 8 micro-batches"
std::string setting(const Experiment& experiment) {
  const PipelineSettings& pipeline = experiment.config.pipeline;
  std::string text =
      fmt::format("{}, K = {} {}", experiment.schedule.name, pipeline.stages,
                  pipeline.virtual_stages == 1
                      ? "stages"
                      : fmt::format("devices with {} stages each", pipeline.virtual_stages));
  text += fmt::format(", M = {} micro-batches", experiment.schedule.micro_batches);
  if (pipeline.recompute != Recompute::none) {
    text += fmt::format(", re-computation {}", name_of(pipeline.recompute));
  }
  return text;
}

std::string describe_picture(const Experiment& experiment, const std::string& what) {
  return fmt::format(
      "{} of {} devices over time: a lane for each device, a box for each op, hatched where a "
      "device waits.",
      what, experiment.schedule.devices());
}

}  // namespace

std::string figures_of(const Run& run) {
  return fmt::format("step time {}, bubble {} of all device time", readable(run.metrics.step_time),
                     percent(run.metrics.bubble_fraction.value()));
}

void write_svg_gantt(Output& out, const Experiment& experiment, const Run& run) {
  const std::optional<Deadlock>& deadlock = run.outcome.deadlock;
  GanttSheet sheet(end_of(experiment, run), experiment.schedule.lanes.size());
  sheet.add("", experiment, run);
  if (deadlock) sheet.add_note(describe(*deadlock));
  const std::string result =
      deadlock ? fmt::format("deadlock after {}", readable(deadlock->at)) : figures_of(run);
  sheet.write(out, {.title = experiment.config.name,
                    .subtitle = setting(experiment) + "; " + result,
                    .description = describe_picture(experiment, "The timeline")});
}

void write_svg_execution(Output& out, const Experiment& experiment, const Run& prediction,
                         const Run& run) {
  const Time end = std::max(end_of(experiment, prediction), end_of(experiment, run));
  GanttSheet sheet(end, 2 * experiment.schedule.lanes.size(), 2);
  sheet.add("predicted: " + figures_of(prediction), experiment, prediction);
  sheet.add(fmt::format("executed, on the {} clock: {}", name_of(run.outcome.timeline.clock),
                        figures_of(run)),
            experiment, run);
  sheet.write(out, {.title = experiment.config.name,
                    .subtitle = setting(experiment),
                    .description = describe_picture(
                        experiment, "The predicted timeline above the executed one,")});
}

}  // namespace pipesim
