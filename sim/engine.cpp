#include "sim/engine.hpp"

#include <algorithm>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "schedules/recompute.hpp"

namespace pipesim {

namespace {

constexpr Time not_yet{-1};

}  // namespace

Time DeviceUse::busy() const {
  Time total;
  for (const Time time : busy_by_kind) total += time;
  return total;
}

Engine::Engine(const Schedule& schedule) : schedule_(schedule) {
  find_routes();
}

// One link for each pair of devices and direction in which messages go.
void Engine::find_routes() {
  const std::size_t stages = schedule_.placement.size();
  stages_.resize(stages);
  std::unordered_map<std::int64_t, int> numbers;
  const auto route = [&](std::size_t from, std::size_t to) {
    const int sender = schedule_.placement[from];
    const int receiver = schedule_.placement[to];
    const std::int64_t pair = std::int64_t{sender} * schedule_.devices() + receiver;
    const int next = static_cast<int>(numbers.size());
    return Route{.link = numbers.try_emplace(pair, next).first->second, .receiver = receiver};
  };
  for (std::size_t s = 0; s + 1 < stages; ++s) {
    stages_[s].activation = route(s, s + 1);
    stages_[s + 1].gradient = route(s + 1, s);
  }
  link_free_at_.resize(numbers.size());
}

void Engine::reset(const StepCosts& costs, const OpTimes* measured) {
  const int stages = schedule_.stages();
  for (Arrivals* arrivals : {&activation_, &gradient_}) {
    if (arrivals->stride() == 0) {
      *arrivals = Arrivals(stages, schedule_.micro_batches, not_yet);
    } else {
      arrivals->fill(not_yet);
    }
  }
  std::fill(link_free_at_.begin(), link_free_at_.end(), Time{});
  const std::vector<StageOps> ops = op_table(costs);
  for (std::size_t s = 0; s < ops.size(); ++s) stages_[s].ops = ops[s];
  for (std::size_t s = 0; s + 1 < ops.size(); ++s) {
    const bool apart = schedule_.placement[s] != schedule_.placement[s + 1];
    stages_[s].activation.hop = apart ? costs.hops[s] : TransferCost{};
    stages_[s + 1].gradient.hop = apart ? costs.hops[s] : TransferCost{};
  }
  kept_ = kept_micro_batch(costs.recompute, schedule_.micro_batches);
  lanes_.clear();
  frontier_.clear();
  for (const std::vector<Op>& lane : schedule_.lanes) {
    const auto device = lanes_.size();
    lanes_.push_back({.next = lane.data(),
                      .end = lane.data() + lane.size(),
                      .measured = measured == nullptr ? nullptr : (*measured)[device].data()});
  }
}

template <bool wake>
inline void Engine::send(Time* slot, const Route& route, Time finish) {
  Time& free_at = link_free_at_[static_cast<std::size_t>(route.link)];
  free_at = std::max(finish, free_at) + route.hop.occupancy;
  *slot = free_at + route.hop.latency;
  if constexpr (!wake) return;
  Lane& lane = lanes_[static_cast<std::size_t>(route.receiver)];
  if (lane.waits_for == slot) {
    lane.waits_for = nullptr;
    frontier_.push_back(route.receiver);
  }
}

void Engine::note_peak(int device, const Op& op, Time at, Bytes held) {
  DeviceUse& use = uses_[static_cast<std::size_t>(device)];
  use.peak = held;
  use.peak_at = at;
  if (use.overflow || capacity_.empty()) return;
  const std::optional<Bytes>& capacity = capacity_[static_cast<std::size_t>(device)];
  if (capacity && held > *capacity) use.overflow = {.op = op, .at = at, .needed = held};
}

inline void Engine::account_for(Lane& lane, int device, const Op& op, const OpCost& cost,
                                Interval when) {
  lane.busy_by_kind[static_cast<std::size_t>(op.kind)] += when.finish - when.start;
  lane.in_flight += op.kind == OpKind::forward ? 1 : 0;
  lane.peak_in_flight = std::max(lane.peak_in_flight, lane.in_flight);
  lane.in_flight -= sends_gradient(op.kind) ? 1 : 0;
  const Bytes held = lane.held + cost.allocate;
  lane.held = held - cost.release;
  if (held > lane.peak) [[unlikely]] {
    lane.peak = held;
    note_peak(device, op, when.start, held);
  }
}

// Runs a lane until an input is missing. Returns the number of ops that it ran.
template <Engine::Mode mode, bool wake>
std::ptrdiff_t Engine::advance(int device) {
  Lane& lane = lanes_[static_cast<std::size_t>(device)];
  const int last_stage = schedule_.stages() - 1;
  const std::size_t stride = activation_.stride();
  const bool lazy = schedule_.lazy_recompute;
  const Op* next = lane.next;
  Time clock = lane.clock;

  for (; next != lane.end; ++next) {
    const Op op = *next;
    const bool is_forward = op.kind == OpKind::forward;
    const bool is_backward = sends_gradient(op.kind);
    Time* activation = activation_.row(op.stage) + op.micro_batch;
    Time* gradient = gradient_.row(op.stage) + op.micro_batch;

    const Time* input = nullptr;
    if (is_forward) {
      if (op.stage > 0) input = activation;
    } else if (is_backward || (lazy && op.kind == OpKind::recompute)) {
      if (op.stage < last_stage) input = gradient;
    }
    Time start = clock;
    if (input != nullptr) {
      if (*input == not_yet) {
        lane.waits_for = input;
        break;
      }
      start = std::max(start, *input);
    }

    const Stage& stage = stages_[static_cast<std::size_t>(op.stage)];
    const OpCost& cost = is_forward && op.micro_batch == kept_
                             ? stage.ops.kept_forward
                             : stage.ops.by_kind[static_cast<std::size_t>(op.kind)];
    if constexpr (mode.replay) {
      clock = start + *lane.measured++;
    } else {
      clock = start + cost.duration;
    }
    if constexpr (mode.account) account_for(lane, device, op, cost, {start, clock});
    if constexpr (mode.record) *lane.record++ = {.start = start, .finish = clock};

    if (is_forward) {
      if (op.stage < last_stage) send<wake>(activation + stride, stage.activation, clock);
    } else if (is_backward && op.stage > 0) {
      send<wake>(gradient - stride, stage.gradient, clock);
    }
  }
  const std::ptrdiff_t count = next - lane.next;
  lane.next = next;
  lane.clock = clock;
  return count;
}

// Advances every lane once, from `first` on to the end or the beginning.
template <Engine::Mode mode>
std::ptrdiff_t Engine::pass(int first, int step) {
  constexpr int ahead = 2;
  const int devices = schedule_.devices();
  std::ptrdiff_t count = 0;
  for (int device = first; device >= 0 && device < devices; device += step) {
    const int later = device + ahead * step;
    if (later >= 0 && later < devices) {
      const Lane& lane = lanes_[static_cast<std::size_t>(later)];
      __builtin_prefetch(lane.next);
      __builtin_prefetch(lane.waits_for);
      if constexpr (mode.record) __builtin_prefetch(lane.record, 1);
    }
    count += advance<mode, false>(device);
  }
  return count;
}

template <Engine::Mode mode>
void Engine::run_all() {
  const int devices = schedule_.devices();
  for (std::ptrdiff_t count = devices; 2 * count >= devices;) {
    count = pass<mode>(0, 1);
    if (count == 0) break;
    count = std::max(count, pass<mode>(devices - 1, -1));
  }
  for (int device = 0; device < devices; ++device) frontier_.push_back(device);
  while (!frontier_.empty()) {
    const int device = frontier_.back();
    frontier_.pop_back();
    advance<mode, true>(device);
  }
}

Time Engine::latest_finish() const {
  Time latest;
  for (const Lane& lane : lanes_) latest = std::max(latest, lane.clock);
  return latest;
}

void Engine::hold_static_bytes(const StepCosts& costs) {
  uses_.assign(lanes_.size(), {});
  for (std::size_t s = 0; s < costs.stages.size(); ++s) {
    const auto device = static_cast<std::size_t>(schedule_.placement[s]);
    uses_[device].static_bytes += costs.stages[s].static_bytes();
  }
  for (std::size_t device = 0; device < lanes_.size(); ++device) {
    Lane& lane = lanes_[device];
    lane.held = lane.peak = uses_[device].static_bytes;
    note_peak(static_cast<int>(device), lane.next == lane.end ? Op{} : *lane.next, {}, lane.held);
  }
}

Outcome Engine::run(const StepCosts& costs, std::span<const std::optional<Bytes>> capacity,
                    bool record_timeline, const OpTimes* measured) {
  reset(costs, measured);
  capacity_ = capacity;
  hold_static_bytes(costs);
  Outcome outcome;
  if (record_timeline) {
    outcome.timeline.lanes = LaneIntervals(schedule_);
    for (std::size_t d = 0; d < lanes_.size(); ++d) {
      lanes_[d].record = outcome.timeline.lanes.first_of(d);
    }
    measured == nullptr ? run_all<Mode{.account = true, .record = true}>()
                        : run_all<Mode{.account = true, .record = true, .replay = true}>();
  } else {
    measured == nullptr ? run_all<Mode{.account = true}>()
                        : run_all<Mode{.account = true, .replay = true}>();
  }

  outcome.pipeline_time = latest_finish();
  outcome.devices = std::move(uses_);
  std::vector<std::size_t> heads;
  for (std::size_t device = 0; device < lanes_.size(); ++device) {
    const Lane& lane = lanes_[device];
    DeviceUse& use = outcome.devices[device];
    use.busy_by_kind = lane.busy_by_kind;
    use.peak_in_flight = lane.peak_in_flight;
    use.finish = lane.clock;
    heads.push_back(static_cast<std::size_t>(lane.next - schedule_.lanes[device].data()));
    if (record_timeline) outcome.timeline.lanes.cut(device, heads.back());
  }
  outcome.deadlock = find_deadlock(schedule_, heads, outcome.pipeline_time);
  if (record_timeline) {
    outcome.timeline.activation_arrival = std::exchange(activation_, {});
    outcome.timeline.gradient_arrival = std::exchange(gradient_, {});
  }
  return outcome;
}

Time Engine::makespan(const StepCosts& costs, const OpTimes* measured) {
  reset(costs, measured);
  measured == nullptr ? run_all<Mode{}>() : run_all<Mode{.replay = true}>();
  for (const Lane& lane : lanes_) {
    if (lane.next != lane.end) throw std::logic_error("makespan of a schedule that deadlocks");
  }
  return latest_finish();
}

}  // namespace pipesim
