#include "sim/engine.hpp"

#include <algorithm>
#include <stdexcept>
#include <unordered_map>

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
  number_links();
}

// One link for each pair of devices and direction in which messages go.
void Engine::number_links() {
  const std::size_t stages = schedule_.placement.size();
  activation_link_.assign(stages, 0);
  gradient_link_.assign(stages, 0);
  std::unordered_map<std::int64_t, int> numbers;
  const auto link = [&](int from, int to) {
    const std::int64_t pair = std::int64_t{from} * schedule_.devices() + to;
    return numbers.try_emplace(pair, static_cast<int>(numbers.size())).first->second;
  };
  for (std::size_t s = 0; s + 1 < stages; ++s) {
    activation_link_[s] = link(schedule_.placement[s], schedule_.placement[s + 1]);
    gradient_link_[s + 1] = link(schedule_.placement[s + 1], schedule_.placement[s]);
  }
  link_count_ = numbers.size();
}

void Engine::reset(const StepCosts& costs) {
  const std::size_t slots =
      schedule_.placement.size() * static_cast<std::size_t>(schedule_.micro_batches);
  activation_.assign(slots, not_yet);
  gradient_.assign(slots, not_yet);
  links_.assign(link_count_, {});
  ops_ = op_table(costs);
  hops_ = costs.hops;
  for (std::size_t s = 0; s < hops_.size(); ++s) {
    if (schedule_.placement[s] == schedule_.placement[s + 1]) hops_[s] = {};
  }
  kept_ = kept_micro_batch(costs.recompute, schedule_.micro_batches);
  lanes_.clear();
  frontier_.clear();
  for (int device = schedule_.devices() - 1; device >= 0; --device) frontier_.push_back(device);
  for (const std::vector<Op>& lane : schedule_.lanes) {
    lanes_.push_back({.next = lane.data(), .end = lane.data() + lane.size()});
  }
}

void Engine::send(Time* slot, int receiver, Time finish, const TransferCost& hop, Link& link) {
  link.free_at = std::max(finish, link.free_at) + hop.occupancy;
  *slot = link.free_at + hop.latency;
  Lane& lane = lanes_[static_cast<std::size_t>(receiver)];
  if (lane.waits_for == slot) {
    lane.waits_for = nullptr;
    frontier_.push_back(receiver);
  }
}

void Engine::note_peak(int device, const Op& op, Time at) {
  const Bytes held = lanes_[static_cast<std::size_t>(device)].held;
  DeviceUse& use = uses_[static_cast<std::size_t>(device)];
  use.peak = held;
  use.peak_at = at;
  if (use.overflow || capacity_.empty()) return;
  const std::optional<Bytes>& capacity = capacity_[static_cast<std::size_t>(device)];
  if (capacity && held > *capacity) use.overflow = {.op = op, .at = at, .needed = held};
}

