#include "sim/engine/engine.hpp"

#include <algorithm>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "schedules/core/recompute.hpp"

namespace pipesim {

Time DeviceUse::busy() const {
  Time total;
  for (const Time time : busy_by_kind) total += time;
  return total;
}

namespace {

bool is_plain(const Schedule& schedule) {
  if (schedule.bidirectional()) return false;
  for (const std::vector<Op>& lane : schedule.lanes) {
    for (const Op& op : lane) {
      if (op.with_next || !computes(op.kind)) return false;
    }
  }
  return true;
}

}  // namespace

Engine::Engine(const Schedule& schedule) : schedule_(schedule), plain_(is_plain(schedule)) {
  find_routes();
}

// One link for each pair of devices and direction in which messages go.
void Engine::find_routes() {
  const auto stages = static_cast<std::size_t>(schedule_.stages());
  stages_.resize(schedule_.bidirectional() ? 2 * stages : stages);
  std::unordered_map<std::int64_t, int> numbers;
  const auto route = [&](int from, int to) {
    const std::int64_t pair = std::int64_t{from} * schedule_.devices() + to;
    const int next = static_cast<int>(numbers.size());
    return Route{.link = numbers.try_emplace(pair, next).first->second, .receiver = to};
  };
  for (std::size_t at = 0; at < stages_.size(); ++at) {
    const int stage = static_cast<int>(at % stages);
    const int copy = static_cast<int>(at / stages);
    const int here = schedule_.device_of(stage, copy);
    const int before = schedule_.device_of(stage - 1, copy);
    const int behind = schedule_.device_of(stage + 1, copy);
    if (behind >= 0) stages_[at].activation = route(here, behind);
    if (before >= 0) stages_[at].gradient = route(here, before);
  }
  link_free_at_.resize(numbers.size());
}

void Engine::reset(const StepCosts& costs, const OpTimes* measured) {
  const int stages = schedule_.stages();
  std::vector<Arrivals*> tables{&activation_, &gradient_};
  if (schedule_.communication == Communication::rendezvous) {
    tables.insert(tables.end(), {&activation_posted_, &gradient_posted_});
  }
  for (Arrivals* arrivals : tables) {
    if (arrivals->stride() == 0) {
      *arrivals = Arrivals(stages, schedule_.micro_batches, Arrivals::not_yet);
    } else {
      arrivals->fill(Arrivals::not_yet);
    }
  }
  std::fill(link_free_at_.begin(), link_free_at_.end(), Time{});
  set_costs(costs);
  lanes_.clear();
  frontier_.clear();
  for (const std::vector<Op>& lane : schedule_.lanes) {
    const auto device = lanes_.size();
    lanes_.push_back({.next = lane.data(),
                      .end = lane.data() + lane.size(),
                      .measured = measured == nullptr ? nullptr : (*measured)[device].data()});
  }
}

void Engine::set_costs(const StepCosts& costs) {
  const std::vector<StageOps> ops = op_table(costs, schedule_);
  const std::size_t stages = costs.stages.size();
  for (std::size_t at = 0; at < stages_.size(); ++at) {
    Stage& stage = stages_[at];
    const std::size_t s = at % stages;
    const int here = schedule_.device_of(static_cast<int>(s), at < stages ? 0 : 1);
    const auto hop = [&](const Route& route, std::size_t index) {
      const bool apart = route.receiver >= 0 && route.receiver != here;
      return apart ? costs.hops[index] : TransferCost{};
    };
    stage.ops = ops[at];
    stage.activation.hop = hop(stage.activation, s);
    stage.gradient.hop = hop(stage.gradient, s - 1);
  }
  contended_ = costs.links.any();
  if (contended_) set_shared_routes(costs.links, costs.stages);
  kept_ = kept_micro_batch(costs.recompute, schedule_.micro_batches);
}

void Engine::wake_up(int device, const Time* slot) {
  Lane& lane = lanes_[static_cast<std::size_t>(device)];
  if (lane.waits_for != slot) return;
  lane.waits_for = nullptr;
  frontier_.push_back(device);
}

void Engine::note_peak(int device, const Op& op, Time at, Bytes held) {
  DeviceUse& use = uses_[static_cast<std::size_t>(device)];
  use.peak = held;
  use.peak_at = at;
  if (use.overflow || capacity_.empty()) return;
  const std::optional<Bytes>& capacity = capacity_[static_cast<std::size_t>(device)];
  if (capacity && held > *capacity) use.overflow = {.op = op, .at = at, .needed = held};
}

void Engine::tell() {
  next_report_ = ops_ + between_reports;
  if (report_) report_(ops_);
}

// Runs a lane until an input is missing, or for as long as is good at once. Returns the number of
// ops that it ran.
template <Engine::Mode mode, bool wake>
std::ptrdiff_t Engine::advance(int device) {
  Lane& lane = lanes_[static_cast<std::size_t>(device)];
  const int last_stage = schedule_.stages() - 1;
  const std::size_t stride = activation_.stride();
  const bool lazy = schedule_.lazy_recompute;
  const Op* const stop = stop_of(lane);
  const Op* next = lane.next;
  Time clock = lane.clock;

  for (; next != stop; ++next) {
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
      if (*input == Arrivals::not_yet) {
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
  if constexpr (wake) {
    if (next == stop && next != lane.end) frontier_.push_back(device);
  }
  return count;
}

// Advances every lane once, from `first` on to the end or the beginning.
template <Engine::Mode mode>
std::ptrdiff_t Engine::pass(int first, int step) {
  constexpr int ahead = 2;
  const int devices = schedule_.devices();
  std::ptrdiff_t ran = 0;
  for (int device = first; device >= 0 && device < devices; device += step) {
    const int later = device + ahead * step;
    if (later >= 0 && later < devices) {
      const Lane& lane = lanes_[static_cast<std::size_t>(later)];
      __builtin_prefetch(lane.next);
      __builtin_prefetch(lane.waits_for);
      if constexpr (mode.record) __builtin_prefetch(lane.record, 1);
    }
    ran += advance<mode, false>(device);
  }
  count(ran);
  return ran;
}

template <Engine::Mode mode>
void Engine::run_all() {
  if (contended_) return run_contended(mode);
  if (!plain_) return run_general(mode);
  const int devices = schedule_.devices();
  for (std::ptrdiff_t ran = devices; 2 * ran >= devices;) {
    ran = pass<mode>(0, 1);
    if (ran == 0) break;
    ran = std::max(ran, pass<mode>(devices - 1, -1));
  }
  for (int device = 0; device < devices; ++device) frontier_.push_back(device);
  while (!frontier_.empty()) {
    const int device = frontier_.back();
    frontier_.pop_back();
    count(advance<mode, true>(device));
  }
}

Time Engine::latest_finish() const {
  Time latest;
  for (const Lane& lane : lanes_) latest = std::max(latest, lane.clock);
  return latest;
}

// What a lane computes, from end to end. A plain lane starts with a forward.
Interval Engine::span_of(std::size_t device) const {
  const Lane& lane = lanes_[device];
  const std::vector<Op>& ops = schedule_.lanes[device];
  if (!plain_) return lane.span;
  if (lane.next == ops.data()) return {};
  const Op& first = ops.front();
  const bool receives = first.kind == OpKind::forward && first.stage > 0;
  return {.start = receives ? activation_.at(first.stage, first.micro_batch) : Time{},
          .finish = lane.clock};
}

// Only sends, receives and sharding can stand before the first op that computes, or behind the
// last.
Time Engine::pipeline_time() const {
  if (plain_) return latest_finish();
  Time first = Time::limit();
  Time last;
  for (const Lane& lane : lanes_) {
    if (!lane.computed) continue;
    first = std::min(first, lane.span.start);
    last = std::max(last, lane.span.finish);
  }
  return last == Time{} ? last : last - first;
}

void Engine::hold_static_bytes(const StepCosts& costs) {
  uses_.assign(lanes_.size(), {});
  for (std::size_t at = 0; at < stages_.size(); ++at) {
    const std::size_t s = at % costs.stages.size();
    const int device = schedule_.device_of(static_cast<int>(s), at == s ? 0 : 1);
    uses_[static_cast<std::size_t>(device)].static_bytes += costs.stages[s].static_bytes();
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

  outcome.devices = std::move(uses_);
  std::vector<std::size_t> heads;
  for (std::size_t device = 0; device < lanes_.size(); ++device) {
    const Lane& lane = lanes_[device];
    DeviceUse& use = outcome.devices[device];
    use.busy_by_kind = lane.busy_by_kind;
    use.peak_in_flight = lane.peak_in_flight;
    use.span = span_of(device);
    use.finish = lane.clock;
    heads.push_back(static_cast<std::size_t>(lane.next - schedule_.lanes[device].data()));
    if (record_timeline) outcome.timeline.lanes.cut(device, heads.back());
  }
  if (contended_) outcome.links = queue_.uses();
  outcome.deadlock = find_deadlock(schedule_, heads, latest_finish());
  outcome.pipeline_time = outcome.deadlock ? outcome.deadlock->at : pipeline_time();
  if (record_timeline) {
    outcome.timeline.activation_arrival = std::exchange(activation_, {});
    outcome.timeline.gradient_arrival = std::exchange(gradient_, {});
    if (contended_) outcome.timeline.link_waits = queue_.waits();
  }
  return outcome;
}

Time Engine::makespan(const StepCosts& costs, const OpTimes* measured) {
  reset(costs, measured);
  measured == nullptr ? run_all<Mode{}>() : run_all<Mode{.replay = true}>();
  for (const Lane& lane : lanes_) {
    if (lane.next != lane.end) throw std::logic_error("makespan of a schedule that deadlocks");
  }
  return pipeline_time();
}

}  // namespace pipesim
