#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "schedules/search/draft.hpp"
#include "schedules/search/earliest_device.hpp"

namespace pipesim {

/// When an op's input is there; as long as it is not under way, when it could be at the soonest.
struct Arrival {
  Time time = EarliestDevice::never;
  bool under_way = false;

  bool is_there(Time now) const { return under_way && time <= now; }
};

/// A stage's part in it.
struct StageState {
  StageLoad load{};
  Time hop_before{};  ///< To the stage before, and from it.
  Time hop_behind{};
  int device = 0;
  int forwards = 0;  ///< How many it has run.
  int inputs = 0;
  int weights = 0;
  Time* forward_ends = nullptr;  ///< [micro-batch], of those that it has run.
  Time* input_ends = nullptr;

  int in_flight() const { return forwards - inputs; }
  int put_off() const { return inputs - weights; }
};

/// A device's part in it.
struct DeviceState {
  std::array<StageState*, 2> stages{};  ///< [chunk]
  int chunks = 0;
  int forwards_left = 0;
  Time start = EarliestDevice::never;  ///< Of its first op.
  Time free{};                         ///< The end of its last one.
  Time busy{};
  Bytes limit = bytes_limit;
  Bytes in_flight = 0;  ///< What its stages hold between F and I.
  Bytes put_off = 0;    ///< What they hold between I and W.
  Bytes growth = 0;     ///< The most that an I adds to what is held while it runs.
  Bytes peak = 0;

  StageState& stage(int chunk) const { return *stages[static_cast<std::size_t>(chunk)]; }
};

/// A pipeline as its devices run one op after another. Ops must be run in the order of their start,
/// so that `turns` decides whose turn it is; whoever has nothing to do sets its own turn to when
/// it will have, or to never: it is woken when an input is sent to it.
class PipelineState {
 public:
  explicit PipelineState(const ScheduleRequest& request);

  Arrival arrival(const DeviceState& device, Step step, Time now) const;

  /// The device's memory suffices for the step as things are.
  bool fits(const DeviceState& device, Step step) const {
    return device.in_flight + device.put_off + added(device.stage(step.chunk), step.kind) <=
           device.limit;
  }

  /// It suffices for an F without an end of all progress: with all W's done, the device can still
  /// run every I, and the F of its second stage without which none of its first stage's I comes.
  bool has_room(const DeviceState& device, int chunk) const;

  /// The device runs the step from now on.
  void run(int device, Step step, Time now);

  /// The lanes that have been run, and what they take.
  Draft finish();

  std::vector<DeviceState> devices{};
  EarliestDevice turns;

 private:
  static Bytes added(const StageState& stage, OpKind kind);
  Arrival forward_arrival(const StageState& stage, Time now) const;
  Arrival input_arrival(const StageState& stage, Time now) const;
  Arrival soonest(const StageState& sender, const StageState& receiver, Time duration,
                  Time now) const;
  void wake(const StageState& stage, Time arrival);
  bool is_first(const StageState& stage) const { return &stage == &stages_.front(); }
  bool is_last(const StageState& stage) const { return &stage == &stages_.back(); }

  int micro_batches_;
  std::vector<StageState> stages_;
  std::vector<Time> ends_;
  std::vector<Lane> lanes_;
};

inline Bytes PipelineState::added(const StageState& stage, OpKind kind) {
  if (kind == OpKind::forward) return stage.load.stash;
  if (kind == OpKind::backward_input) return stage.load.growth();
  return -stage.load.weight_stash;
}

inline bool PipelineState::has_room(const DeviceState& device, int chunk) const {
  Bytes held = device.in_flight + device.stage(chunk).load.stash;
  if (chunk == 0 && device.chunks == 2) {
    const StageState& back = device.stage(1);
    if (back.in_flight() == 0 && back.forwards < micro_batches_) held += back.load.stash;
  }
  return held + device.growth <= device.limit;
}

inline Arrival PipelineState::soonest(const StageState& sender, const StageState& receiver,
                                      Time duration, Time now) const {
  if (sender.device == receiver.device) return {};
  return {std::max(now, devices[static_cast<std::size_t>(sender.device)].free) + duration, false};
}

inline Arrival PipelineState::forward_arrival(const StageState& stage, Time now) const {
  if (stage.forwards == micro_batches_) return {};
  if (is_first(stage)) return {{}, true};
  const StageState& before = *(&stage - 1);
  if (before.forwards == stage.forwards) {
    return soonest(before, stage, before.load.forward + stage.hop_before, now);
  }
  return {before.forward_ends[stage.forwards] + stage.hop_before, true};
}

inline Arrival PipelineState::input_arrival(const StageState& stage, Time now) const {
  if (stage.in_flight() == 0) return {};
  if (is_last(stage)) return {stage.forward_ends[stage.inputs], true};
  const StageState& behind = *(&stage + 1);
  if (behind.inputs == stage.inputs) {
    return soonest(behind, stage, behind.load.backward_input + stage.hop_behind, now);
  }
  return {behind.input_ends[stage.inputs] + stage.hop_behind, true};
}

inline Arrival PipelineState::arrival(const DeviceState& device, Step step, Time now) const {
  const StageState& stage = device.stage(step.chunk);
  if (step.kind == OpKind::forward) return forward_arrival(stage, now);
  if (step.kind == OpKind::backward_input) return input_arrival(stage, now);
  return stage.put_off() > 0 ? Arrival{now, true} : Arrival{};
}

}  // namespace pipesim
