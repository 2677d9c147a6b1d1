#include <algorithm>

#include "schedules/core/dependencies.hpp"
#include "sim/engine/engine.hpp"

namespace pipesim {

namespace {

Time* cell(Arrivals& arrivals, int stage, int micro_batch) {
  return arrivals.row(stage) + micro_batch;
}

bool is_forward_message(OpKind kind) {
  return kind == OpKind::send_forward || kind == OpKind::receive_forward;
}

// The part of a pair's time that counts as its first op's.
Time share(Time whole, Time first, Time second) {
  const Int128 both = Int128{first.ps} + second.ps;
  if (both == 0) return {};
  return {static_cast<std::int64_t>(Int128{whole.ps} * first.ps / both)};
}

}  // namespace

// Lanes in any order: every link has one sender, whose messages it takes in the sender's order.
void Engine::run_general(Mode mode) {
  for (int device = schedule_.devices() - 1; device >= 0; --device) frontier_.push_back(device);
  while (!frontier_.empty()) {
    const int device = frontier_.back();
    frontier_.pop_back();
    Lane& lane = lanes_[static_cast<std::size_t>(device)];
    const Op* const first = lane.next;
    const Op* const stop = stop_of(lane);
    while (lane.next < stop && step(lane, device, mode)) {
    }
    if (lane.next >= stop && lane.next != lane.end) frontier_.push_back(device);
    count(lane.next - first);
  }
}

// Runs the lane's next op. Returns false, and leaves it there, when it has to wait.
bool Engine::step(Lane& lane, int device, Mode mode) {
  if (communicates(lane.next->kind)) return communicate(lane, device, mode);
  return lane.next->with_next ? compute_pair(lane, device, mode) : compute(lane, device, mode);
}

bool Engine::compute(Lane& lane, int device, Mode mode) {
  const Op& op = *lane.next;
  const Time* input = input_of(op);
  if (!arrived(lane, input)) return false;
  const Time start = input == nullptr ? lane.clock : std::max(lane.clock, *input);
  const Time end = start + duration(lane, op, mode);
  finish_op(lane, device, op, {.start = start, .finish = end}, mode);
  hand_on(op, device, end);
  return true;
}

bool Engine::compute_pair(Lane& lane, int device, Mode mode) {
  const Op& first = lane.next[0];
  const Op& second = lane.next[1];
  Time start = lane.clock;
  for (const Op* op : {&first, &second}) {
    const Time* input = input_of(*op);
    if (!arrived(lane, input)) return false;
    if (input != nullptr) start = std::max(start, *input);
  }
  const Time alone = duration(lane, first, mode);
  const Time other = duration(lane, second, mode);
  const std::optional<Time>& overlapped = stage_of(first).ops.overlapped;
  const Time whole = overlapped && !mode.replay ? *overlapped : alone + other;
  const Time between = start + share(whole, alone, other);
  const Time end = start + whole;
  finish_op(lane, device, first, {.start = start, .finish = between}, mode);
  finish_op(lane, device, second, {.start = between, .finish = end}, mode);
  hand_on(first, device, end);
  hand_on(second, device, end);
  return true;
}

bool Engine::communicate(Lane& lane, int device, Mode mode) {
  const Op& op = *lane.next;
  const bool forward = is_forward_message(op.kind);
  const int receiver = op.stage + (is_send(op.kind) ? (forward ? 1 : -1) : 0);
  Time* arrival = cell(forward ? activation_ : gradient_, receiver, op.micro_batch);
  const Time before = lane.clock;
  if (schedule_.communication == Communication::rendezvous) {
    Arrivals& posted = forward ? activation_posted_ : gradient_posted_;
    if (!meet(lane, op, arrival, cell(posted, receiver, op.micro_batch))) return false;
  } else if (is_send(op.kind)) {
    const Stage& stage = stage_of(op);
    post(op, device, arrival, forward ? stage.activation : stage.gradient, lane.clock);
  } else {
    if (!arrived(lane, arrival)) return false;
    lane.clock = std::max(lane.clock, *arrival);
  }
  if (mode.account) account_for(lane, device, op, cost_of(op), {.start = before, .finish = before});
  if (mode.record) *lane.record++ = {.start = before, .finish = lane.clock};
  if (mode.replay) ++lane.measured;
  ++lane.next;
  return true;
}

// The first of the two to get here leaves word of when, and waits; the second works out when the
// message leaves and when it arrives, which the first one reads off the arrival.
bool Engine::meet(Lane& lane, const Op& op, Time* arrival, Time* posted) {
  const bool forward = is_forward_message(op.kind);
  const int sending_stage = is_send(op.kind) ? op.stage : op.stage + (forward ? -1 : 1);
  const Stage& sender = stages_[static_cast<std::size_t>(sending_stage) +
                                (op.copy == 0 ? 0 : schedule_.placement.size())];
  const Route& route = forward ? sender.activation : sender.gradient;
  if (*posted == Arrivals::not_yet) {
    *posted = lane.clock;
    lane.waits_for = arrival;
    return false;
  }
  if (*arrival == Arrivals::not_yet) {
    const Time both_there = std::max(lane.clock, *posted);
    const int from = schedule_.device_of(sending_stage, op.copy);
    if (contended_) {
      request(*lanes_[static_cast<std::size_t>(from)].next, from, arrival, both_there);
      lane.waits_for = arrival;
      return false;
    }
    send<false>(arrival, route, both_there);
    const int device = static_cast<int>(&lane - lanes_.data());
    wake_up(device == route.receiver ? from : route.receiver, arrival);
  }
  lane.clock = is_send(op.kind) ? *arrival - route.hop.latency : *arrival;
  return true;
}

bool Engine::arrived(Lane& lane, const Time* input) const {
  if (input == nullptr || *input != Arrivals::not_yet) return true;
  lane.waits_for = input;
  return false;
}

// What an op takes when it runs alone.
Time Engine::duration(Lane& lane, const Op& op, Mode mode) const {
  return mode.replay ? *lane.measured++ : cost_of(op).duration;
}

void Engine::finish_op(Lane& lane, int device, const Op& op, Interval when, Mode mode) {
  lane.clock = when.finish;
  ++lane.next;
  if (mode.record) *lane.record++ = when;
  if (!computes(op.kind)) {
    // What it holds counts, its time is no computing.
    if (mode.account) {
      account_for(lane, device, op, cost_of(op), {.start = when.start, .finish = when.start});
    }
    return;
  }
  if (!lane.computed) lane.span.start = when.start;
  lane.computed = true;
  lane.span.finish = when.finish;
  if (mode.account) account_for(lane, device, op, cost_of(op), when);
}

// Where sends stand in the lanes, only what stays on the device is handed on by itself.
void Engine::hand_on(const Op& op, int device, Time finish) {
  const bool forward = op.kind == OpKind::forward;
  if (!forward && !sends_gradient(op.kind)) return;
  const Stage& stage = stage_of(op);
  const Route& route = forward ? stage.activation : stage.gradient;
  const bool by_itself =
      schedule_.communication == Communication::overlapped || route.receiver == device;
  if (route.receiver < 0 || !by_itself) return;
  post(op, device,
       cell(forward ? activation_ : gradient_, op.stage + (forward ? 1 : -1), op.micro_batch),
       route, finish);
}

// A message goes its way, or asks for its way where that is shared.
void Engine::post(const Op& op, int device, Time* slot, const Route& route, Time at) {
  if (contended_ && route.receiver != device) return request(op, device, slot, at);
  send<true>(slot, route, at);
}

// The arrival that an op waits for. What a receive brings it stands behind.
const Time* Engine::input_of(const Op& op) {
  const auto message = message_to(op, schedule_);
  if (!message || receives_in_lane(schedule_, {op.stage, op.copy}, message->maker())) {
    return nullptr;
  }
  return cell(message->is_gradient ? gradient_ : activation_, op.stage, op.micro_batch);
}

std::size_t Engine::stage_index(const Op& op) const {
  return static_cast<std::size_t>(op.stage) + (op.copy == 0 ? 0 : schedule_.placement.size());
}

const Engine::Stage& Engine::stage_of(const Op& op) const {
  return stages_[stage_index(op)];
}

const OpCost& Engine::cost_of(const Op& op) const {
  const StageOps& ops = stage_of(op).ops;
  return op.kind == OpKind::forward && op.micro_batch == kept_
             ? ops.kept_forward
             : ops.by_kind[static_cast<std::size_t>(op.kind)];
}

}  // namespace pipesim
