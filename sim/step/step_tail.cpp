#include "sim/step/step_tail.hpp"

#include <algorithm>
#include <utility>

#include "models/base/index.hpp"
#include "schedules/check/sharding.hpp"
#include "sim/step/replica_exchange.hpp"

namespace pipesim {

namespace {

class Tail {
 public:
  Tail(const Experiment& experiment, std::span<const FinishedReplica> replicas)
      : experiment_(experiment),
        schedule_(experiment.schedule),
        replicas_(replicas),
        spans_(schedule_.lanes.size()),
        gathered_(stages_with(schedule_, OpKind::unshard)),
        reduced_(stages_with(schedule_, OpKind::reduce_grad)),
        seen_(schedule_.placement.size(), -1) {
    for (const FinishedReplica& replica : replicas) now_.push_back(replica.finish);
  }

  StepTail run() && {
    if (experiment_.config.training.parallel.overlap_grad_reduce && !schedule_.bidirectional()) {
      for (int device = 0; device < schedule_.devices(); ++device) reduce_beside(device);
    } else {
      for (int stage = 0; stage < schedule_.stages(); ++stage) reduce(stage);
    }
    share_embedding();
    for (int stage = 0; stage < schedule_.stages(); ++stage) update(stage);
    for (int stage = 0; stage < schedule_.stages(); ++stage) gather(stage);
    StepTail tail;
    for (const std::vector<TailSpan>& spans : spans_) {
      tail.spans.insert(tail.spans.end(), spans.begin(), spans.end());
    }
    for (const std::vector<Time>& devices : now_) {
      tail.finish = std::max(tail.finish, std::ranges::max(devices));
    }
    return tail;
  }

 private:
  const Experiment& experiment_;
  const Schedule& schedule_;
  std::span<const FinishedReplica> replicas_;
  std::vector<std::vector<Time>> now_{};  // When each device of each replica is free.
  std::vector<std::vector<TailSpan>> spans_;
  std::vector<bool> gathered_;  // [stage]: its UNSHARD stands in the lanes.
  std::vector<bool> reduced_;   // [stage]: its REDUCE_GRAD does.
  std::vector<int> seen_;       // [stage]: the last device whose lane was read for it.

  // A stage's last backward in a lane.
  struct LastPass {
    const Op* op = nullptr;
    Interval when{};  // If nothing idles behind it.
  };

  int copies() const { return schedule_.bidirectional() ? 2 : 1; }
  static Op of_stage(OpKind kind, int stage, int copy) {
    return {
        .kind = kind, .copy = static_cast<std::uint8_t>(copy), .stage = stage, .micro_batch = -1};
  }
  const StageCost& cost(std::size_t replica, int stage) const {
    return (*replicas_[replica].stages)[as_index(stage)];
  }

  Time now(std::size_t replica, int stage, int copy) const {
    return now_[replica][as_index(schedule_.device_of(stage, copy))];
  }
  // When the last of all replicas and copies of a stage is done.
  Time latest(int stage) const {
    Time latest;
    for (std::size_t r = 0; r < now_.size(); ++r) {
      for (int copy = 0; copy < copies(); ++copy) latest = std::max(latest, now(r, stage, copy));
    }
    return latest;
  }

  void add(std::size_t replica, const Op& op, Time start, Time duration) {
    const auto device = as_index(schedule_.device_of(op.stage, op.copy));
    now_[replica][device] = start + duration;
    if (duration == Time{} || replica > 0) return;
    spans_[device].push_back({.device = static_cast<int>(device),
                              .op = op,
                              .when = {.start = start, .finish = start + duration}});
  }

  // All replicas and copies at once, when the last is ready.
  void add_to_all(OpKind kind, int stage, Time duration) {
    if (duration == Time{} && now_.size() == 1) return;
    const Time start = latest(stage);
    for (std::size_t r = 0; r < now_.size(); ++r) {
      for (int copy = 0; copy < copies(); ++copy) {
        add(r, of_stage(kind, stage, copy), start, duration);
      }
    }
  }

  bool sums_at_end(int stage) const { return !reduced_[as_index(stage)]; }

  void reduce(int stage) {
    add_to_all(OpKind::all_reduce, stage,
               gradient_sum_time(experiment_, stage, copies(), sums_at_end(stage)));
  }

