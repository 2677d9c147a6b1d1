#include "sim/published/figures/measured_steps.hpp"
#include "sim/assemble/assemble.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "models/base/document.hpp"

namespace pipesim::published {

namespace {

// A device of that rate alone: memory traffic and launches then take no time to speak of.
std::vector<std::string> at_constant_efficiency(const MeasuredStep& step, double fraction) {
  constexpr double unlimited = 1e30;  // Bytes/s
  const Config config = read_config(parse_document(step.config, step.place));
  const std::optional<double> peak = config.cluster.device(0).peak(config.training.precision);
  return {
      fmt::format(
          R"(cluster.device={{"name": "constant efficiency", "flops": {}, "memory_bandwidth": {}}})",
          peak.value_or(unlimited) * fraction, unlimited),
      "cluster.host_time_per_layer=0"};
}

std::vector<std::string> settings_of(const MeasuredStep& step, Ablation ablation, double fraction) {
  switch (ablation) {
    case Ablation::varied_efficiency:
      return at_constant_efficiency(step, fraction);
    case Ablation::communication:
      return {"cluster.interconnect=ideal"};
    case Ablation::nothing:
    case Ablation::bubble:
      break;
  }
  return {};
}

double step_seconds(const Run& run, bool with_bubble) {
  if (run.outcome.deadlock) return std::numeric_limits<double>::quiet_NaN();
  const Metrics& metrics = run.metrics;
  if (with_bubble) return seconds(metrics.step_time);
  const double ideal = seconds(metrics.busy) / static_cast<double>(run.outcome.devices.size());
  return ideal + seconds(metrics.all_reduce + metrics.optimizer);
}

// The mean error is smooth in the fraction, but for bends: a coarse look, then a finer one around
// the best.
AblationResult best_constant_efficiency(const std::vector<MeasuredStep>& steps) {
  AblationResult best{.ablation = Ablation::varied_efficiency,
                      .mean_error = std::numeric_limits<double>::infinity()};
  const auto look = [&](int from, int to, int stride) {
    for (int thousandths = from; thousandths <= to; thousandths += stride) {
      const double fraction = thousandths / 1000.0;
      const std::vector<Row> rows = predict_all(steps, Ablation::varied_efficiency, fraction);
      if (mean_error(rows) >= best.mean_error) continue;
      best.mean_error = mean_error(rows);
      best.worst_error = worst_error(rows);
      best.fraction = fraction;
    }
  };
  look(100, 1000, 50);
  for (const int stride : {10, 1}) {
    const int around = static_cast<int>(*best.fraction * 1000 + 0.5);
    look(std::max(1, around - 5 * stride), std::min(1000, around + 5 * stride), stride);
  }
  return best;
}

}  // namespace

std::string_view name_of(Ablation ablation) {
  switch (ablation) {
    case Ablation::varied_efficiency:
      return "constant efficiency";
    case Ablation::communication:
      return "no communication";
    case Ablation::bubble:
      return "no bubble";
    case Ablation::nothing:
      break;
  }
  return "full model";
}

Experiment experiment_of(const std::string& config, const std::string& place,
                         const std::vector<std::string>& settings) {
  return assemble(read_config(parse_document(config, place, settings)));
}

double predict(const MeasuredStep& step, Ablation ablation, double fraction) {
  const Experiment experiment =
      experiment_of(step.config, step.place, settings_of(step, ablation, fraction));
  const Run run = simulate(experiment, {.timeline = false, .breakdown = false});
  const double taken = step_seconds(run, ablation != Ablation::bubble);
  return step.work > 0 ? step.work / taken : taken;
}

std::vector<Row> predict_all(const std::vector<MeasuredStep>& steps, Ablation ablation,
                             double fraction) {
  std::vector<Row> rows;
  for (const MeasuredStep& step : steps) {
    rows.push_back({.label = step.label,
                    .published = step.published,
                    .predicted = predict(step, ablation, fraction),
                    .note = step.note});
  }
  return rows;
}

std::vector<AblationResult> ablate(const std::vector<MeasuredStep>& steps) {
  std::vector<AblationResult> results;
  for (const Ablation ablation : {Ablation::nothing, Ablation::varied_efficiency,
                                  Ablation::communication, Ablation::bubble}) {
    if (ablation == Ablation::varied_efficiency) {
      results.push_back(best_constant_efficiency(steps));
      continue;
    }
    const std::vector<Row> rows = predict_all(steps, ablation);
    results.push_back(
        {.ablation = ablation, .mean_error = mean_error(rows), .worst_error = worst_error(rows)});
  }
  return results;
}

}  // namespace pipesim::published
