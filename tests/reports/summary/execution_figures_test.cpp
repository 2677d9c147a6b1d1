#include "reports/summary/execution_figures.hpp"

#include <doctest/doctest.h>

#include "support/experiments.hpp"

namespace pipesim {

namespace {

std::optional<double> error_percent(double executed, double predicted) {
  return Compared{.key = "", .name = "", .executed = executed, .predicted = predicted}
      .error_percent();
}

}  // namespace

TEST_SUITE("reports/summary/execution_figures") {
  TEST_CASE("the error is what the prediction is off, in percent of what was executed") {
    CHECK(error_percent(4, 5) == 25.0);
    CHECK(error_percent(4, 3) == -25.0);
    CHECK(error_percent(4, 4) == 0.0);
    CHECK(!error_percent(0, 3));
  }

  TEST_CASE("four figures are compared, and a step equals itself in all of them") {
    const Experiment experiment = test::example("gpipe.json");
    const Run run = simulate(experiment);
    std::string keys;
    for (const Compared& figure : compared_figures(run, run)) {
      keys += std::string(figure.key) + " ";
      CHECK(figure.executed_text == figure.predicted_text);
      CHECK(figure.error_percent() == 0.0);
    }
    CHECK(keys == "step_time_s pipeline_time_s bubble_fraction peak_memory_bytes ");
  }

  TEST_CASE("the largest peak is that of the fullest device") {
    Run run;
    for (const Bytes peak : {3, 7, 5}) run.outcome.devices.emplace_back().peak = peak;
    CHECK(largest_peak(run) == 7);
  }
}

}  // namespace pipesim