  // Bucket by bucket beside a stage's last backward, in whose course its gradients become ready one
  // after the other, in all replicas. Only what is left when a device is done takes time of its
  // own.
  void reduce_beside(int device) {
    std::vector<std::vector<LastPass>> passes;
    for (std::size_t r = 0; r < now_.size(); ++r) passes.push_back(last_passes(r, device));
    Time network;
    for (std::size_t i = passes.front().size(); i-- > 0;) {
      const int stage = passes.front()[i].op->stage;
      const Time sum = gradient_sum_time(experiment_, stage, 1, sums_at_end(stage));
      std::vector<Interval> when;
      for (const std::vector<LastPass>& of_replica : passes) when.push_back(of_replica[i].when);
      network = bucketed(network, when, sum, stage);
      for (std::size_t r = 0; r < now_.size(); ++r) {
        const Time left = network - std::min(network, now(r, stage, 0));
        if (left > Time{}) add(r, of_stage(OpKind::all_reduce, stage, 0), now(r, stage, 0), left);
      }
    }
  }

  // The last passes of all stages in a lane, the latest first.
  std::vector<LastPass> last_passes(std::size_t replica, int device) {
    const auto& lane = schedule_.lanes[as_index(device)];
    std::vector<LastPass> passes;
    Time behind = now_[replica][as_index(device)];
    for (auto op = lane.rbegin(); op != lane.rend(); ++op) {
      const Time finish = behind;
      behind -= std::min(behind, duration_of(op->kind, cost(replica, op->stage)));
      const bool makes_gradient = makes_weight_gradient(op->kind);
      if (!makes_gradient || std::exchange(seen_[as_index(op->stage)], device) == device) continue;
      passes.push_back({.op = &*op, .when = {.start = behind, .finish = finish}});
    }
    for (const LastPass& pass : passes) seen_[as_index(pass.op->stage)] = -1;
    return passes;
  }

  // When the last bucket has been summed over a network that is free from `network` on.
  Time bucketed(Time network, const std::vector<Interval>& passes, Time sum, int stage) const {
    constexpr Bytes bucket = 40'000'000;  // Gradients: Megatron-LM's default.
    const Bytes bucket_bytes =
        bucket * bytes_per_element(experiment_.config.training.gradient_precision);
    const Bytes bytes = cost(0, stage).summed_gradients;
    const std::int64_t buckets =
        std::clamp<Bytes>((bytes + bucket_bytes - 1) / bucket_bytes, 1, 4096);
    const auto part = [&](Time whole, std::int64_t count) {
      return Time{static_cast<std::int64_t>(Int128{whole.ps} * count / buckets)};
    };
    for (std::int64_t i = 1; i <= buckets; ++i) {
      for (const Interval& pass : passes) {
        network = std::max(network, pass.start + part(pass.finish - pass.start, i));
      }
      network += part(sum, i) - part(sum, i - 1);
    }
    return network;
  }

  // The first and the last stage of a replica, each when it is ready.
  void share_embedding() {
    const Time duration = shared_embedding_time(experiment_);
    const int last = schedule_.stages() - 1;
    if (duration == Time{}) return;
    for (std::size_t r = 0; r < now_.size(); ++r) {
      const Time start = std::max(now(r, 0, 0), now(r, last, 0));
      for (const int stage : {0, last}) {
        add(r, of_stage(OpKind::all_reduce, stage, 0), start, duration);
      }
    }
  }

  void update(int stage) {
    for (std::size_t r = 0; r < now_.size(); ++r) {
      for (int copy = 0; copy < copies(); ++copy) {
        add(r, of_stage(OpKind::optimizer, stage, copy), now(r, stage, copy),
            cost(r, stage).optimizer);
      }
    }
  }

  // What the next step's UNSHARD will bring is not gathered here.
  void gather(int stage) {
    if (gathered_[as_index(stage)]) return;
    const Time duration = weight_gather_time(experiment_, stage);
    if (duration > Time{}) add_to_all(OpKind::unshard, stage, duration);
  }
};

}  // namespace

StepTail step_tail(const Experiment& experiment, std::span<const FinishedReplica> replicas) {
  return Tail(experiment, replicas).run();
}

}  // namespace pipesim
