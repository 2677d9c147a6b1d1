#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <vector>

#include "models/cost/stage_cost.hpp"
#include "schedules/core/schedule.hpp"
#include "sim/engine/memory_model.hpp"

namespace pipesim {

/// The moments of a schedule at which a device may hold the most, whatever its stages cost. Memory
/// follows the order of the ops alone (op_memory), so that a device's peak is known without running
/// them: at each op it is what the op allocates, beside what the micro-batches under way in the
/// device's stages hold after the ops that each has behind it.
///
/// Of the moments at which the same op begins, only those are kept that no other one outdoes in
/// every count: one or a few for each op of a regular schedule. Beyond 256 for an op the rest are
/// left out. Sharding ops are not looked at.
class PeakMoments {
 public:
  /// `schedule` is complete: with its re-computation, its sends and receives.
  PeakMoments(const Schedule& schedule, Recompute recompute);

  /// The most that a stage, or the fuller of its two copies, holds, static bytes included: the
  /// peak of a device with that stage alone, exactly. Below 2^62; sizes near to that count as it.
  Bytes of_stage(int stage, const StageCost& cost) const;
  /// The same of a device with all its stages; `costs` are those of every stage. Of a device with
  /// more than 64 stages no more is known than the sum of what each holds.
  Bytes of_device(int device, const std::vector<StageCost>& costs) const;

  const std::vector<std::vector<StageCopy>>& stages_of_devices() const { return held_; }

 private:
  // The kinds of ops that change what is held, and F that keeps its insides although others don't.
  static constexpr int kinds = 8;
  // Which of them a micro-batch has behind it, a bit for each.
  using Progress = std::uint8_t;

  // So many micro-batches of a stage of the device are that far.
  struct Count {
    int stage = 0;  // In the device's list.
    Progress progress = 0;
    int micro_batches = 0;

    auto operator<=>(const Count&) const = default;
  };
  struct Moment {
    int stage = 0;  // Of the op that begins.
    int kind = 0;
    std::vector<Count> under_way{};  // In order, none of nothing.
  };
  using Moments = std::vector<Moment>;
  // What each kind of op adds to what its stage holds, when it starts and in all.
  struct Changes {
    std::array<Bytes, kinds> at_start{};
    std::array<Bytes, kinds> in_all{};
  };
  class Recorder;

  int stages_ = 0;
  Recompute recompute_ = Recompute::none;
  std::vector<std::vector<StageCopy>> held_{};  // [device]
  std::vector<Moments> of_device_{};            // Empty where a device has one stage.
  std::vector<Moments> of_stage_{};             // Behind them those of the second copies.
  std::vector<StagePlace> places_{};            // Likewise.

  static int kind_of(const Op& op, int kept_micro_batch);
  Changes changes_of(std::size_t place, const StageCost& cost) const;
  static Bytes most_of(const Moments& moments, const std::vector<Changes>& stages);
};

}  // namespace pipesim
