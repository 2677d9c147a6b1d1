#include "reports/summary/execution_json.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include <limits>
#include <nlohmann/json.hpp>

#include "reports/summary/summary_json.hpp"
#include "reports/text/json_text.hpp"
#include "support/experiments.hpp"

namespace pipesim {

namespace {

using nlohmann::json;

// As if the step had been executed exactly as predicted.
Execution as_predicted(const Experiment& experiment) {
  return {.run = simulate(experiment),
          .prediction = simulate(experiment),
          .replay = simulate(experiment),
          .is_for_this_machine = true,
          .loss = 1.5,
          .gradients = {.largest_error = 1e-7,
                        .tensor = "layer 3 biases",
                        .tolerance = 1e-5,
                        .same_bits = true},
          .peak_resident = 4096,
          .step_times = {2_us, 1_us, 3_us}};
}

}  // namespace

TEST_SUITE("reports/summary/execution_json") {
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
                      {"diverged_after_updates", nullptr},
                      {"peak_resident_bytes", 4096},
                      {"gradient_check",
                       {{"passed", true},
                        {"largest_error", 1e-7},
                        {"tensor", "layer 3 biases"},
                        {"tolerance", 1e-5},
                        {"same_bits_as_sequential", true},
                        {"finite", true}}},
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
    expected["compared_with"] = "prediction";
    expected["replay"] = own["prediction"];
    expected["replay_error_percent"] = own["prediction_error_percent"];
    CHECK(all == expected);
  }

  TEST_CASE("times on devices that are not this machine are no errors, memory is") {
    const Experiment experiment = test::example("gpipe.json");
    Execution execution = as_predicted(experiment);
    execution.is_for_this_machine = false;
    const json all = execution_json(experiment, execution);
    CHECK(all["compared_with"] == "replay");
    CHECK(all["prediction_error_percent"] == json{{"step_time_s", nullptr},
                                                  {"pipeline_time_s", nullptr},
                                                  {"bubble_fraction", nullptr},
                                                  {"peak_memory_bytes", 0.0}});
    CHECK(all["replay_error_percent"]["step_time_s"] == 0.0);
  }

  TEST_CASE("training that diverges is said, and fails no check while the bits are the same") {
    const Experiment experiment = test::example("gpipe.json");
    Execution execution = as_predicted(experiment);
    execution.diverged_after = 3;
    execution.gradients.finite = false;
    execution.gradients.largest_error = std::numeric_limits<double>::infinity();
    json all = execution_json(experiment, execution);
    CHECK(all["diverged_after_updates"] == 3);
    CHECK(all["gradient_check"]["finite"] == false);
    CHECK(all["gradient_check"]["passed"] == true);
    execution.gradients.same_bits = false;
    all = execution_json(experiment, execution);
    CHECK(all["gradient_check"]["passed"] == false);
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
