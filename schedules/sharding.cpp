#include "schedules/sharding.hpp"

#include <algorithm>
#include <map>

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

Schedule add_reduce_grad(Schedule schedule) {
  for (std::vector<Op>& lane : schedule.lanes) {
    std::map<StageCopy, std::size_t> last;
    for (std::size_t slot = 0; slot < lane.size(); ++slot) {
      const OpKind kind = lane[slot].kind;
      if (kind == OpKind::backward || kind == OpKind::backward_weight) {
        last[stage_of(lane[slot])] = slot;
      }
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
