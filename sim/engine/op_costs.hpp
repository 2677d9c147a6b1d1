#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "models/cost/stage_cost.hpp"
#include "models/device/interconnect.hpp"
#include "models/settings/pipeline_settings.hpp"
#include "schedules/core/schedule.hpp"
#include "sim/engine/memory_model.hpp"

namespace pipesim {

/// The links that messages take, by number: [s] is between stages s and s + 1.
struct LinkRoutes {
  std::vector<std::vector<int>> activation{};  ///< From s to s + 1.
  std::vector<std::vector<int>> gradient{};    ///< From s + 1 to s.
};

/// Links that messages of several devices share. A message takes all links of its route at once,
/// each of which stands there once. An empty route: the link that two devices have to themselves,
/// in each direction. Without names all messages have such links.
struct SharedLinks {
  std::vector<std::string> names{};
  LinkRoutes routes{};
  LinkRoutes second_routes{};  ///< Between the stages' second copies.

  bool any() const { return !names.empty(); }
};

/// The cost of a training step, stage by stage: what the engine needs to know beside the schedule.
struct StepCosts {
  std::vector<StageCost> stages{};
  /// hops[s] is one message between stages s and s + 1, in either direction.
  std::vector<TransferCost> hops{};
  Recompute recompute = Recompute::none;
  SharedLinks links{};

  StagePlace place(int stage, bool keeps_insides) const {
    return {.is_first = stage == 0,
            .is_last = stage + 1 == static_cast<int>(stages.size()),
            .keeps_insides = keeps_insides};
  }
};

/// Where a copy of a stage stands in a schedule, and what receives in its lane hold for it.
StagePlace place_in(const Schedule& schedule, const StepCosts& costs, const StageCopy& stage,
                    bool keeps_insides);

/// Whether F of that micro-batch leaves its whole stash.
bool keeps_insides(const StepCosts& costs, int micro_batch, int micro_batches);

/// One op, as the engine's inner loop sees it.
struct OpCost {
  Time duration{};
  Bytes allocate = 0;  ///< At its start.
  Bytes release = 0;   ///< At its finish.
};

/// The costs of one stage's ops by kind. `kept_forward` is F of the micro-batch that
/// Recompute::except_last leaves alone.
struct StageOps {
  std::array<OpCost, op_kinds> by_kind{};
  OpCost kept_forward{};
  std::optional<Time> overlapped{};  ///< Of F and a backward together.
};

/// Of every stage, and behind them of every second copy.
std::vector<StageOps> op_table(const StepCosts& costs, const Schedule& schedule);

/// How long an op of that kind takes in a stage.
Time duration_of(OpKind kind, const StageCost& cost);

/// The same step with messages that take no time, and no link from each other.
StepCosts with_free_transfers(StepCosts costs);

/// The same step with every kind of op at its mean over the stages, times `scale`, which makes the
/// means whole numbers. Where that could overflow, `scale` is 1 and the means are rounded to 1 ps.
struct EvenedCosts {
  StepCosts costs{};
  std::int64_t scale = 1;
};
EvenedCosts with_equal_stages(StepCosts costs, const Schedule& schedule);

}  // namespace pipesim
