#include "schedules/check/sharding.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace pipesim {

namespace {

StageCopy stage_of(const Op& op) {
  return {.stage = op.stage, .copy = op.copy};
}

Op of_stage(OpKind kind, const StageCopy& stage) {
  return {.kind = kind,
          .copy = static_cast<std::uint8_t>(stage.copy),
          .stage = stage.stage,
          .micro_batch = -1};
}

// For every op the next stages that its lane computes with, itself the first, at most `most`; two
// at least where two ops overlap.
std::vector<std::vector<StageCopy>> stages_ahead(const std::vector<Op>& lane, std::size_t most) {
  std::vector<std::vector<StageCopy>> ahead(lane.size());
  std::vector<StageCopy> by_next_use;  // Of what stands behind: the soonest first.
  for (std::size_t slot = lane.size(); slot-- > 0;) {
    if (computes(lane[slot].kind)) {
      std::erase(by_next_use, stage_of(lane[slot]));
      by_next_use.insert(by_next_use.begin(), stage_of(lane[slot]));
    }
    const std::size_t least = lane[slot].with_next ? 2 : 1;
    const std::size_t count = std::min(std::max(least, most), by_next_use.size());
    ahead[slot].assign(by_next_use.begin(),
                       by_next_use.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return ahead;
}

bool has(const std::vector<StageCopy>& stages, const StageCopy& stage) {
  return std::ranges::find(stages, stage) != stages.end();
}

// The weights that a device holds whole while it goes through its lane.
class ActiveStages {
 public:
  explicit ActiveStages(std::vector<Op>& lane) : lane_(lane) {}

  void change_to(const std::vector<StageCopy>& wanted) {
    for (const StageCopy& stage : active_) {
      if (!has(wanted, stage)) lane_.push_back(of_stage(OpKind::reshard, stage));
    }
    std::erase_if(active_, [&](const StageCopy& stage) { return !has(wanted, stage); });
    for (const StageCopy& stage : wanted) {
      if (has(active_, stage)) continue;
      lane_.push_back(of_stage(OpKind::unshard, stage));
      active_.push_back(stage);
    }
  }

 private:
  std::vector<Op>& lane_;
  std::vector<StageCopy> active_{};
};

}  // namespace

Schedule add_unshard_reshard(Schedule schedule, int most_active) {
  for (std::vector<Op>& lane : schedule.lanes) {
    const auto ahead = stages_ahead(lane, static_cast<std::size_t>(most_active));
    std::vector<Op> longer;
    ActiveStages active(longer);
    for (std::size_t slot = 0; slot < lane.size(); ++slot) {
      const bool in_pair = slot > 0 && lane[slot - 1].with_next;
      if (!in_pair) active.change_to(ahead[slot]);
      longer.push_back(lane[slot]);
    }
    active.change_to({});
    lane = std::move(longer);
  }
  return schedule;
}

std::vector<bool> stages_with(const Schedule& schedule, OpKind kind) {
  std::vector<bool> found(static_cast<std::size_t>(schedule.stages()));
  for (const std::vector<Op>& lane : schedule.lanes) {
    for (const Op& op : lane) {
      if (op.kind == kind) found[static_cast<std::size_t>(op.stage)] = true;
    }
  }
  return found;
}

namespace {

// Goes through a lane, and keeps of its sharding what changes something.
class CompleteSharding {
 public:
  CompleteSharding(const std::vector<bool>& gathered, const std::vector<bool>& reduced)
      : gathered_(gathered), reduced_(reduced) {}

  std::vector<Op> lane(const std::vector<Op>& ops) && {
    for (std::size_t slot = 0; slot < ops.size(); ++slot) {
      const bool in_pair = slot > 0 && ops[slot - 1].with_next;
      if (!in_pair) gather_for(ops[slot]);
      if (ops[slot].with_next) gather_for(ops[slot + 1]);
      keep(ops[slot]);
    }
    for (const StageCopy& stage : unreduced_) lane_.push_back(of_stage(OpKind::reduce_grad, stage));
    for (const StageCopy& stage : whole_) lane_.push_back(of_stage(OpKind::reshard, stage));
    return std::move(lane_);
  }

 private:
  const std::vector<bool>& gathered_;
  const std::vector<bool>& reduced_;
  std::vector<Op> lane_{};
  std::set<StageCopy> whole_{};      // Weights that stand gathered.
  std::set<StageCopy> unreduced_{};  // Gradients of which no REDUCE_GRAD knows.

  void gather_for(const Op& op) {
    const bool gathers = computes(op.kind) && gathered_[static_cast<std::size_t>(op.stage)];
    if (!gathers || is_deferred(op) || !whole_.insert(stage_of(op)).second) return;
    lane_.push_back(of_stage(OpKind::unshard, stage_of(op)));
  }

  void keep(const Op& op) {
    const StageCopy stage = stage_of(op);
    if (op.kind == OpKind::unshard && !whole_.insert(stage).second) return;
    if (op.kind == OpKind::reshard && whole_.erase(stage) == 0) return;
    if (op.kind == OpKind::reduce_grad) unreduced_.erase(stage);
    if (makes_weight_gradient(op.kind) && reduced_[static_cast<std::size_t>(op.stage)]) {
      unreduced_.insert(stage);
    }
    lane_.push_back(op);
  }
};

}  // namespace

Schedule with_complete_sharding(Schedule schedule) {
  const std::vector<bool> gathered = stages_with(schedule, OpKind::unshard);
  const std::vector<bool> reduced = stages_with(schedule, OpKind::reduce_grad);
  for (std::vector<Op>& lane : schedule.lanes) {
    lane = CompleteSharding(gathered, reduced).lane(lane);
  }
  return schedule;
}

Schedule add_reduce_grad(Schedule schedule) {
  for (std::vector<Op>& lane : schedule.lanes) {
    std::map<StageCopy, std::size_t> last;
    for (std::size_t slot = 0; slot < lane.size(); ++slot) {
      if (makes_weight_gradient(lane[slot].kind)) last[stage_of(lane[slot])] = slot;
    }
    std::vector<Op> longer;
    for (std::size_t slot = 0; slot < lane.size(); ++slot) {
      longer.push_back(lane[slot]);
      const auto found = last.find(stage_of(lane[slot]));
      if (found != last.end() && found->second == slot) {
        longer.push_back(of_stage(OpKind::reduce_grad, found->first));
      }
    }
    lane = std::move(longer);
  }
  return schedule;
}

}  // namespace pipesim
