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

// For every op the next stages that its lane computes with, itself the first, at most `most`.
std::vector<std::vector<StageCopy>> stages_ahead(const std::vector<Op>& lane, std::size_t most) {
  std::vector<std::vector<StageCopy>> ahead(lane.size());
  std::vector<StageCopy> by_next_use;  // Of what stands behind: the soonest first.
  for (std::size_t slot = lane.size(); slot-- > 0;) {
    if (computes(lane[slot].kind)) {
      const auto found = std::ranges::find(by_next_use, stage_of(lane[slot]));
      if (found != by_next_use.end()) by_next_use.erase(found);
      by_next_use.insert(by_next_use.begin(), stage_of(lane[slot]));
    }
    const std::size_t count = std::min(most, by_next_use.size());
    ahead[slot].assign(by_next_use.begin(),
                       by_next_use.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return ahead;
}

bool has(const std::vector<StageCopy>& stages, const StageCopy& stage) {
  return std::ranges::find(stages, stage) != stages.end();
}

}  // namespace

Schedule add_unshard_reshard(Schedule schedule, int most_active) {
  for (std::vector<Op>& lane : schedule.lanes) {
    const auto ahead = stages_ahead(lane, static_cast<std::size_t>(most_active));
    std::vector<Op> longer;
    std::vector<StageCopy> active;
    const auto drop = [&](auto&& keep) {
      for (const StageCopy& stage : active) {
        if (!keep(stage)) longer.push_back(of_stage(OpKind::reshard, stage));
      }
      std::erase_if(active, [&](const StageCopy& stage) { return !keep(stage); });
    };
    for (std::size_t slot = 0; slot < lane.size(); ++slot) {
      const bool in_pair = slot > 0 && lane[slot - 1].with_next;
      if (!in_pair) {
        drop([&](const StageCopy& stage) { return has(ahead[slot], stage); });
        for (const StageCopy& stage : ahead[slot]) {
          if (has(active, stage)) continue;
          longer.push_back(of_stage(OpKind::unshard, stage));
          active.push_back(stage);
        }
      }
      longer.push_back(lane[slot]);
    }
    drop([](const StageCopy&) { return false; });
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
