#include "reports/execution_json.hpp"

#include <nlohmann/json.hpp>

#include "reports/execution_figures.hpp"
#include "reports/summary_json.hpp"

namespace pipesim {

nlohmann::ordered_json execution_json(const Experiment& experiment, const Execution& execution) {
  using Json = nlohmann::ordered_json;
  Json json = summary_json(experiment, execution.run, {});
  json["command"] = "execute";
  json["steps"] = execution.step_times.size();
  json["step_times_s"] = Json::array();
  for (const Time time : execution.step_times) json["step_times_s"].push_back(seconds(time));
  json["loss"] = execution.loss;
  json["peak_resident_bytes"] = execution.peak_resident;
  const GradientCheck& check = execution.gradients;
  json["gradient_check"] = {{"passed", check.passed()},
                            {"largest_error", check.largest_error},
                            {"tensor", check.tensor},
                            {"tolerance", check.tolerance},
                            {"same_bits_as_sequential", check.same_bits}};
  json["memory_check"] = {
      {"passed", execution.memory_difference.empty()},
      {"difference",
       execution.memory_difference.empty() ? Json(nullptr) : Json(execution.memory_difference)}};
  const Metrics& predicted = execution.prediction.metrics;
  json["prediction"] = {{"step_time_s", seconds(predicted.step_time)},
                        {"pipeline_time_s", seconds(predicted.pipeline_time)},
                        {"bubble_fraction", predicted.bubble_fraction.value()},
                        {"peak_memory_bytes", largest_peak(execution.prediction)}};
  for (const Compared& figure : compared_figures(execution)) {
    const std::optional<double> error = figure.error_percent();
    json["prediction_error_percent"][figure.key] = error ? Json(*error) : Json(nullptr);
  }
  return json;
}

}  // namespace pipesim
