#include "reports/summary/execution_json.hpp"

#include <nlohmann/json.hpp>

#include "reports/summary/execution_figures.hpp"
#include "reports/summary/summary_json.hpp"

namespace pipesim {

namespace {

using Json = nlohmann::ordered_json;

Json figures(const Run& run) {
  const Metrics& metrics = run.metrics;
  return {{"step_time_s", seconds(metrics.step_time)},
          {"pipeline_time_s", seconds(metrics.pipeline_time)},
          {"bubble_fraction", metrics.bubble_fraction.value()},
          {"peak_memory_bytes", largest_peak(run)}};
}

// Times on other devices are no errors; memory is the same everywhere.
Json errors(const Execution& execution, const Run& predicted, bool for_this_machine) {
  Json json;
  for (const Compared& figure : compared_figures(execution.run, predicted)) {
    const bool comparable = for_this_machine || figure.key == std::string_view("peak_memory_bytes");
    const std::optional<double> error = comparable ? figure.error_percent() : std::nullopt;
    json[figure.key] = error ? Json(*error) : Json(nullptr);
  }
  return json;
}

}  // namespace

nlohmann::ordered_json execution_json(const Experiment& experiment, const Execution& execution) {
  Json json = summary_json(experiment, execution.run, {});
  json["command"] = "execute";
  json["steps"] = execution.step_times.size();
  json["step_times_s"] = Json::array();
  for (const Time time : execution.step_times) json["step_times_s"].push_back(seconds(time));
  json["loss"] = execution.loss;
  json["diverged_after_updates"] =
      execution.diverged_after ? Json(*execution.diverged_after) : Json(nullptr);
  json["peak_resident_bytes"] = execution.peak_resident;
  const GradientCheck& check = execution.gradients;
  json["gradient_check"] = {{"passed", check.passed()},
                            {"largest_error", check.largest_error},
                            {"tensor", check.tensor},
                            {"tolerance", check.tolerance},
                            {"same_bits_as_sequential", check.same_bits},
                            {"finite", check.finite}};
  json["memory_check"] = {
      {"passed", execution.memory_difference.empty()},
      {"difference",
       execution.memory_difference.empty() ? Json(nullptr) : Json(execution.memory_difference)}};
  json["compared_with"] = execution.is_for_this_machine ? "prediction" : "replay";
  json["prediction"] = figures(execution.prediction);
  json["prediction_error_percent"] =
      errors(execution, execution.prediction, execution.is_for_this_machine);
  json["replay"] = figures(execution.replay);
  json["replay_error_percent"] = errors(execution, execution.replay, true);
  return json;
}

}  // namespace pipesim
