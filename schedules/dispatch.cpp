#include "schedules/dispatch.hpp"

#include <algorithm>
#include <array>

#include "schedules/earliest_device.hpp"

namespace pipesim {

namespace {

constexpr Time never = EarliestDevice::never;

struct StageState {
  StageLoad load{};
  Time hop_before{};  ///< From the stage before, and to it.
  Time hop_behind{};
  int device = 0;
  int depth = 0;
  int forwards = 0;  ///< How many it has run.
  int inputs = 0;
  int weights = 0;
  Time* forward_ends = nullptr;  ///< [micro-batch]
  Time* input_ends = nullptr;

  int in_flight() const { return forwards - inputs; }
  int put_off() const { return inputs - weights; }
};

struct DeviceState {
  std::array<StageState*, 2> stages{};  ///< By chunk.
  int chunks = 0;
  DevicePolicy policy{};
  Time free{};
  Time first = never;  ///< Its first op's start.
  Time busy{};
  Time may_idle{};
  int forwards_left = 0;
  Bytes limit = bytes_limit;
  Bytes in_flight = 0;  ///< Stashes between F and I.
  Bytes put_off = 0;    ///< Stashes between I and W.
  Bytes peak = 0;
  Bytes growth = 0;  ///< The most by which an I may raise what is held.
  std::size_t slot = 0;
};

/// When an input arrives; as long as it is not under way, when it could at the soonest.
struct Arrival {
  Time time = never;
  bool under_way = false;
};

/// What a device could do at some time.
struct Choice {
  int forward = -1;  ///< The chunk whose F can run; -1: none.
  int input = -1;
  int weight = -1;
  bool needs_room = false;  ///< Something could run but for the W's that are put off.
  Time next_input = never;  ///< Arrivals that are under way.
  Time next = never;
  Time soonest = never;  ///< As `next`, or of what could be under way at the soonest.
};

void await(Choice& choice, const Arrival& arrival) {
  choice.soonest = std::min(choice.soonest, arrival.time);
  if (arrival.under_way) choice.next = std::min(choice.next, arrival.time);
}

class Dispatcher {
 public:
  Dispatcher(const ScheduleRequest& request, const DispatchPolicy& policy);
  Draft run();

 private:
  void decide(int device, Time now);
  Choice choose(const DeviceState& device, const Step* ordered, Time now) const;
  void run_op(int device, OpKind kind, int chunk, Time now);
  int overdue_weight(const DeviceState& device) const;
  bool has_room(const DeviceState& device, int chunk) const;
  Arrival forward_arrival(const StageState& stage, Time now) const;
  Arrival input_arrival(const StageState& stage, Time now) const;
  Time soonest(const StageState& sender, Time duration, Time now) const;
  void wake(const StageState& stage, Time arrival);
  bool is_first(const StageState& stage) const { return &stage == stages_.data(); }
  bool is_last(const StageState& stage) const { return &stage == &stages_.back(); }

