#include "sim/assemble/assumed_times.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "schedules/orders/catalog.hpp"

namespace pipesim {

namespace {

constexpr double places = 2;  // An op as long as two of another kind has no place in the pattern.

struct StageWork {
  double forward = 0;
  double input = 0;
  double weight = 0;

  double all() const { return forward + input + weight; }
};

StageWork work_of(const StageCost& cost, Recompute recompute) {
  const Time again = recompute == Recompute::none ? Time{} : cost.recompute;
  return {.forward = seconds(cost.forward),
          .input = seconds(cost.backward_input) + seconds(again),
          .weight = seconds(cost.backward_weight)};
}

// "2.1", "0.9", "13": two figures.
std::string ratio(double value) {
  return fmt::format("{:.2g}", value);
}

}  // namespace

std::string times_unlike_order(const Experiment& experiment) {
  const Config& config = experiment.config;
  const KnownSchedule* known = find_schedule(config.pipeline.schedule);
  const bool assumes = config.pipeline.file == nullptr && known != nullptr && known->equal_times;
  if (!assumes || config.training.deferred_weight_gradient) return {};
  StageWork sum;
  double fastest = 0;
  double slowest = 0;
  for (const StageCost& cost : experiment.costs.stages) {
    const StageWork work = work_of(cost, experiment.costs.recompute);
    sum.forward += work.forward;
    sum.input += work.input;
    sum.weight += work.weight;
    fastest =
        &cost == &experiment.costs.stages.front() ? work.all() : std::min(fastest, work.all());
    slowest = std::max(slowest, work.all());
  }
  const auto [shortest, longest] = std::minmax({sum.forward, sum.input, sum.weight});
  if (longest > 0 && longest >= places * shortest) {
    const double unit = sum.forward > 0 ? sum.forward : longest;
    return fmt::format("made for F = I = W, here {} : {} : {}", ratio(sum.forward / unit),
                       ratio(sum.input / unit), ratio(sum.weight / unit));
  }
  if (fastest > 0 && slowest >= places * fastest) {
    return fmt::format("made for equal stages, here up to {} times as long",
                       ratio(slowest / fastest));
  }
  return {};
}

}  // namespace pipesim
