#include "sim/run.hpp"

#include <algorithm>

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
    for (int stage = 0; stage < schedule_.stages(); ++stage) reduce(stage);
    for (int stage = 0; stage < schedule_.stages(); ++stage) update(stage);
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

  void reduce(int stage) {
    const Config& config = experiment_.config;
    const int copies = schedule_.bidirectional() ? 2 : 1;
    const Bytes bytes = experiment_.costs.stages[static_cast<std::size_t>(stage)].reduced_bytes();
    const bool over_replicas = reduced_[static_cast<std::size_t>(stage)] == 0;
    const Time duration =
        ring_all_reduce(config.cluster.interconnect, bytes,
                        copies * (over_replicas ? config.training.data_parallel : 1));
    if (duration == Time{}) return;
    Time start;
    for (int copy = 0; copy < copies; ++copy) start = std::max(start, now(stage, copy));
    for (int copy = 0; copy < copies; ++copy) {
      add(of_stage(OpKind::all_reduce, stage, copy), start, duration);
    }
  }

  void update(int stage) {
    const Time duration = experiment_.costs.stages[static_cast<std::size_t>(stage)].optimizer;
    for (int copy = 0; copy < (schedule_.bidirectional() ? 2 : 1); ++copy) {
      add(of_stage(OpKind::optimizer, stage, copy), now(stage, copy), duration);
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
