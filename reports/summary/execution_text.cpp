#include "reports/summary/execution_text.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <thread>

#include "reports/summary/execution_figures.hpp"
#include "reports/summary/summary_text.hpp"
#include "reports/text/number_text.hpp"
#include "reports/text/text_table.hpp"

namespace pipesim {

namespace {

template <class... Args>
void print(Output& out, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(out.text()), format, std::forward<Args>(args)...);
  out.end_of_line();
}

// What the prediction was made from. Figures of the config's devices are none of this machine,
// unless calibrate has measured them here: they stand apart, as a comparison.
void write_prediction_source(Output& out, const Experiment& experiment,
                             const Execution& execution) {
  const std::vector<Device>& kinds = experiment.config.cluster.kinds;
  const std::string device =
      kinds.size() == 1 ? short_name(kinds.front().name) : "the devices of the config";
  if (execution.is_for_this_machine) {
    print(out, "  predicted  from the rates of {}, which pipesim calibrate measured\n", device);
    return;
  }
  const Metrics& there = execution.prediction.metrics;
  print(
      out,
      "  predicted  from the durations that this run measured, replayed by the simulator{}\n"
      "  compare    {} would take {} a step, its bubble {}; to predict for this machine\n"
      "             beforehand: pipesim calibrate --out device.json, then --set "
      "cluster.device=device.json\n",
      execution.run.outcome.timeline.clock == Clock::wall ? "; the rest is waiting for cores" : "",
      device, readable(there.step_time), percent(there.bubble_fraction.value()));
}

void write_steps(Output& out, const Execution& execution) {
  const Clock clock = execution.run.outcome.timeline.clock;
  const std::size_t steps = execution.step_times.size();
  const auto [fastest, slowest] = std::ranges::minmax(execution.step_times);
  print(out, "\nexecuted     {}",
        steps == 1 ? fmt::format("1 step on the {} clock", name_of(clock))
                   : fmt::format("{} steps on the {} clock, {} to {}; {}", steps, name_of(clock),
                                 readable(fastest), readable(slowest),
                                 clock == Clock::wall ? "the one in the middle is shown"
                                                      : "every op is shown at its median"));
  print(out, "\n");
  const std::size_t devices = execution.run.outcome.devices.size();
  const std::size_t cores = std::thread::hardware_concurrency();
  if (clock == Clock::wall && devices > cores && cores > 0) {
    print(out, "             {} threads shared {}: --clock measured gives every op a core\n",
          devices, cores == 1 ? "1 core" : fmt::format("{} cores", cores));
  }
}

void write_comparison(Output& out, const Experiment& experiment, const Execution& execution) {
  write_steps(out, execution);
  TextTable table{.columns = {{"", 11, true}, {"executed", 10}, {"predicted", 12}, {"error", 9}},
                  .indent = 2};
  for (const Compared& figure : compared_figures(execution.run, execution.expected())) {
    const std::optional<double> error = figure.error_percent();
    table.rows.push_back(
        {.cells = {std::string(figure.name), figure.executed_text, figure.predicted_text,
                   error ? fmt::format("{:+.1f} %", *error) : "-"}});
  }
  write_text_table(out, table);
  write_prediction_source(out, experiment, execution);
}

void write_gradient_check(Output& out, const GradientCheck& check) {
  if (!check.finite) {
    print(out, "gradients    not finite, with a pipeline or without\n");
  } else if (check.largest_error <= check.tolerance) {
    print(out, "gradients    match: within {:.1e} of those without a pipeline ({} allowed; {})\n",
          check.largest_error, check.tolerance, check.tensor);
  } else {
    print(out, "gradients    DIFFER by {:.1e} from those without a pipeline ({} allowed; {})\n",
          check.largest_error, check.tolerance, check.tensor);
  }
  print(out, "  in order   {}\n",
        check.same_bits ? "bit for bit those of a sequential run that adds in the same order"
                        : "NOT those of a sequential run that adds in the same order");
}

void write_loss(Output& out, const Experiment& experiment, const Execution& execution) {
  print(out, "loss         {} before the first update\n",
        std::isfinite(execution.loss) ? fmt::format("{:.6g}", execution.loss) : "not finite");
  if (!execution.diverged_after) return;
  print(out,
        "             it left the range of {} after {} {}: try a smaller training.learning_rate\n",
        precision_names[static_cast<std::size_t>(experiment.config.training.precision)],
        *execution.diverged_after, *execution.diverged_after == 1 ? "update" : "updates");
}

void write_checks(Output& out, const Experiment& experiment, const Execution& execution) {
  write_loss(out, experiment, execution);
  write_gradient_check(out, execution.gradients);
  print(out, "memory       {}; the process held {}\n",
        execution.memory_difference.empty()
            ? "matches the simulation, allocation by allocation"
            : "DIFFERS from the simulation: " + printable(execution.memory_difference),
        readable_bytes(execution.peak_resident));
}

}  // namespace

void write_execution_text(Output& out, const Experiment& experiment, const Execution& execution,
                          const TextStyle& style) {
  write_summary_text(out, experiment, execution.run, {}, style);
  write_comparison(out, experiment, execution);
  write_checks(out, experiment, execution);
}

}  // namespace pipesim
