#include "sim/run.hpp"

namespace pipesim {

namespace {

// What a device sums over the replicas. A model that states only its static bytes moves those.
Bytes reduced_bytes(const StageCost& cost) {
  return cost.gradients > 0 ? cost.gradients : cost.weights;
}

void add_tail(const Experiment& experiment, Outcome& outcome) {
  const Config& config = experiment.config;
  const int replicas = config.training.data_parallel;
  const std::vector<std::vector<int>> stages = stages_by_device(experiment.schedule);
  for (int device = 0; device < experiment.schedule.devices(); ++device) {
    Time now = outcome.devices[static_cast<std::size_t>(device)].finish;
    for (const OpKind kind : {OpKind::all_reduce, OpKind::optimizer}) {
      for (const int stage : stages[static_cast<std::size_t>(device)]) {
        const StageCost& cost = experiment.costs.stages[static_cast<std::size_t>(stage)];
        const Time duration =
            kind == OpKind::optimizer
                ? cost.optimizer
                : ring_all_reduce(config.cluster.interconnect, reduced_bytes(cost), replicas);
        if (duration == Time{}) continue;
        outcome.timeline.tail.push_back({.device = device,
                                         .op = {.kind = kind, .stage = stage, .micro_batch = -1},
                                         .when = {.start = now, .finish = now + duration}});
        now += duration;
      }
    }
  }
}

}  // namespace

Run simulate(const Experiment& experiment, const RunOptions& options) {
  Engine engine(experiment.schedule);
  Run run{.outcome = engine.run(experiment.costs, experiment.capacity, options.timeline)};
  if (!run.outcome.deadlock) add_tail(experiment, run.outcome);
  run.metrics = measure(run.outcome);
  if (options.breakdown && !run.outcome.deadlock) {
    run.metrics.breakdown = break_down_bubble(engine, experiment, run.outcome);
  }
  return run;
}

}  // namespace pipesim
