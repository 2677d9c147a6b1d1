#include "support/models/networks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "schedules/check/check_schedule.hpp"
#include "sim/assemble/assemble.hpp"
#include "support/experiments.hpp"

namespace pipesim::test {

namespace {

template <class T>
const T& any_of(const std::vector<T>& choices, std::mt19937& random) {
  return choices[random() % choices.size()];
}

// Every stage has a layer; the others fall anywhere.
std::vector<int> random_cut(std::mt19937& random, int stages, int layers) {
  std::vector<int> counts(static_cast<std::size_t>(stages), 1);
  for (int spare = layers - stages; spare > 0; --spare) ++counts[random() % counts.size()];
  return counts;
}

std::vector<std::string> settings(const PipelinedMlp& mlp) {
  return {fmt::format("model.layer_sizes=[{}]", fmt::join(mlp.layer_sizes, ",")),
          fmt::format("model.activation=\"{}\"", mlp.activation),
          fmt::format("model.output_activation=\"{}\"", mlp.output_activation),
          fmt::format("pipeline.schedule=\"{}\"", mlp.schedule),
          fmt::format("pipeline.stages={}", mlp.stages),
          fmt::format("pipeline.micro_batches={}", mlp.micro_batches),
          fmt::format("pipeline.partition={}", mlp.partition),
          fmt::format("pipeline.recompute=\"{}\"", mlp.recompute),
          fmt::format("pipeline.recompute_placement=\"{}\"", mlp.placement),
          fmt::format("pipeline.communication=\"{}\"", mlp.communication),
          fmt::format("training.batch_size={}", mlp.rows * mlp.micro_batches),
          fmt::format("training.weight_gradient=\"{}\"", mlp.weight_gradient),
          fmt::format("training.optimizer=\"{}\"", mlp.optimizer),
          fmt::format("training.precision=\"{}\"", mlp.precision)};
}

}  // namespace

Experiment assemble(const PipelinedMlp& mlp) {
  return experiment_from(R"({"model": {"kind": "mlp"}, "pipeline": {}, "training": {}})",
                         settings(mlp));
}

std::string describe(const PipelinedMlp& mlp) {
  return fmt::format("{}", fmt::join(settings(mlp), " "));
}

const std::vector<BackwardMode>& backward_modes() {
  static const std::vector<BackwardMode> modes{
      {.recompute = "none"},
      {.recompute = "full"},
      {.recompute = "full", .placement = "lazy"},
      {.recompute = "except_last"},
      {.recompute = "except_last", .placement = "lazy"},
      {.weight_gradient = "deferred"},
  };
  return modes;
}

PipelinedMlp random_mlp(std::mt19937& random, int stages, const BackwardMode& mode) {
  const auto number = [&](int least, int most) {
    return std::uniform_int_distribution<int>(least, most)(random);
  };
  const std::vector<std::string> activations{"relu", "tanh", "linear"};
  const int layers = stages + number(0, 5);
  PipelinedMlp mlp{.layer_sizes = {},
                   .activation = any_of(activations, random),
                   .output_activation = any_of(activations, random),
                   .stages = stages,
                   .micro_batches = number(1, 6),
                   .rows = number(1, 5),
                   .recompute = mode.recompute,
                   .placement = mode.placement,
                   .weight_gradient = mode.weight_gradient,
                   .optimizer = any_of<std::string>({"sgd", "momentum", "adam", "rmsprop"}, random),
                   .precision = any_of<std::string>({"fp32", "fp64"}, random)};
  for (int l = 0; l <= layers; ++l) mlp.layer_sizes.push_back(number(1, 40));
  mlp.partition = fmt::format("[{}]", fmt::join(random_cut(random, stages, layers), ","));
  return mlp;
}

void set_schedule(Experiment& experiment, const Schedule& schedule) {
  experiment.schedule = schedule;
  experiment.schedule.micro_batches = experiment.config.training.micro_batches;
  experiment.schedule.lazy_recompute = experiment.config.pipeline.lazy_recompute;
  experiment.capacity.assign(schedule.lanes.size(), std::nullopt);
  check_schedule(experiment.schedule);
}

void set_schedule(Experiment& experiment, const std::vector<int>& placement,
                  const std::vector<std::string>& lanes) {
  Schedule schedule{.name = "by hand", .placement = placement};
  for (const std::string& text : lanes) schedule.lanes.push_back(lane(text));
  set_schedule(experiment, schedule);
}

}  // namespace pipesim::test
