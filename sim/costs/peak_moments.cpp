#include "sim/costs/peak_moments.hpp"

#include <algorithm>
#include <map>
#include <unordered_set>

#include "models/base/index.hpp"
#include "models/base/split_mix.hpp"
#include "schedules/core/recompute.hpp"

namespace pipesim {

namespace {

// Places in a Progress; a forward that keeps its insides is the last.
constexpr std::array<OpKind, 7> known_kinds = {
    OpKind::forward,   OpKind::backward,        OpKind::backward_input,  OpKind::backward_weight,
    OpKind::recompute, OpKind::receive_forward, OpKind::receive_backward};
constexpr int kept_forward = static_cast<int>(known_kinds.size());

constexpr std::size_t most_moments = 256;  // Of an op.
constexpr std::size_t most_together = 64;  // Stages of a device.

// So large that sums of a few sizes might no longer be below 2^62.
bool is_huge(const StageCost& cost) {
  constexpr Bytes large = bytes_limit / 16;
  const Bytes waiting = capped_product(std::max(cost.stash, cost.weight_stash),
                                       std::max(1, cost.deferred_micro_batches));
  return std::max({cost.static_bytes(), waiting, cost.boundary, cost.output, cost.workspace,
                   cost.input_workspace, cost.update_workspace, cost.gathered_layer,
                   cost.unreduced_gradient}) >= large;
}

}  // namespace

// Follows a lane, or the ops of one of its stages, and keeps its moments.
class PeakMoments::Recorder {
 public:
  Recorder(std::size_t stages, int micro_batches)
      : progress_(stages, std::vector<Progress>(as_index(micro_batches))), counts_(stages) {}

  void record(int stage, int kind, const Op& op) {
    const std::uint64_t begins = number_of(stage, kind) * 3;
    if (known_.insert(signature_ + begins).second) keep(stage, kind);
    pass(stage, kind, op.micro_batch);
  }

  Moments moments() && {
    Moments all;
    for (auto& [op, moments] : seen_) {
      for (Moment& moment : moments) all.push_back(std::move(moment));
    }
    return all;
  }

 private:
  std::vector<std::vector<Progress>> progress_;    // [stage][micro-batch]
  std::vector<std::map<Progress, int>> counts_;    // [stage]: of micro-batches under way.
  std::map<std::pair<int, int>, Moments> seen_{};  // By stage and kind of the op.
  std::uint64_t signature_ = 0;                    // Of all counts.
  std::unordered_set<std::uint64_t> known_{};      // With the op that begins.

  static std::uint64_t number_of(int stage, int what) {
    return scrambled((static_cast<std::uint64_t>(stage) << 9) + static_cast<std::uint64_t>(what));
  }

  static bool outdoes(const Moment& a, const Moment& b) {
    return std::ranges::all_of(b.under_way, [&](const Count& wanted) {
      return std::ranges::any_of(a.under_way, [&](const Count& there) {
        return there.stage == wanted.stage && there.progress == wanted.progress &&
               there.micro_batches >= wanted.micro_batches;
      });
    });
  }

  void keep(int stage, int kind) {
    Moments& known = seen_[{stage, kind}];
    Moment moment{.stage = stage, .kind = kind};
    for (std::size_t s = 0; s < counts_.size(); ++s) {
      for (const auto& [progress, count] : counts_[s]) {
        moment.under_way.push_back(
            {.stage = static_cast<int>(s), .progress = progress, .micro_batches = count});
      }
    }
    // The latest first: regular schedules repeat what they did shortly before.
    const auto better = std::find_if(known.rbegin(), known.rend(),
                                     [&](const Moment& other) { return outdoes(other, moment); });
    if (better != known.rend()) return;
    std::erase_if(known, [&](const Moment& other) { return outdoes(moment, other); });
    if (known.size() < most_moments) known.push_back(std::move(moment));
  }

  // B and W are the last of a micro-batch, which then holds nothing; W of them all together is.
  void pass(int stage, int kind, int micro_batch) {
    if (micro_batch < 0) {
      for (const auto& [progress, count] : counts_[as_index(stage)]) {
        signature_ -= number_of(stage, 256 + progress) * static_cast<std::uint64_t>(count);
      }
      counts_[as_index(stage)].clear();
      return;
    }
    Progress& progress = progress_[as_index(stage)][as_index(micro_batch)];
    if (progress != 0) count(stage, progress, -1);
    progress = is_last(kind) ? Progress{0} : static_cast<Progress>(progress | 1 << kind);
    if (progress != 0) count(stage, progress, 1);
  }

  static bool is_last(int kind) {
    return kind != kept_forward && (known_kinds[as_index(kind)] == OpKind::backward ||
                                    known_kinds[as_index(kind)] == OpKind::backward_weight);
  }

