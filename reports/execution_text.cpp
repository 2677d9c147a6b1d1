#include "reports/execution_text.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <thread>

#include "reports/execution_figures.hpp"
#include "reports/number_text.hpp"
#include "reports/summary_text.hpp"
#include "reports/text_table.hpp"

namespace pipesim {

namespace {

template <class... Args>
void print(Output& out, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(out.text()), format, std::forward<Args>(args)...);
  out.end_of_line();
}

bool is_known_device(const std::string& name) {
  return std::ranges::any_of(known_devices(), [&](const Device& d) { return d.name == name; });
}

// A known device's figures are not those of the CPU that ran the step.
void write_prediction_source(Output& out, const Experiment& experiment) {
  const std::vector<Device>& kinds = experiment.config.cluster.kinds;
  const auto known = std::ranges::find_if(kinds, is_known_device, &Device::name);
  if (known == kinds.end()) return;
  print(out,
        "  simulated  for {}, not for the CPU that ran it: pipesim calibrate --out device.json\n"
        "             measures this machine, --set cluster.device=device.json predicts for it\n",
        kinds.size() == 1 ? short_name(known->name) : "the devices of the config");
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
  TextTable table{.columns = {{"", 11, true}, {"executed", 10}, {"simulated", 12}, {"error", 9}},
                  .indent = 2};
  for (const Compared& figure : compared_figures(execution)) {
    const std::optional<double> error = figure.error_percent();
    table.rows.push_back(
        {.cells = {std::string(figure.name), figure.executed_text, figure.predicted_text,
                   error ? fmt::format("{:+.1f} %", *error) : "-"}});
  }
  write_text_table(out, table);
  write_prediction_source(out, experiment);
}

void write_gradient_check(Output& out, const GradientCheck& check) {
  if (!std::isfinite(check.largest_error)) {
    print(out,
          "gradients    NOT FINITE in {}: nothing to compare; a smaller training.learning_rate "
          "may help\n",
          check.tensor);
    return;
  }
  if (check.largest_error <= check.tolerance) {
    print(out, "gradients    agree: within {:.1e} of those without a pipeline ({} allowed; {})\n",
          check.largest_error, check.tolerance, check.tensor);
  } else {
    print(out, "gradients    DIFFER by {:.1e} from those without a pipeline ({} allowed; {})\n",
          check.largest_error, check.tolerance, check.tensor);
  }
  print(out, "  in order   {}\n",
        check.same_bits ? "bit for bit those of a sequential run that adds in the same order"
                        : "NOT those of a sequential run that adds in the same order");
}

void write_checks(Output& out, const Execution& execution) {
  print(out, "loss         {} before the first update\n",
        std::isfinite(execution.loss) ? fmt::format("{:.6g}", execution.loss) : "NOT FINITE");
  write_gradient_check(out, execution.gradients);
  print(out, "memory       {}; the process held {}\n",
        execution.memory_difference.empty()
            ? "as simulated, allocation by allocation"
            : "NOT AS SIMULATED: " + printable(execution.memory_difference),
        readable_bytes(execution.peak_resident));
}

}  // namespace

void write_execution_text(Output& out, const Experiment& experiment, const Execution& execution,
                          const TextStyle& style) {
  write_summary_text(out, experiment, execution.run, {}, style);
  write_comparison(out, experiment, execution);
  write_checks(out, execution);
}

}  // namespace pipesim