template <bool account, bool record>
void Engine::advance(int device) {
  Lane& lane = lanes_[static_cast<std::size_t>(device)];
  const int last_stage = schedule_.stages() - 1;
  const auto micro_batches = static_cast<std::size_t>(schedule_.micro_batches);
  const bool lazy = schedule_.lazy_recompute;

  for (; lane.next != lane.end; ++lane.next) {
    const Op op = *lane.next;
    const auto stage = static_cast<std::size_t>(op.stage);
    const std::size_t index = stage * micro_batches + static_cast<std::size_t>(op.micro_batch);
    const bool is_forward = op.kind == OpKind::forward;
    const bool is_backward = sends_gradient(op.kind);

    const Time* input = nullptr;
    if (is_forward) {
      if (op.stage > 0) input = &activation_[index];
    } else if (is_backward || (lazy && op.kind == OpKind::recompute)) {
      if (op.stage < last_stage) input = &gradient_[index];
    }
    Time start = lane.clock;
    if (input != nullptr) {
      if (*input == not_yet) {
        lane.waits_for = input;
        return;
      }
      start = std::max(start, *input);
    }

    const StageOps& costs = ops_[stage];
    const OpCost& cost = is_forward && op.micro_batch == kept_
                             ? costs.kept_forward
                             : costs.by_kind[static_cast<std::size_t>(op.kind)];
    const Time finish = start + cost.duration;
    lane.clock = finish;
    if constexpr (account) {
      DeviceUse& use = uses_[static_cast<std::size_t>(device)];
      use.busy_by_kind[static_cast<std::size_t>(op.kind)] += cost.duration;
      lane.in_flight += is_forward ? 1 : 0;
      use.peak_in_flight = std::max(use.peak_in_flight, lane.in_flight);
      lane.in_flight -= is_backward ? 1 : 0;
      lane.held += cost.allocate;
      if (lane.held > use.peak) note_peak(device, op, start);
      lane.held -= cost.release;
    }
    if constexpr (record) {
      intervals_[static_cast<std::size_t>(device)].push_back({.start = start, .finish = finish});
    }

    if (is_forward) {
      if (op.stage < last_stage) {
        send(&activation_[index + micro_batches], schedule_.placement[stage + 1], finish,
             hops_[stage], links_[static_cast<std::size_t>(activation_link_[stage])]);
      }
    } else if (is_backward && op.stage > 0) {
      send(&gradient_[index - micro_batches], schedule_.placement[stage - 1], finish,
           hops_[stage - 1], links_[static_cast<std::size_t>(gradient_link_[stage])]);
    }
  }
}

template <bool account, bool record>
void Engine::run_all() {
  while (!frontier_.empty()) {
    const int device = frontier_.back();
    frontier_.pop_back();
    advance<account, record>(device);
  }
}

Time Engine::latest_finish() const {
  Time latest;
  for (const Lane& lane : lanes_) latest = std::max(latest, lane.clock);
  return latest;
}

Outcome Engine::run(const StepCosts& costs, std::span<const std::optional<Bytes>> capacity,
                    bool record_timeline) {
  reset(costs);
  capacity_ = capacity;
  uses_.assign(lanes_.size(), {});
  for (std::size_t s = 0; s < costs.stages.size(); ++s) {
    const auto device = static_cast<std::size_t>(schedule_.placement[s]);
    uses_[device].static_bytes += costs.stages[s].static_bytes();
  }
  for (std::size_t device = 0; device < lanes_.size(); ++device) {
    lanes_[device].held = uses_[device].static_bytes;
    const std::vector<Op>& lane = schedule_.lanes[device];
    note_peak(static_cast<int>(device), lane.empty() ? Op{} : lane.front(), {});
  }
  if (record_timeline) {
    intervals_.assign(lanes_.size(), {});
    for (std::size_t d = 0; d < lanes_.size(); ++d)
      intervals_[d].reserve(schedule_.lanes[d].size());
    run_all<true, true>();
  } else {
    run_all<true, false>();
  }

  Outcome outcome{.pipeline_time = latest_finish(), .devices = std::move(uses_)};
  std::vector<std::size_t> heads;
  for (std::size_t device = 0; device < lanes_.size(); ++device) {
    outcome.devices[device].finish = lanes_[device].clock;
    heads.push_back(static_cast<std::size_t>(lanes_[device].next - schedule_.lanes[device].data()));
  }
  outcome.deadlock = find_deadlock(schedule_, heads, outcome.pipeline_time);
  if (record_timeline) {
    outcome.timeline.lanes = std::move(intervals_);
    outcome.timeline.activation_arrival = std::move(activation_);
    outcome.timeline.gradient_arrival = std::move(gradient_);
  }
  return outcome;
}

Time Engine::makespan(const StepCosts& costs) {
  reset(costs);
  run_all<false, false>();
  for (const Lane& lane : lanes_) {
    if (lane.next != lane.end) throw std::logic_error("makespan of a schedule that deadlocks");
  }
  return latest_finish();
}

}  // namespace pipesim