  const DispatchPolicy& policy_;
  int micro_batches_;
  std::vector<StageState> stages_;
  std::vector<DeviceState> devices_;
  std::vector<Time> ends_;
  EarliestDevice turns_;
  Draft draft_;
};

Dispatcher::Dispatcher(const ScheduleRequest& request, const DispatchPolicy& policy)
    : policy_(policy),
      micro_batches_(request.shape.micro_batches),
      stages_(request.loads.size()),
      devices_(static_cast<std::size_t>(request.shape.stages)),
      turns_(request.shape.stages) {
  // Rows a cache line longer than needed: with a power of two all would fall into the same sets.
  const std::size_t row = static_cast<std::size_t>(micro_batches_) + 8;
  ends_.resize(2 * row * stages_.size());
  for (std::size_t s = 0; s < stages_.size(); ++s) {
    StageState& stage = stages_[s];
    stage.load = request.loads[s];
    if (s > 0) stage.hop_before = request.hops[s - 1];
    if (s + 1 < stages_.size()) stage.hop_behind = request.hops[s];
    stage.device = device_of(static_cast<int>(s), request.shape);
    stage.depth = policy.order.empty() ? policy.depth[s] : micro_batches_;
    stage.forward_ends = &ends_[2 * row * s];
    stage.input_ends = stage.forward_ends + row;

    DeviceState& device = devices_[static_cast<std::size_t>(stage.device)];
    device.stages[static_cast<std::size_t>(device.chunks++)] = &stage;
    device.growth = std::max(device.growth, stage.load.weight_stash - stage.load.stash);
    device.forwards_left += micro_batches_;
  }
  for (std::size_t d = 0; d < devices_.size(); ++d) {
    devices_[d].policy = policy.devices[d];
    devices_[d].may_idle = std::max(Time{}, policy.span - micro_batches_ * work_of(request, static_cast<int>(d)));
    if (!request.memory.empty()) devices_[d].limit = request.memory[d];
    draft_.lanes.emplace_back().reserve(3 * static_cast<std::size_t>(devices_[d].forwards_left));
  }
  turns_.set(0, {});
}

// With all W's done, a device can still run every I, and the F of its second stage without which
// none of its first stage's I ever comes. So the oldest micro-batch can always go on.
bool Dispatcher::has_room(const DeviceState& device, int chunk) const {
  Bytes held = device.in_flight + device.stages[static_cast<std::size_t>(chunk)]->load.stash;
  if (chunk == 0 && device.chunks == 2) {
    const StageState& back = *device.stages[1];
    if (back.in_flight() == 0 && back.forwards < micro_batches_) held += back.load.stash;
  }
  return held + device.growth <= device.limit;
}

Time Dispatcher::soonest(const StageState& sender, Time duration, Time now) const {
  return std::max(now, devices_[static_cast<std::size_t>(sender.device)].free) + duration;
}

Arrival Dispatcher::forward_arrival(const StageState& stage, Time now) const {
  if (is_first(stage)) return {{}, true};
  const StageState& before = *(&stage - 1);
  if (before.forwards > stage.forwards) {
    return {before.forward_ends[stage.forwards] + stage.hop_before, true};
  }
  if (before.device == stage.device) return {};
  return {soonest(before, before.load.forward + stage.hop_before, now), false};
}

Arrival Dispatcher::input_arrival(const StageState& stage, Time now) const {
  if (is_last(stage)) return {stage.forward_ends[stage.inputs], true};
  const StageState& behind = *(&stage + 1);
  if (behind.inputs > stage.inputs) {
    return {behind.input_ends[stage.inputs] + stage.hop_behind, true};
  }
  if (behind.device == stage.device) return {};
  return {soonest(behind, behind.load.backward_input + stage.hop_behind, now), false};
}

Choice Dispatcher::choose(const DeviceState& device, const Step* ordered, Time now) const {
  Choice choice;
  const Bytes held = device.in_flight + device.put_off;
  for (int chunk = device.chunks - 1; chunk >= 0; --chunk) {
    const StageState& stage = *device.stages[static_cast<std::size_t>(chunk)];
    const StageLoad& load = stage.load;
    const auto allowed = [&](OpKind kind) {
      return ordered == nullptr || (ordered->kind == kind && ordered->chunk == chunk);
    };
    if (allowed(OpKind::forward) && stage.forwards < micro_batches_ &&
        stage.in_flight() < stage.depth &&
        (ordered != nullptr || has_room(device, chunk))) {
      const Arrival arrival = forward_arrival(stage, now);
      const bool fits = held + load.stash <= device.limit;
      if (arrival.time > now || !arrival.under_way) {
        await(choice, arrival);
      } else if (!fits) {
        choice.needs_room = true;
      } else if (choice.forward < 0) {
        choice.forward = chunk;
      }
    }
    if (allowed(OpKind::backward_input) && stage.in_flight() > 0) {
      const Arrival arrival = input_arrival(stage, now);
      const bool fits = held - load.stash + load.weight_stash <= device.limit;
      if (arrival.time > now || !arrival.under_way) {
        await(choice, arrival);
        if (arrival.under_way) choice.next_input = std::min(choice.next_input, arrival.time);
      } else if (!fits) {
        choice.needs_room = true;
      } else if (choice.input < 0) {
        choice.input = chunk;
      }
    }
    if (stage.put_off() > 0 &&
        (choice.weight < 0 ||
         stage.weights < device.stages[static_cast<std::size_t>(choice.weight)]->weights)) {
      choice.weight = chunk;
    }
  }
  return choice;
}

int Dispatcher::overdue_weight(const DeviceState& device) const {
  if (device.forwards_left == 0) return -1;
  for (int chunk = device.chunks - 1; chunk >= 0; --chunk) {
    if (device.stages[static_cast<std::size_t>(chunk)]->put_off() > device.policy.lag) return chunk;
  }
  return -1;
}

void Dispatcher::decide(int d, Time now) {
  DeviceState& device = devices_[static_cast<std::size_t>(d)];
  if (const int overdue = overdue_weight(device); overdue >= 0) {
    return run_op(d, OpKind::backward_weight, overdue, now);
  }
  const Step* ordered = nullptr;
  if (!policy_.order.empty() && device.slot < policy_.order[static_cast<std::size_t>(d)].size()) {
    ordered = &policy_.order[static_cast<std::size_t>(d)][device.slot];
  }
  Choice choice = choose(device, ordered, now);
  if (choice.forward >= 0 && (device.policy.forward_first || choice.input < 0)) {
    const Time forward = device.stages[static_cast<std::size_t>(choice.forward)]->load.forward;
    const Time patient_until{now.ps + forward.ps / 8 * device.policy.patience};
    if (choice.input >= 0 || choice.next_input >= patient_until) {
      return run_op(d, OpKind::forward, choice.forward, now);
    }
    choice.soonest = choice.next = choice.next_input;
  }
  if (choice.input >= 0) return run_op(d, OpKind::backward_input, choice.input, now);
  if (choice.weight < 0) return turns_.set(d, choice.next);

  const Time weight = device.stages[static_cast<std::size_t>(choice.weight)]->load.backward_weight;
  const Time must_work = device.first + device.busy + device.may_idle;
  if (choice.needs_room || now + weight <= choice.soonest || must_work < choice.soonest ||
      must_work <= now) {
    return run_op(d, OpKind::backward_weight, choice.weight, now);
  }
  turns_.set(d, std::min(choice.next, must_work));
}

void Dispatcher::run_op(int d, OpKind kind, int chunk, Time now) {
  DeviceState& device = devices_[static_cast<std::size_t>(d)];
  StageState& stage = *device.stages[static_cast<std::size_t>(chunk)];
  draft_.lanes[static_cast<std::size_t>(d)].push_back(
      {.kind = kind, .chunk = static_cast<std::uint8_t>(chunk)});
  device.first = std::min(device.first, now);
  if (kind != OpKind::backward_weight) ++device.slot;
  Time duration = stage.load.backward_weight;
  if (kind == OpKind::forward) {
    duration = stage.load.forward;
    device.in_flight += stage.load.stash;
    --device.forwards_left;
    stage.forward_ends[stage.forwards++] = now + duration;
    if (!is_last(stage)) wake(*(&stage + 1), now + duration + stage.hop_behind);
  } else if (kind == OpKind::backward_input) {
    duration = stage.load.backward_input;
    device.in_flight -= stage.load.stash;
    device.put_off += stage.load.weight_stash;
    stage.input_ends[stage.inputs++] = now + duration;
    if (!is_first(stage)) wake(*(&stage - 1), now + duration + stage.hop_before);
  } else {
    device.put_off -= stage.load.weight_stash;
    ++stage.weights;
  }
  device.busy += duration;
  device.free = now + duration;
  device.peak = std::max(device.peak, device.in_flight + device.put_off);
  turns_.set(d, device.free);
}

void Dispatcher::wake(const StageState& stage, Time arrival) {
  const Time turn = std::max(arrival, devices_[static_cast<std::size_t>(stage.device)].free);
  if (turn < turns_.time_of(stage.device)) turns_.set(stage.device, turn);
}

Draft Dispatcher::run() {
  while (turns_.time() < never) decide(turns_.device(), turns_.time());

  draft_.cost = draft_.makespan = {};
  draft_.peak = 0;
  for (std::size_t d = 0; d < devices_.size(); ++d) {
    const DeviceState& device = devices_[d];
    draft_.cost = std::max(draft_.cost, device.free - std::min(device.first, device.free));
    draft_.makespan = std::max(draft_.makespan, device.free);
    draft_.peak += device.peak;
  }
  for (const StageState& stage : stages_) {
    if (stage.weights < micro_batches_) draft_.cost = Time::limit();
  }
  return std::move(draft_);
}

}  // namespace

Draft dispatch(const ScheduleRequest& request, const DispatchPolicy& policy) {
  return Dispatcher(request, policy).run();
}

}  // namespace pipesim
