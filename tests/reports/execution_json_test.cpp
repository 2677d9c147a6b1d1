#include "reports/execution_json.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include <limits>
#include <nlohmann/json.hpp>

#include "reports/json_text.hpp"
#include "reports/summary_json.hpp"
#include "support/experiments.hpp"

namespace pipesim {

namespace {

using nlohmann::json;

// As if the step had been executed exactly as predicted.
Execution as_predicted(const Experiment& experiment) {
  return {.run = simulate(experiment),
          .prediction = simulate(experiment),
          .loss = 1.5,
          .gradients = {.largest_error = 1e-7,
                        .tensor = "layer 3 biases",
                        .tolerance = 1e-5,
                        .same_bits = true},
          .peak_resident = 4096,
          .step_times = {2_us, 1_us, 3_us}};
}

}  // namespace

TEST_SUITE("reports/execution_json") {
  TEST_CASE("it is the step's summary, with the keys of an execution") {
    const Experiment experiment = test::example("gpipe.json");
    const Execution execution = as_predicted(experiment);
    const json all = execution_json(experiment, execution);
    const json summary = summary_json(experiment, execution.run, {});
    Bytes peak = 0;
    for (const json& device : summary["devices"]) {
      peak = std::max(peak, device["peak_memory_bytes"].get<Bytes>());
    }
    const json own = {{"command", "execute"},
                      {"steps", 3},
                      {"step_times_s", {2e-6, 1e-6, 3e-6}},
                      {"loss", 1.5},
                      {"peak_resident_bytes", 4096},
                      {"gradient_check",
                       {{"passed", true},
                        {"largest_error", 1e-7},
                        {"tensor", "layer 3 biases"},
                        {"tolerance", 1e-5},
                        {"same_bits_as_sequential", true}}},
                      {"memory_check", {{"passed", true}, {"difference", nullptr}}},
                      {"prediction",
                       {{"step_time_s", summary["step_time_s"]},
                        {"pipeline_time_s", summary["pipeline_time_s"]},
                        {"bubble_fraction", summary["bubble_fraction"]},
                        {"peak_memory_bytes", peak}}},
                      {"prediction_error_percent",
                       {{"step_time_s", 0.0},
                        {"pipeline_time_s", 0.0},
                        {"bubble_fraction", 0.0},
                        {"peak_memory_bytes", 0.0}}}};
    json expected = summary;
    expected.update(own);
    CHECK(all == expected);
  }

  TEST_CASE("a check that failed is told apart, with what differs") {
    const Experiment experiment = test::example("gpipe.json");
    Execution execution = as_predicted(experiment);
    execution.memory_difference = "device 0 differs";
    execution.gradients.same_bits = false;
    const json all = execution_json(experiment, execution);
    CHECK(all["memory_check"] == json{{"passed", false}, {"difference", "device 0 differs"}});
    CHECK(all["gradient_check"]["passed"] == false);
    CHECK(all["gradient_check"]["same_bits_as_sequential"] == false);
  }

  TEST_CASE("what is not finite is null in the text") {
    const Experiment experiment = test::example("gpipe.json");
    Execution execution = as_predicted(experiment);
    execution.loss = std::numeric_limits<double>::quiet_NaN();
    execution.gradients.largest_error = std::numeric_limits<double>::infinity();
    const json all = json::parse(to_text(execution_json(experiment, execution)));
    CHECK(all["loss"].is_null());
    CHECK(all["gradient_check"]["largest_error"].is_null());
    CHECK(all["gradient_check"]["passed"] == false);
  }
}

}  // namespace pipesim
