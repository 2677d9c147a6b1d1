#include "sim/assemble/candidate_orders.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "schedules/search/draft.hpp"
#include "schedules/search/one_at_a_time.hpp"
#include "schedules/search/schedule_bounds.hpp"
#include "sim/assemble/config_schedule.hpp"

namespace pipesim {

namespace {

constexpr SearchEffort effort_of_each{.steps = 1'500'000, .failures = 80};
constexpr int few_stages = 8;  // Of which more memories are tried.

StageLoad load_of(const StageCost& cost, Recompute recompute) {
  const bool again = recompute != Recompute::none;
  StageLoad load{.forward = cost.forward,
                 .backward_input = cost.backward_input,
                 .backward_weight = cost.backward_weight,
                 .stash = cost.stash,
                 .weight_stash = cost.weight_stash};
  if (again) {
    load.backward_input = capped_sum(cost.backward_input, cost.recompute);
    load.stash = cost.boundary;
    load.again = cost.stash - cost.boundary;
  }
  if (cost.deferred_micro_batches > 0) {  // W's come last whatever the order.
    load.backward_weight = {};
    load.weight_stash = 0;
  }
  return load;
}

// So many sixteenths of a micro-batch between F and I, and so many micro-batches between I and W.
struct Held {
  std::int64_t in_flight = 0;
  int put_off = 0;
};

// From 2K micro-batches, what ZB-H2 holds, by quarters of K to K, what 1F1B does; then by halves,
// or with many stages by an eighth of what is left, to one.
std::vector<Held> counts_in_flight(const PipelineShape& shape) {
  const std::int64_t k = shape.stages;
  std::vector<Held> held;
  // By halving where a draft takes long.
  if (3 * std::int64_t{shape.all_stages()} * shape.micro_batches > effort_of_each.steps) {
    for (std::int64_t count = 2 * k; count > 0; count /= 2)
      held.push_back({.in_flight = 16 * count});
    return held;
  }
  for (std::int64_t count = 16 * 2 * k; count >= 16;) {
    held.push_back({.in_flight = count});
    const auto whole = [](std::int64_t step) { return std::max<std::int64_t>(16, step / 16 * 16); };
    if (count > 16 * k) {
      count = std::max(16 * k, count - whole(16 * k / 4));
    } else {
      count -= k > few_stages ? whole(count / 8) : 8;
    }
  }
  return held;
}

// Where I adds to what is held, what W's need decides.
std::vector<Held> counts_put_off(std::int64_t k) {
  std::vector<Held> held;
  for (const auto& [depths, put_off] :
       {std::pair{1, 0}, {2, 2}, {1, 1}, {2, 0}, {2, 4}, {2, 1}, {1, 2}, {2, 8}, {1, 4}, {1, 3}}) {
    held.push_back({16 * k * depths, put_off});
  }
  return held;
}

// What its stashes take on a device.
Bytes bytes_of(const ScheduleRequest& request, int device, const Held& held) {
  Bytes bytes = 0;
  Bytes growth = 0;
  for (int chunk = 0; chunk < request.shape.virtual_stages; ++chunk) {
    const StageLoad& load = load_of(request, device, chunk);
    bytes = capped_sum(bytes, capped_product(load.stash, held.in_flight) / 16);
    bytes = capped_sum(bytes, capped_product(load.weight_stash, held.put_off));
    growth = std::max(growth, load.growth());
  }
  return capped_sum(bytes, growth);
}

// Each order gets a partition of its own: what takes long is not done for many.
bool has_slow_partition(const Config& config) {
  constexpr double quick_steps = 1e6;  // Some milliseconds.
  const auto* network = std::get_if<Network>(&config.model);
  if (network == nullptr || config.pipeline.partition != PartitionKind::memory) return false;
  const auto layers = static_cast<double>(network->layers.size());
  return 0.5 * config.pipeline.all_stages() * layers * layers > quick_steps;
}

// Each micro-batch holds a stage's stash from its F to its I, for as long as its way to the end and
// back takes at least, without the re-computations, which may be done by then. So many bytes times
// that time do not fit into a device's memory in less.
Time least_time_within(const Experiment& experiment, const ScheduleRequest& request,
                       const std::vector<Bytes>& memory) {
  // Where costs differ with the order or the replica, these are not the ones that count.
  if (experiment.config.pipeline.partition == PartitionKind::memory) return {};
  if (!experiment.replicas.empty()) return {};
  std::vector<Int128> held(memory.size());  // [device]: bytes times picoseconds of a micro-batch.
  Int128 trip = 0;
  for (std::size_t s = request.loads.size(); s-- > 0;) {
    const StageLoad& load = request.loads[s];
    trip += Int128{load.forward.ps} + experiment.costs.stages[s].backward_input.ps;
    held[static_cast<std::size_t>(device_of(static_cast<int>(s), request.shape))] +=
        trip * load.stash;
    if (s > 0) trip += 2 * Int128{request.hops[s - 1].ps};
  }
  Time least;
  for (std::size_t d = 0; d < memory.size(); ++d) {
    const Int128 time = memory[d] > 0 ? held[d] * request.shape.micro_batches / memory[d] : 0;
    least =
        std::max(least, Time{static_cast<std::int64_t>(std::min(time, Int128{Time::limit().ps}))});
  }
  return least;
}

// A schedule's order, where it exists and puts the stages on these devices.
std::optional<Schedule> order_on(const std::vector<int>& placement, const KnownSchedule& known,
                                 const PipelineShape& shape) {
  if (known.automatic || known.bidirectional || refusal_of(known, shape)) return std::nullopt;
  Schedule order = known.generate(shape);
  if (order.placement != placement) return std::nullopt;
  return order;
}

}  // namespace

ScheduleRequest request_of(const Experiment& experiment) {
  const StepCosts& costs = experiment.costs;
  ScheduleRequest request{.shape = shape_of(experiment.config)};
  for (const StageCost& cost : costs.stages) {
    request.loads.push_back(load_of(cost, costs.recompute));
  }
  const bool states_bytes =
      std::ranges::any_of(costs.stages, [](const StageCost& cost) { return cost.stash > 0; });
  for (StageLoad& load : request.loads) {
    if (!states_bytes) load.stash = 1;
  }
  const std::vector<int>& placement = experiment.schedule.placement;
  for (std::size_t s = 0; s < costs.hops.size(); ++s) {
    const bool apart = placement[s] != placement[s + 1];
    request.hops.push_back(apart ? costs.hops[s].total() : Time{});
  }
  return request;
}

std::vector<Rung> memory_ladder(const Experiment& experiment, const ScheduleRequest& request,
                                const std::vector<Bytes>& beside) {
  const PipelineShape& shape = request.shape;
  const auto devices = static_cast<std::size_t>(shape.stages);
  // What each device needs, the least first.
  const auto needed = [&](const Held& held) {
    std::vector<Bytes> bytes;
    for (std::size_t d = 0; d < devices; ++d) {
      bytes.push_back(capped_sum(beside[d], bytes_of(request, static_cast<int>(d), held)));
    }
    std::ranges::sort(bytes);
    return bytes;
  };
  const Held all{.in_flight = std::int64_t{16} * shape.micro_batches,
                 .put_off = shape.micro_batches};
  std::vector<Rung> ladder{
      {.device = needed(all).back(), .stashes = std::vector<Bytes>(devices, bytes_limit)}};
  const auto add = [&](Bytes device) {
    Rung rung{.device = device};
    for (std::size_t d = 0; d < devices; ++d) {
      rung.stashes.push_back(device - beside[d]);
      if (rung.stashes[d] < least_memory(request, static_cast<int>(d))) return;
    }
    const auto same = [&](const Rung& other) { return other.stashes == rung.stashes; };
    if (std::ranges::any_of(ladder, same)) return;
    rung.least_time = least_time_within(experiment, request, rung.stashes);
    ladder.push_back(std::move(rung));
  };
  const bool grows =
      std::ranges::any_of(request.loads, [](const StageLoad& load) { return load.growth() > 0; });
  for (const Held& held : grows ? counts_put_off(shape.stages) : counts_in_flight(shape)) {
    if (!grows && held.in_flight > all.in_flight) continue;
    const std::vector<Bytes> bytes = needed(held);
    add(bytes.back());
    const bool closely = shape.stages <= few_stages && held.in_flight <= 16 * shape.stages;
    if (!closely || held.in_flight % 16 != 0) continue;
    for (const Bytes of_another : bytes) add(of_another);
  }
  std::ranges::stable_sort(ladder.begin() + 1, ladder.end(), std::greater{}, &Rung::device);
  if (has_slow_partition(experiment.config)) ladder.resize(1);
  return ladder;
}

void for_each_candidate(const KnownSchedule& known, ScheduleRequest request,
                        const std::vector<Rung>& ladder,
                        const std::function<bool(const Rung&)>& may_win,
                        const std::function<void(const Schedule&)>& visit) {
  const std::vector<int> placement = known.automatic->placement(request.shape);
  visit(one_at_a_time(placement, request.shape.micro_batches));
  for (const KnownSchedule& other : known_schedules()) {
    if (const auto order = order_on(placement, other, request.shape)) visit(*order);
  }
  request.effort = effort_of_each;
  for (const Rung& rung : ladder) {
    if (!may_win(rung)) continue;
    request.memory = rung.stashes;
    for (const Schedule& order : known.automatic->orders(request)) visit(order);
  }
}

}  // namespace pipesim
