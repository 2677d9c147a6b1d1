#include "sim/run.hpp"

#include <algorithm>
#include <utility>

#include "sim/replica_exchange.hpp"

namespace pipesim {

namespace {

// What follows the pipeline: each stage's gradients are summed over the replicas and over its
// copies, as soon as all that hold it in one replica are done; then its device updates it.
class Tail {
 public:
  Tail(const Experiment& experiment, Outcome& outcome)
      : experiment_(experiment),
        schedule_(experiment.schedule),
        spans_(schedule_.lanes.size()),
        reduced_(schedule_.placement.size()) {
    for (const DeviceUse& use : outcome.devices) now_.push_back(use.finish);
    for (const std::vector<Op>& lane : schedule_.lanes) {
      for (const Op& op : lane) {
        if (op.kind == OpKind::reduce_grad) reduced_[static_cast<std::size_t>(op.stage)] = 1;
      }
    }
    if (experiment.config.training.parallel.overlap_grad_reduce && !schedule_.bidirectional()) {
      for (int device = 0; device < schedule_.devices(); ++device) reduce_beside(device);
    } else {
      for (int stage = 0; stage < schedule_.stages(); ++stage) reduce(stage);
    }
    share_embedding();
    for (int stage = 0; stage < schedule_.stages(); ++stage) update(stage);
    for (int stage = 0; stage < schedule_.stages(); ++stage) gather(stage);
    for (const std::vector<TailSpan>& spans : spans_) {
      outcome.timeline.tail.insert(outcome.timeline.tail.end(), spans.begin(), spans.end());
    }
  }

 private:
  const Experiment& experiment_;
  const Schedule& schedule_;
  std::vector<Time> now_{};  // When each device is free.
  std::vector<std::vector<TailSpan>> spans_;
  std::vector<std::uint8_t> reduced_;  // [stage]: its REDUCE_GRAD stands in the lanes.

  void add(const Op& op, Time start, Time duration) {
    const auto device = static_cast<std::size_t>(schedule_.device_of(op.stage, op.copy));
    now_[device] = start + duration;
    if (duration == Time{}) return;
    spans_[device].push_back({.device = static_cast<int>(device),
                              .op = op,
                              .when = {.start = start, .finish = now_[device]}});
  }

  bool sums_at_end(int stage) const { return reduced_[static_cast<std::size_t>(stage)] == 0; }

  void reduce(int stage) {
    const int copies = schedule_.bidirectional() ? 2 : 1;
    const Time duration = gradient_sum_time(experiment_, stage, copies, sums_at_end(stage));
    if (duration == Time{}) return;
    Time start;
    for (int copy = 0; copy < copies; ++copy) start = std::max(start, now(stage, copy));
    for (int copy = 0; copy < copies; ++copy) {
      add(of_stage(OpKind::all_reduce, stage, copy), start, duration);
    }
  }

  // Bucket by bucket beside a stage's last backward, in whose course its gradients become ready one
  // after the other. Only what is left when the device is done takes time of its own.
  void reduce_beside(int device) {
    const auto& lane = schedule_.lanes[static_cast<std::size_t>(device)];
    std::vector<std::pair<Time, const Op*>> last;  // When each began, if nothing idles behind it.
    std::vector<std::uint8_t> seen(schedule_.placement.size());
    Time behind = now_[static_cast<std::size_t>(device)];
    for (auto op = lane.rbegin(); op != lane.rend(); ++op) {
      const Time duration =
          duration_of(op->kind, experiment_.costs.stages[static_cast<std::size_t>(op->stage)]);
      behind -= std::min(behind, duration);
      const bool makes_gradient =
          op->kind == OpKind::backward || op->kind == OpKind::backward_weight;
      std::uint8_t& done = seen[static_cast<std::size_t>(op->stage)];
      if (!makes_gradient || std::exchange(done, 1) != 0) continue;
      last.emplace_back(behind, &*op);
    }
    Time network;
    for (auto at = last.rbegin(); at != last.rend(); ++at) {
      const int stage = at->second->stage;
      const Time sum = gradient_sum_time(experiment_, stage, 1, sums_at_end(stage));
      const Time pass =
          duration_of(at->second->kind, experiment_.costs.stages[static_cast<std::size_t>(stage)]);
      network = bucketed(network, {.start = at->first, .finish = at->first + pass}, sum, stage);
      const Time left = network - std::min(network, now(stage, 0));
      if (left > Time{}) add(of_stage(OpKind::all_reduce, stage, 0), now(stage, 0), left);
    }
  }

  // When the last bucket has been summed over a network that is free from `network` on.
  Time bucketed(Time network, Interval pass, Time sum, int stage) const {
    constexpr Bytes bucket_bytes = 40'000'000 * Bytes{4};  // Megatron-LM's default, 40M gradients.
    const Bytes bytes = experiment_.costs.stages[static_cast<std::size_t>(stage)].summed_gradients;
    const std::int64_t buckets =
        std::clamp<Bytes>((bytes + bucket_bytes - 1) / bucket_bytes, 1, 4096);
    const auto part = [&](Time whole, std::int64_t count) {
      return Time{static_cast<std::int64_t>(Int128{whole.ps} * count / buckets)};
    };
    const Time took = pass.finish - pass.start;
    for (std::int64_t i = 1; i <= buckets; ++i) {
      network = std::max(network, pass.start + part(took, i)) + (part(sum, i) - part(sum, i - 1));
    }
    return network;
  }

  // The first and the last stage, each when it is ready.
  void share_embedding() {
    const Time duration = shared_embedding_time(experiment_);
    const int last = schedule_.stages() - 1;
    if (duration == Time{}) return;
    const Time start = std::max(now(0, 0), now(last, 0));
    for (const int stage : {0, last}) add(of_stage(OpKind::all_reduce, stage, 0), start, duration);
  }

  void update(int stage) {
    const Time duration = experiment_.costs.stages[static_cast<std::size_t>(stage)].optimizer;
    for (int copy = 0; copy < (schedule_.bidirectional() ? 2 : 1); ++copy) {
      add(of_stage(OpKind::optimizer, stage, copy), now(stage, copy), duration);
    }
  }

  void gather(int stage) {
    const Time duration = weight_gather_time(experiment_, stage);
    for (int copy = 0; copy < (schedule_.bidirectional() ? 2 : 1); ++copy) {
      add(of_stage(OpKind::unshard, stage, copy), now(stage, copy), duration);
    }
  }

  Time now(int stage, int copy) const {
    return now_[static_cast<std::size_t>(schedule_.device_of(stage, copy))];
  }
  static Op of_stage(OpKind kind, int stage, int copy) {
    return {
        .kind = kind, .copy = static_cast<std::uint8_t>(copy), .stage = stage, .micro_batch = -1};
  }
};

}  // namespace

Run simulate(const Experiment& experiment, const RunOptions& options) {
  Engine engine(experiment.schedule);
  Run run{.outcome = engine.run(experiment.costs, experiment.capacity, options.timeline)};
  if (!run.outcome.deadlock) Tail(experiment, run.outcome);
  run.metrics = measure(run.outcome);
  if (options.breakdown && !run.outcome.deadlock) {
    run.metrics.breakdown = break_down_bubble(engine, experiment, run.outcome);
  }
  return run;
}

}  // namespace pipesim
