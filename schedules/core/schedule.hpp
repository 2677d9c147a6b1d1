#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/base/units.hpp"
#include "models/settings/pipeline_settings.hpp"
#include "schedules/core/op.hpp"

namespace pipesim {

/// How large a schedule is.
struct PipelineShape {
  int stages = 1;  ///< Devices of the pipeline.
  int micro_batches = 1;
  int virtual_stages = 1;  ///< Stages on each device.
  /// Micro-batches that go through a device's stage before its next one is turned to; 0: as many
  /// as there are devices. Only interleaved schedules look at it.
  int group_size = 0;

  int all_stages() const { return stages * virtual_stages; }
};

/// What one micro-batch takes and leaves in a stage, as far as an automatic schedule looks at it.
struct StageLoad {
  Time forward{};
  Time backward_input{};
  Time backward_weight{};
  Bytes stash = 0;         ///< From F to I.
  Bytes weight_stash = 0;  ///< From I to W.
  Bytes again = 0;         ///< Beside the stash while I runs: what R computes before it.

  /// What an I adds to what is held while it runs, if anything.
  Bytes growth() const { return again > weight_stash - stash ? again : weight_stash - stash; }
};

/// How long an automatic schedule is searched for.
struct SearchEffort {
  std::int64_t steps = 8'000'000;  ///< Ops that are placed, in all drafts together.
  int failures = 500;              ///< Changes in a row that are no better.
};

/// What an automatic schedule is made for.
struct ScheduleRequest {
  PipelineShape shape{};
  std::vector<StageLoad> loads{};  ///< Of every (virtual) stage.
  std::vector<Time> hops{};        ///< [s]: what a message between stages s and s + 1 takes.
  std::vector<Bytes> memory{};     ///< [device]: what its stashes may hold; empty: no limit.
  SearchEffort effort{};
};

/// What each device runs, in order. Says nothing about when.
struct Schedule {
  std::string name{};
  int micro_batches = 0;
  std::vector<int> placement{};  ///< placement[stage] is the device that holds it.
  /// The device of every stage's second copy; empty unless the schedule is bidirectional. A
  /// micro-batch goes through the first copies of all stages, or through the second ones.
  std::vector<int> second_placement{};
  std::vector<std::vector<Op>> lanes{};  ///< lanes[device][slot]
  /// An R waits for its micro-batch's gradient, as the backward does.
  bool lazy_recompute = false;
  /// Unless overlapped, lanes hold sends and receives.
  Communication communication = Communication::overlapped;

  int stages() const { return static_cast<int>(placement.size()); }
  int devices() const { return static_cast<int>(lanes.size()); }
  bool bidirectional() const { return !second_placement.empty(); }
  /// Where a copy of a stage is; -1: there is no such stage.
  int device_of(int stage, int copy) const {
    const std::vector<int>& devices = copy == 0 ? placement : second_placement;
    const auto s = static_cast<std::size_t>(stage);  // -1 becomes more than there are.
    return s < devices.size() ? devices[s] : -1;
  }
};

/// A copy of a stage, on a device.
struct StageCopy {
  int stage = 0;
  int copy = 0;

  auto operator<=>(const StageCopy&) const = default;
};

/// The stages that each device holds, in order.
std::vector<std::vector<StageCopy>> stages_by_device(const Schedule& schedule);

/// Whether there is such another stage, and it is on another device than this one: what the two
/// exchange is a message.
bool is_elsewhere(const Schedule& schedule, int other, const StageCopy& stage);

/// Whether a stage's messages from another one are brought by receives in its lane.
bool receives_in_lane(const Schedule& schedule, const StageCopy& stage, int from);

/// So that a micro-batch alone does not say what a device runs.
bool several_stages_on_a_device(const Schedule& schedule);

/// Whether any lane has an op of such a kind.
bool contains(const Schedule& schedule, bool (*which)(OpKind));

/// The device of every stage when each device holds one: 0, 1, 2, …
std::vector<int> one_stage_per_device(int stages);

/// Round after round over the devices: 0, 1, 2, 3, 0, 1, 2, 3.
std::vector<int> looped_placement(const PipelineShape& shape);

/// There and back: 0, 1, 2, 3, 3, 2, 1, 0.
std::vector<int> v_placement(const PipelineShape& shape);

}  // namespace pipesim
