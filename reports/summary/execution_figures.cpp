#include "reports/summary/execution_figures.hpp"

#include <algorithm>

#include "reports/text/number_text.hpp"

namespace pipesim {

namespace {

Compared compare_times(const char* key, std::string_view name, Time executed, Time predicted) {
  return {.key = key,
          .name = name,
          .executed = seconds(executed),
          .predicted = seconds(predicted),
          .executed_text = readable(executed),
          .predicted_text = readable(predicted)};
}

}  // namespace

Bytes largest_peak(const Run& run) {
  Bytes peak = 0;
  for (const DeviceUse& use : run.outcome.devices) peak = std::max(peak, use.peak);
  return peak;
}

std::optional<double> Compared::error_percent() const {
  if (executed == 0) return std::nullopt;
  return (predicted - executed) / executed * 100;
}

std::vector<Compared> compared_figures(const Run& run, const Run& prediction) {
  const Metrics& executed = run.metrics;
  const Metrics& predicted = prediction.metrics;
  const Bytes held = largest_peak(run);
  const Bytes foreseen = largest_peak(prediction);
  return {
      compare_times("step_time_s", "step time", executed.step_time, predicted.step_time),
      compare_times("pipeline_time_s", "pipeline", executed.pipeline_time, predicted.pipeline_time),
      {.key = "bubble_fraction",
       .name = "bubble",
       .executed = executed.bubble_fraction.value(),
       .predicted = predicted.bubble_fraction.value(),
       .executed_text = percent(executed.bubble_fraction.value()),
       .predicted_text = percent(predicted.bubble_fraction.value())},
      {.key = "peak_memory_bytes",
       .name = "peak memory",
       .executed = static_cast<double>(held),
       .predicted = static_cast<double>(foreseen),
       .executed_text = readable_bytes(held),
       .predicted_text = readable_bytes(foreseen)}};
}

}  // namespace pipesim
