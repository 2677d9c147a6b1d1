#include "reports/execution_text.hpp"

#include <algorithm>
#include <iterator>

#include "reports/execution_figures.hpp"
#include "reports/number_text.hpp"
#include "reports/summary_text.hpp"

namespace pipesim {

namespace {

template <class... Args>
void print(Output& out, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(out.text()), format, std::forward<Args>(args)...);
  out.end_of_line();
}

void write_comparison(Output& out, const Experiment& experiment, const Execution& execution) {
  const auto [fastest, slowest] = std::ranges::minmax(execution.step_times);
  print(out, "\nexecuted     {} steps on the {} clock, {} to {}; the median is shown\n",
        execution.step_times.size(), name_of(execution.run.outcome.timeline.clock),
        readable(fastest), readable(slowest));
  print(out, "  predicted for {}\n", printable(experiment.config.cluster.kinds.front().name));
  print(out, "{:>25}  {:>12}  {:>9}\n", "executed", "simulated", "error");
  for (const Compared& figure : compared_figures(execution)) {
    const std::optional<double> error = figure.error_percent();
    print(out, "  {:<11}{:>12}  {:>12}  {:>9}\n", figure.name, figure.executed_text,
          figure.predicted_text, error ? fmt::format("{:+.1f} %", *error) : "-");
  }
}

void write_checks(Output& out, const Execution& execution) {
  const GradientCheck& check = execution.gradients;
  print(out, "loss         {:.6g} before the first update\n", execution.loss);
  print(out, "gradients    {}: within {:.1e} of those without a pipeline ({} allowed; {})\n",
        check.passed() ? "agree" : "DIFFER", check.largest_error, check.tolerance, check.tensor);
  print(out, "  in order   {}\n",
        check.same_bits ? "bit for bit those of a sequential run that adds in the same order"
                        : "NOT those of a sequential run that adds in the same order");
  print(out, "memory       {}; the process held {}\n",
        execution.memory_difference.empty() ? "as simulated, allocation by allocation"
                                            : "NOT AS SIMULATED: " + execution.memory_difference,
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
