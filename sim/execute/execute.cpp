#include "sim/execute/execute.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "models/base/machine_memory.hpp"
#include "models/base/median.hpp"
#include "sim/execute/executed_run.hpp"
#include "sim/execute/kept_steps.hpp"
#include "sim/execute/memory_check.hpp"
#include "sim/execute/workers/samples.hpp"

namespace pipesim {

namespace {

constexpr int most_threads = 256;

template <class T>
Allocations allocations_of(const Executor<T>& executor, const Experiment& experiment) {
  Allocations all;
  for (int d = 0; d < experiment.schedule.devices(); ++d) all.push_back(executor.allocations(d));
  return all;
}

Time step_time(const Timeline& timeline) {
  Time last;
  for (std::size_t d = 0; d < timeline.lanes.size(); ++d) {
    if (!timeline.lanes[d].empty()) last = std::max(last, timeline.lanes[d].back().finish);
  }
  for (const TailSpan& span : timeline.tail) last = std::max(last, span.when.finish);
  return last;
}

std::size_t ops_of(const Schedule& schedule) {
  std::size_t ops = 0;
  for (const std::vector<Op>& lane : schedule.lanes) ops += lane.size();
  return ops;
}

// The kept step whose time is nearest to the median over all steps, the lower one of two.
std::size_t median_step(const KeptSteps<Timeline>& steps, const std::vector<Time>& times) {
  const Time middle = median(times);
  const auto distance = [&](const KeptSteps<Timeline>::Kept& kept) {
    const std::int64_t off = (times[kept.number] - middle).ps;
    return std::pair{std::abs(off), off};
  };
  const auto nearest = std::ranges::min_element(steps.kept(), {}, distance);
  return static_cast<std::size_t>(nearest - steps.kept().begin());
}

// Whether the devices' rates were measured: pipesim calibrate measures those of this machine.
bool describes_this_machine(const Config& config) {
  const auto precision = static_cast<std::size_t>(config.training.precision);
  return std::ranges::all_of(config.cluster.kinds, [&](const Device& device) {
    return !device.kernel_rates[precision].rows.empty();
  });
}

template <class T>
void note_divergence(const Executor<T>& executor, int updates, Execution& execution) {
  if (!execution.diverged_after && !std::isfinite(executor.loss())) {
    execution.diverged_after = updates;
  }
}

template <class T>
void run_on_threads(Executor<T>& executor, const MiniBatch<T>& batch, const Experiment& experiment,
                    const ExecuteOptions& options, Execution& execution) {
  KeptSteps<Timeline> steps(most_kept_steps(ops_of(experiment.schedule)));
  for (int step = 0; step < options.steps; ++step) {
    Timeline timeline = executor.run(batch);
    note_divergence(executor, step + 1, execution);
    execution.step_times.push_back(step_time(timeline));
    steps.add(std::move(timeline));
    if (options.report) options.report(step + 1);
  }
  Timeline& median = steps.kept()[median_step(steps, execution.step_times)].step;
  execution.run = wall_run(experiment, std::move(median), allocations_of(executor, experiment));
}

template <class T>
void run_one_by_one(Executor<T>& executor, const MiniBatch<T>& batch, const Experiment& experiment,
                    const ExecuteOptions& options, Execution& execution) {
  KeptSteps<Measured> steps(most_kept_steps(ops_of(experiment.schedule)));
  const auto replay = [&](const Measured& step) {
    return measured_run(experiment, step, allocations_of(executor, experiment));
  };
  for (int step = 0; step < options.steps; ++step) {
    Measured measured = executor.measure(batch);
    note_divergence(executor, step + 1, execution);
    execution.step_times.push_back(replay(measured).metrics.step_time);
    steps.add(std::move(measured));
    if (options.report) options.report(step + 1);
  }
  std::vector<Measured> measured;
  for (KeptSteps<Measured>::Kept& kept : steps.kept()) measured.push_back(std::move(kept.step));
  execution.run = replay(median_of(measured));
}

template <class T>
void run_steps(const Experiment& experiment, const ExecuteOptions& options, Execution& execution) {
  const auto batch_size = static_cast<int>(experiment.config.training.batch_size);
  const Samples<T> samples(experiment, batch_size);
  const MiniBatch<T> batch = samples.slice(0, batch_size);
  Executor<T> executor(experiment);
  const bool on_threads = options.clock == Clock::wall;
  if (on_threads) {
    executor.run(batch);
  } else {
    executor.measure(batch);
  }
  execution.loss = executor.loss();
  note_divergence(executor, 0, execution);
  if (on_threads) {
    run_on_threads(executor, batch, experiment, options, execution);
  } else {
    run_one_by_one(executor, batch, experiment, options, execution);
  }
  execution.replay = replayed_run(experiment, execution.run.outcome.timeline,
                                  allocations_of(executor, experiment));
  execution.memory_difference = memory_difference(experiment, execution.prediction.outcome.timeline,
                                                  allocations_of(executor, experiment));
  execution.peak_resident = peak_resident_memory();
  if (on_threads) {
    executor.run(batch, Update::collect);
  } else {
    executor.measure(batch, Update::collect);
  }
  execution.gradients = check_gradients(experiment, executor, batch);
}

// All that running it holds on this machine, the check of the gradients included. The samples that
// go through the network at once, or its parameters: `by_samples` says which is more.
struct MemoryNeed {
  double bytes = 0;
  double parameters = 0;
  bool by_samples = false;
};

MemoryNeed memory_needed(const Experiment& experiment, const Run& predicted,
                         const HostNeeds& needs) {
  double devices = 0;
  for (const DeviceUse& use : predicted.outcome.devices) devices += static_cast<double>(use.peak);
  double parameters = 0;
  double activations = 0;
  const std::vector<int>& sizes = experiment.config.mlp->layer_sizes;
  const double samples =
      static_cast<double>(needs.samples) * (static_cast<double>(sizes.front()) + sizes.back());
  const Training& training = experiment.config.training;
  for (const LayerShape& layer : layer_shapes(*experiment.config.mlp)) {
    parameters += static_cast<double>(layer.parameters());
    activations += static_cast<double>(layer.inputs) + 2.0 * layer.outputs;
  }
  const auto element = static_cast<double>(bytes_per_element(training.precision));
  activations *= static_cast<double>(training.batch_size);
  // The reference and what it is compared with; of two copies also the gradients on their way from
  // one to the other, and the reference's second sum.
  const double times = experiment.schedule.bidirectional() ? 5 : 2;
  return {.bytes = devices + element * (samples + times * parameters + activations),
          .parameters = parameters,
          .by_samples = samples + activations > parameters};
}

void check_memory(const Experiment& experiment, const Run& predicted, const HostNeeds& needs) {
  const MemoryNeed needed = memory_needed(experiment, predicted, needs);
  const auto available = static_cast<double>(available_memory());
  if (needed.bytes <= available) return;
  const Training& training = experiment.config.training;
  throw experiment.config.source->error(
      needed.by_samples ? "/training/batch_size" : "/model/layer_sizes",
      fmt::format("needs {:.1f} GB of this machine's memory to execute", needed.bytes / 1e9),
      needed.by_samples ? std::to_string(training.batch_size)
                        : fmt::format("{:.0f} parameters", needed.parameters),
      fmt::format("{:.1f} GB are available: execute a smaller {}; simulate needs no such memory",
                  available / 1e9, needed.by_samples ? "batch" : "model"));
}

// What simulate prices and no kernel does.
void check_settings(const Config& config) {
  const Source& source = *config.source;
  const Training& training = config.training;
  const Recompute recompute = config.pipeline.recompute;
  if (as_ops(recompute) != recompute) {
    throw source.error("/pipeline/recompute", "is only simulated", in_quotes(name_of(recompute)),
                       "choose \"none\", \"full\" or \"except_last\"");
  }
  if (training.parallel.zero_stage > 0) {
    throw source.error("/training/zero_stage", "is only simulated: one replica is executed",
                       std::to_string(training.parallel.zero_stage), "set it to 0");
  }
  const std::pair<std::string_view, Precision> precisions[] = {
      {"gradient_precision", training.gradient_precision},
      {"optimizer_precision", training.optimizer_precision}};
  for (const auto& [key, precision] : precisions) {
    if (precision == training.precision) continue;
    throw source.error(fmt::format("/training/{}", key), "is only simulated",
                       in_quotes(precision_names[static_cast<std::size_t>(precision)]),
                       "leave it out: what is executed is of one precision");
  }
}

}  // namespace

void check_executable(const Config& config) {
  const Source& source = *config.source;
  const Training& training = config.training;
  if (!config.mlp) {
    throw source.error("/model/kind", "has no kernels to execute", in_quotes(config.model_kind),
                       "only an mlp is executed; simulate predicts the others");
  }
  if (training.precision != Precision::fp32 && training.precision != Precision::fp64) {
    throw source.error("/training/precision", "has no kernels to execute",
                       in_quotes(precision_names[static_cast<std::size_t>(training.precision)]),
                       "set it to \"fp32\" or \"fp64\"");
  }
  if (training.data_parallel > 1) {
    throw source.error("/training/data_parallel", "is only simulated: replicas are not executed",
                       std::to_string(training.data_parallel),
                       "set it to 1: one replica is what is executed");
  }
  check_settings(config);
  if (training.bytes_per_parameter) {
    throw source.error("/training/bytes_per_parameter", "cannot be chosen for what is executed",
                       fmt::format("{}", *training.bytes_per_parameter),
                       "leave it out: kernels hold what the optimizer and the precision need");
  }
  if (training.batch_size > std::numeric_limits<int>::max()) {
    throw source.error("/training/batch_size", "is too large to execute",
                       std::to_string(training.batch_size), "execute fewer samples");
  }
}

void check_executable(const Experiment& experiment, const Run& predicted, const HostNeeds& needs) {
  const Config& config = experiment.config;
  check_executable(config);
  if (needs.clock == Clock::wall && experiment.schedule.devices() > most_threads) {
    throw config.source->error(
        "/pipeline/stages",
        fmt::format("needs a thread for each device, and {} are the most", most_threads),
        std::to_string(config.pipeline.stages),
        "use fewer stages, or --clock measured, which takes one thread");
  }
  check_memory(experiment, predicted, needs);
}

Execution execute(const Experiment& experiment, const ExecuteOptions& options) {
  Execution execution{.prediction = simulate(experiment),
                      .is_for_this_machine = describes_this_machine(experiment.config)};
  check_executable(experiment, execution.prediction,
                   {.clock = options.clock, .samples = experiment.config.training.batch_size});
  if (execution.prediction.outcome.deadlock) return execution;
  if (experiment.config.training.precision == Precision::fp64) {
    run_steps<double>(experiment, options, execution);
  } else {
    run_steps<float>(experiment, options, execution);
  }
  return execution;
}

}  // namespace pipesim
