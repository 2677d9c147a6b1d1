#include "sim/step/run.hpp"

#include <algorithm>
#include <utility>

#include "sim/step/step_tail.hpp"

namespace pipesim {

namespace {

// Simulates those that are not shown, as far as what follows the pipeline waits for them.
std::vector<FinishedReplica> finish_others(const Experiment& experiment, Engine& engine, Run& run) {
  std::vector<FinishedReplica> others;
  StepCosts costs = experiment.costs;
  for (const ReplicaCosts& replica : experiment.replicas) {
    const int number = replica.replicas.front();
    if (number == experiment.slowest_replica) continue;
    costs.stages = replica.stages;
    const Outcome outcome = engine.run(costs, replica.capacity, false);
    FinishedReplica& other = others.emplace_back(FinishedReplica{.stages = &replica.stages});
    for (std::size_t device = 0; device < outcome.devices.size(); ++device) {
      const DeviceUse& use = outcome.devices[device];
      other.finish.push_back(use.finish);
      if (!use.overflow) continue;
      run.other_overflows.push_back({.replica = number,
                                     .device = static_cast<int>(device),
                                     .overflow = *use.overflow,
                                     .peak = use.peak,
                                     .capacity = *replica.capacity[device]});
    }
  }
  return others;
}

FinishedReplica finished(const Experiment& experiment, const Outcome& outcome) {
  FinishedReplica replica{.stages = &experiment.costs.stages};
  for (const DeviceUse& use : outcome.devices) replica.finish.push_back(use.finish);
  return replica;
}

// The ops of all simulations that a run takes.
double ops_to_simulate(const Experiment& experiment, const RunOptions& options) {
  double ops = 0;
  for (const std::vector<Op>& lane : experiment.schedule.lanes) {
    ops += static_cast<double>(lane.size());
  }
  const std::size_t pipelines = std::max<std::size_t>(1, experiment.replicas.size());
  const int again = options.breakdown ? breakdown_runs(experiment) : 0;
  return ops * (static_cast<double>(pipelines) + again);
}

}  // namespace

Run simulate(const Experiment& experiment, const RunOptions& options) {
  Engine engine(experiment.schedule);
  if (options.progress) {
    const double total = ops_to_simulate(experiment, options);
    engine.report_to(
        [&options, total](std::int64_t ops) { options.progress(static_cast<double>(ops), total); });
  }
  Run run{.outcome = engine.run(experiment.costs, experiment.capacity, options.timeline)};
  StepTail tail;
  if (!run.outcome.deadlock) {
    std::vector<FinishedReplica> replicas = finish_others(experiment, engine, run);
    replicas.insert(replicas.begin(), finished(experiment, run.outcome));
    tail = step_tail(experiment, replicas);
    run.outcome.timeline.tail = std::move(tail.spans);
  }
  run.metrics = measure(run.outcome);
  run.metrics.fits_memory = run.metrics.fits_memory && run.other_overflows.empty();
  const Time later = tail.finish - std::min(tail.finish, run.metrics.step_time);
  run.metrics.optimizer += later;  // The update of a replica that is not shown.
  run.metrics.step_time += later;
  if (options.breakdown && !run.outcome.deadlock) {
    run.metrics.breakdown = break_down_bubble(engine, experiment, run.outcome);
  }
  return run;
}

}  // namespace pipesim