  void count(int stage, Progress progress, int change) {
    int& there = counts_[as_index(stage)][progress];
    there += change;
    if (there == 0) counts_[as_index(stage)].erase(progress);
    const std::uint64_t number = number_of(stage, 256 + progress);
    signature_ += change > 0 ? number : -number;
  }
};

int PeakMoments::kind_of(const Op& op, int kept_micro_batch) {
  if (op.kind == OpKind::forward && op.micro_batch == kept_micro_batch) return kept_forward;
  const auto* const found = std::ranges::find(known_kinds, op.kind);
  return found == known_kinds.end() ? -1 : static_cast<int>(found - known_kinds.begin());
}

PeakMoments::PeakMoments(const Schedule& schedule, Recompute recompute)
    : stages_(schedule.stages()), recompute_(recompute), held_(stages_by_device(schedule)) {
  const int copies = schedule.bidirectional() ? 2 : 1;
  for (int at = 0; at < copies * stages_; ++at) {
    const StageCopy stage{.stage = at % stages_, .copy = at / stages_};
    places_.push_back({.is_first = stage.stage == 0,
                       .is_last = stage.stage + 1 == stages_,
                       .received_input = receives_in_lane(schedule, stage, stage.stage - 1),
                       .received_gradient = receives_in_lane(schedule, stage, stage.stage + 1)});
  }
  of_stage_.resize(places_.size());
  const int kept = kept_micro_batch(recompute, schedule.micro_batches);
  for (std::size_t device = 0; device < held_.size(); ++device) {
    const std::vector<StageCopy>& stages = held_[device];
    std::vector<int> local(places_.size(), -1);
    for (std::size_t i = 0; i < stages.size(); ++i) {
      local[as_index(stages[i].stage + stages[i].copy * stages_)] = static_cast<int>(i);
    }
    Recorder together(stages.size(), schedule.micro_batches);
    std::vector<Recorder> alone(stages.size(), Recorder(1, schedule.micro_batches));
    for (const Op& op : schedule.lanes[device]) {
      const int kind = kind_of(op, kept);
      if (kind < 0) continue;
      const int stage = local[as_index(op.stage + op.copy * stages_)];
      alone[as_index(stage)].record(0, kind, op);
      if (stages.size() > 1 && stages.size() <= most_together) together.record(stage, kind, op);
    }
    of_device_.push_back(std::move(together).moments());
    for (std::size_t i = 0; i < stages.size(); ++i) {
      of_stage_[as_index(stages[i].stage + stages[i].copy * stages_)] =
          std::move(alone[i]).moments();
    }
  }
}

PeakMoments::Changes PeakMoments::changes_of(std::size_t place, const StageCost& cost) const {
  Changes changes;
  for (int kind = 0; kind < kinds; ++kind) {
    StagePlace there = places_[place];
    there.keeps_insides = recompute_ == Recompute::none || kind == kept_forward;
    const OpKind op = kind == kept_forward ? OpKind::forward : known_kinds[as_index(kind)];
    const OpMemory memory = op_memory(op, cost, there);
    for (const MemoryUse& use : memory.all()) {
      changes.at_start[as_index(kind)] += use.at_start;
      changes.in_all[as_index(kind)] += use.at_start - use.at_finish;
    }
  }
  return changes;
}

Bytes PeakMoments::most_of(const Moments& moments, const std::vector<Changes>& stages) {
  Int128 most = 0;
  for (const Moment& moment : moments) {
    Int128 held = stages[as_index(moment.stage)].at_start[as_index(moment.kind)];
    for (const Count& count : moment.under_way) {
      Bytes each = 0;
      for (int kind = 0; kind < kinds; ++kind) {
        if ((count.progress >> kind & 1) == 0) continue;
        each += stages[as_index(count.stage)].in_all[as_index(kind)];
      }
      held += Int128{each} * count.micro_batches;
    }
    most = std::max(most, held);
  }
  return static_cast<Bytes>(std::min<Int128>(most, bytes_limit));
}

Bytes PeakMoments::of_stage(int stage, const StageCost& cost) const {
  if (is_huge(cost)) return bytes_limit;
  Bytes most = 0;
  for (std::size_t place = as_index(stage); place < places_.size(); place += as_index(stages_)) {
    most = std::max(most, most_of(of_stage_[place], {changes_of(place, cost)}));
  }
  return capped_sum(cost.static_bytes(), most);
}

Bytes PeakMoments::of_device(int device, const std::vector<StageCost>& costs) const {
  const std::vector<StageCopy>& stages = held_[as_index(device)];
  if (stages.size() == 1) {
    return of_stage(stages.front().stage, costs[as_index(stages.front().stage)]);
  }
  Bytes always = 0;
  if (stages.size() > most_together) {
    for (const StageCopy& stage : stages) {
      always = capped_sum(always, of_stage(stage.stage, costs[as_index(stage.stage)]));
    }
    return always;
  }
  std::vector<Changes> changes;
  for (const StageCopy& stage : stages) {
    const StageCost& cost = costs[as_index(stage.stage)];
    if (is_huge(cost)) return bytes_limit;
    always = capped_sum(always, cost.static_bytes());
    changes.push_back(changes_of(as_index(stage.stage + stage.copy * stages_), cost));
  }
  return capped_sum(always, most_of(of_device_[as_index(device)], changes));
}

}  // namespace pipesim
