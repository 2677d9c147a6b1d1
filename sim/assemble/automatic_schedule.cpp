#include "sim/assemble/automatic_schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <compare>
#include <optional>
#include <utility>

#include "schedules/search/one_at_a_time.hpp"
#include "sim/assemble/candidate_orders.hpp"
#include "sim/assemble/config_schedule.hpp"
#include "sim/assemble/stash_peak.hpp"
#include "sim/step/run.hpp"

namespace pipesim {

namespace {

// How good an order is; what stands first counts first, and less is better.
struct Rating {
  bool deadlock = false;
  Bytes over_limit = 0;     // By what the stashes of the device that lacks most exceed it.
  Bytes over_capacity = 0;  // The same of all that it holds.
  Time step{};
  Time span{};
  Bytes fullest = 0;
  Bytes together = 0;  // What every device holds at most.

  auto operator<=>(const Rating&) const = default;
  bool fits() const { return !deadlock && over_limit == 0 && over_capacity == 0; }
};

// What each device's stashes may hold: bytes, or where the model states none the micro-batches in
// its stages between F and backward.
struct StashLimit {
  bool counts = false;
  std::vector<Bytes> most{};  // Empty: no limit.
};

bool states_bytes(const StepCosts& costs) {
  return std::ranges::any_of(costs.stages, [](const StageCost& cost) { return cost.stash > 0; });
}

// What the stashes of so many micro-batches take: with re-computation their inputs, and the rest of
// the one that is computed again and of the one that is kept.
double stashes_of(double micro_batches, const StageCost& cost, Recompute recompute) {
  if (recompute == Recompute::none) return micro_batches * static_cast<double>(cost.stash);
  const double whole = recompute == Recompute::except_last ? 2 : 1;
  return micro_batches * static_cast<double>(cost.boundary) +
         std::min(micro_batches, whole) * static_cast<double>(cost.stash - cost.boundary);
}

StashLimit stash_limit(const Experiment& experiment) {
  const std::optional<MemoryLimit>& limit = experiment.config.pipeline.memory_limit;
  if (!limit) return {};
  const StepCosts& costs = experiment.costs;
  StashLimit stashes{.counts = !states_bytes(costs)};
  if (limit->bytes && !stashes.counts) {
    stashes.most.assign(experiment.schedule.lanes.size(), *limit->bytes);
    return stashes;
  }
  const double count = limit->bytes ? static_cast<double>(*limit->bytes) : limit->micro_batches;
  std::vector<double> wanted(experiment.schedule.lanes.size());
  for (std::size_t s = 0; s < costs.stages.size(); ++s) {
    double& of_device = wanted[static_cast<std::size_t>(experiment.schedule.placement[s])];
    of_device += stashes.counts ? count : stashes_of(count, costs.stages[s], costs.recompute);
  }
  for (const double bytes : wanted) {
    const auto most = static_cast<double>(bytes_limit);
    stashes.most.push_back(bytes < most ? static_cast<Bytes>(std::floor(bytes)) : bytes_limit);
  }
  return stashes;
}

// What the devices' stashes hold, in the limit's unit.
std::vector<Bytes> held_stashes(const Experiment& experiment, const Outcome& outcome,
                                const StashLimit& limit) {
  if (limit.most.empty()) return {};
  if (!limit.counts) return stash_peaks(experiment.schedule, experiment.costs);
  std::vector<Bytes> held;
  for (const DeviceUse& use : outcome.devices) held.push_back(use.peak_in_flight);
  return held;
}

Rating rate(const Experiment& experiment, const StashLimit& limit) {
  const Run run = simulate(experiment, {.timeline = false, .breakdown = false});
  Rating rating{.deadlock = run.outcome.deadlock.has_value(),
                .step = run.metrics.step_time,
                .span = run.metrics.longest_span};
  const std::vector<Bytes> stashes = held_stashes(experiment, run.outcome, limit);
  for (std::size_t d = 0; d < run.outcome.devices.size(); ++d) {
    const Bytes peak = run.outcome.devices[d].peak;
    const std::optional<Bytes>& capacity = experiment.capacity[d];
    rating.fullest = std::max(rating.fullest, peak);
    rating.together = capped_sum(rating.together, peak);
    if (capacity) rating.over_capacity = std::max(rating.over_capacity, peak - *capacity);
    if (!stashes.empty()) {
      rating.over_limit = std::max(rating.over_limit, stashes[d] - limit.most[d]);
    }
  }
  for (const ReplicaOverflow& other : run.other_overflows) {
    rating.over_capacity = std::max(rating.over_capacity, other.peak - other.capacity);
  }
  return rating;
}

// What one micro-batch at a time holds in stashes, in the limit's unit.
std::vector<Bytes> least_stashes(const Experiment& one_at_a_time, const StashLimit& limit) {
  if (limit.most.empty()) return {};
  const Outcome outcome = Engine(one_at_a_time.schedule).run(one_at_a_time.costs, {}, false);
  return held_stashes(one_at_a_time, outcome, limit);
}

// No order of the same stages holds less than one micro-batch at a time.
InputError too_small(const Config& config, const StashLimit& limit,
                     const std::vector<Bytes>& least) {
  std::size_t device = 0;
  while (device + 1 < least.size() && limit.most[device] >= least[device]) ++device;
  const MemoryLimit& given = *config.pipeline.memory_limit;
  return config.source->error(
      "/pipeline/memory_limit",
      fmt::format("is less than device {} holds of one micro-batch, {} {}", device, least[device],
                  limit.counts ? "in flight" : "bytes"),
      given.bytes ? std::to_string(*given.bytes)
                  : fmt::format("\"{} micro-batches\"", given.micro_batches),
      "allow at least that, or leave it out");
}

// What each device holds beside its stashes, as far as it is the same in every order: what it
// always does, and what an op needs while it runs.
std::vector<Bytes> beside_stashes(const Experiment& one_at_a_time) {
  std::vector<Bytes> beside;
  if (!states_bytes(one_at_a_time.costs)) {
    beside.resize(one_at_a_time.schedule.lanes.size());
    return beside;
  }
  const Outcome outcome = Engine(one_at_a_time.schedule).run(one_at_a_time.costs, {}, false);
  const std::vector<Bytes> stashes = stash_peaks(one_at_a_time.schedule, one_at_a_time.costs);
  for (std::size_t d = 0; d < stashes.size(); ++d) {
    beside.push_back(outcome.devices[d].peak - stashes[d]);
  }
  return beside;
}

// The most that any device may hold: of stashes where they have a limit, or else of everything.
Bytes most_memory(const Experiment& experiment, const StashLimit& limit) {
  if (!limit.most.empty()) return *std::ranges::max_element(limit.most);
  if (!states_bytes(experiment.costs)) return bytes_limit;
  Bytes most = 0;
  for (const auto& capacity : experiment.capacity) {
    most = std::max(most, capacity.value_or(bytes_limit));
  }
  return most;
}

}  // namespace

Schedule choose_order(Experiment& experiment, const KnownSchedule& known,
                      const SetOrder& set_order) {
  const ScheduleRequest request = request_of(experiment);
  const StashLimit limit = stash_limit(experiment);
  set_order(experiment,
            one_at_a_time(experiment.schedule.placement, experiment.schedule.micro_batches));
  const std::vector<Bytes> least = least_stashes(experiment, limit);
  const std::vector<Rung> ladder = memory_ladder(experiment, request, beside_stashes(experiment));
  const Bytes most = most_memory(experiment, limit);

  std::optional<Rating> best_rating;
  Schedule best;
  const auto may_win = [&](const Rung& rung) {
    const bool limited = !limit.most.empty();
    if ((limited ? *std::ranges::min_element(rung.stashes) : rung.device) > most) return false;
    return !best_rating->fits() || rung.least_time <= best_rating->step;
  };
  for_each_candidate(known, request, ladder, may_win, [&](const Schedule& order) {
    set_order(experiment, order);
    const Rating rating = rate(experiment, limit);
    if (best_rating && !(rating < *best_rating)) return;
    best_rating = rating;
    best = order;
  });
  if (best_rating->over_limit > 0) throw too_small(experiment.config, limit, least);
  best.name = known.name;
  set_order(experiment, best);
  return best;
}

Schedule automatic_for_equal_stages(const KnownSchedule& known, const PipelineShape& shape) {
  const auto stages = static_cast<std::size_t>(shape.all_stages());
  const StageLoad load{
      .forward = 1_ns, .backward_input = 1_ns, .backward_weight = 1_ns, .stash = 1};
  return std::move(known.automatic
                       ->orders({.shape = shape,
                                 .loads = std::vector<StageLoad>(stages, load),
                                 .hops = std::vector<Time>(stages - 1)})
                       .front());
}

}  // namespace pipesim
