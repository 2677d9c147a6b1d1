#include "schedules/search/dispatch.hpp"

#include "schedules/search/pipeline_state.hpp"
#include "schedules/search/schedule_bounds.hpp"

namespace pipesim {

namespace {

constexpr Time never = EarliestDevice::never;

/// What a device could do at some time.
struct Choice {
  int forward = -1;  ///< The chunk whose F can run; -1: none.
  int input = -1;
  int weight = -1;
  bool needs_room = false;  ///< Something could run but for the W's that are put off.
  Time next = never;        ///< When the next input that is under way arrives,
  Time next_gradient = never;
  Time soonest = never;  ///< and the soonest that any could.
};

class Dispatcher {
 public:
  Dispatcher(const ScheduleRequest& request, const DispatchPolicy& policy);
  Draft run();

 private:
  Choice choose(int device, Time now) const;
  void consider(Choice& choice, const DeviceState& device, Step step, Time now) const;
  void decide(int device, Time now);
  void fill_gap(int device, const Choice& choice, Time now);
  void run(int device, OpKind kind, int chunk, Time now);
  int overdue_weight(int device) const;

  const DispatchPolicy& policy_;
  PipelineState state_;
  std::vector<Time> may_idle_{};   ///< [device]
  std::vector<std::size_t> at_{};  ///< [device]: how far it is in its order.
  std::vector<std::array<int, 2>> depth_{};
};

Dispatcher::Dispatcher(const ScheduleRequest& request, const DispatchPolicy& policy)
    : policy_(policy), state_(request), at_(policy.order.size()) {
  for (int d = 0; d < request.shape.stages; ++d) {
    const Time work = request.shape.micro_batches * work_of(request, d);
    may_idle_.push_back(std::max(policy.span, work) - work);
    std::array<int, 2>& depth = depth_.emplace_back();
    for (int chunk = 0; chunk < request.shape.virtual_stages && at_.empty(); ++chunk) {
      depth[static_cast<std::size_t>(chunk)] =
          policy.depth[static_cast<std::size_t>(stage_of(d, chunk, request.shape))];
    }
  }
}

void Dispatcher::consider(Choice& choice, const DeviceState& device, Step step, Time now) const {
  const Arrival arrival = state_.arrival(device, step, now);
  const bool is_forward = step.kind == OpKind::forward;
  if (!arrival.is_there(now)) {
    choice.soonest = std::min(choice.soonest, arrival.time);
    if (!arrival.under_way) return;
    choice.next = std::min(choice.next, arrival.time);
    if (!is_forward) choice.next_gradient = std::min(choice.next_gradient, arrival.time);
  } else if (!state_.fits(device, step)) {
    choice.needs_room = true;
  } else {
    int& chunk = is_forward ? choice.forward : choice.input;
    if (chunk < 0) chunk = step.chunk;
  }
}

// The way back is looked at first, and so preferred: it is nearer to releasing what is held.
Choice Dispatcher::choose(int d, Time now) const {
  const DeviceState& device = state_.devices[static_cast<std::size_t>(d)];
  Choice choice;
  for (int chunk = device.chunks - 1; chunk >= 0; --chunk) {
    const StageState& stage = device.stage(chunk);
    if (stage.put_off() > 0 &&
        (choice.weight < 0 || stage.weights < device.stage(choice.weight).weights)) {
      choice.weight = chunk;
    }
    if (!at_.empty()) continue;
    const auto c = static_cast<std::uint8_t>(chunk);
    if (stage.in_flight() < depth_[static_cast<std::size_t>(d)][c] &&
        state_.has_room(device, chunk)) {
      consider(choice, device, {OpKind::forward, c}, now);
    }
    consider(choice, device, {OpKind::backward_input, c}, now);
  }
  if (!at_.empty()) {
    const Lane& order = policy_.order[static_cast<std::size_t>(d)];
    const std::size_t slot = at_[static_cast<std::size_t>(d)];
    if (slot < order.size()) consider(choice, device, order[slot], now);
  }
  return choice;
}

int Dispatcher::overdue_weight(int d) const {
  const DeviceState& device = state_.devices[static_cast<std::size_t>(d)];
  if (device.forwards_left == 0) return -1;
  for (int chunk = device.chunks - 1; chunk >= 0; --chunk) {
    if (device.stage(chunk).put_off() > policy_.devices[static_cast<std::size_t>(d)].lag) {
      return chunk;
    }
  }
  return -1;
}

void Dispatcher::decide(int d, Time now) {
  if (const int overdue = overdue_weight(d); overdue >= 0) {
    return run(d, OpKind::backward_weight, overdue, now);
  }
  const DevicePolicy& policy = policy_.devices[static_cast<std::size_t>(d)];
  Choice choice = choose(d, now);
  if (choice.forward >= 0 && (policy.forward_first || choice.input < 0)) {
    const DeviceState& device = state_.devices[static_cast<std::size_t>(d)];
    const Time eighth{device.stage(choice.forward).load.forward.ps / 8};
    if (choice.input >= 0 || choice.next_gradient >= now + policy.patience * eighth) {
      return run(d, OpKind::forward, choice.forward, now);
    }
    choice.next = choice.soonest = choice.next_gradient;
  }
  if (choice.input >= 0) return run(d, OpKind::backward_input, choice.input, now);
  fill_gap(d, choice, now);
}

void Dispatcher::fill_gap(int d, const Choice& choice, Time now) {
  if (choice.weight < 0) return state_.turns.set(d, choice.next);
  const DeviceState& device = state_.devices[static_cast<std::size_t>(d)];
  const Time weight = device.stage(choice.weight).load.backward_weight;
  const Time must_work = device.start + device.busy + may_idle_[static_cast<std::size_t>(d)];
  const bool span_is_short = must_work <= now || must_work < choice.soonest;
  if (choice.needs_room || now + weight <= choice.soonest || span_is_short) {
    return run(d, OpKind::backward_weight, choice.weight, now);
  }
  state_.turns.set(d, std::min(choice.next, must_work));
}

void Dispatcher::run(int d, OpKind kind, int chunk, Time now) {
  if (!at_.empty() && kind != OpKind::backward_weight) ++at_[static_cast<std::size_t>(d)];
  state_.run(d, {kind, static_cast<std::uint8_t>(chunk)}, now);
}

Draft Dispatcher::run() {
  while (state_.turns.time() < never) decide(state_.turns.device(), state_.turns.time());
  return state_.finish();
}

}  // namespace

Draft dispatch(const ScheduleRequest& request, const DispatchPolicy& policy) {
  return Dispatcher(request, policy).run();
}

Draft replay(const ScheduleRequest& request, const std::vector<Lane>& lanes) {
  PipelineState state(request);
  std::vector<std::size_t> at(lanes.size());
  for (Time now = state.turns.time(); now < never; now = state.turns.time()) {
    const int d = state.turns.device();
    const DeviceState& device = state.devices[static_cast<std::size_t>(d)];
    const Lane& lane = lanes[static_cast<std::size_t>(d)];
    std::size_t& slot = at[static_cast<std::size_t>(d)];
    const bool can_go_on = slot < lane.size() && state.fits(device, lane[slot]);
    const Arrival arrival = can_go_on ? state.arrival(device, lane[slot], now) : Arrival{};
    if (arrival.is_there(now)) {
      state.run(d, lane[slot++], now);
    } else {
      state.turns.set(d, arrival.under_way ? arrival.time : never);
    }
  }
  return state.finish();
}

}  // namespace pipesim
