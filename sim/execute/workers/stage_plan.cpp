#include "sim/execute/workers/stage_plan.hpp"

#include "schedules/core/recompute.hpp"
#include "sim/step/experiment.hpp"

namespace pipesim {

std::vector<LayerShape> layer_shapes(const Mlp& mlp) {
  std::vector<LayerShape> shapes;
  for (std::size_t l = 0; l + 1 < mlp.layer_sizes.size(); ++l) {
    const bool is_last = l + 2 == mlp.layer_sizes.size();
    shapes.push_back({.inputs = mlp.layer_sizes[l],
                      .outputs = mlp.layer_sizes[l + 1],
                      .activation = is_last ? mlp.output_activation : mlp.activation});
  }
  return shapes;
}

std::int64_t StagePlan::parameters() const {
  std::int64_t total = 0;
  for (const LayerShape& layer : layers) total += layer.parameters();
  return total;
}

std::int64_t StagePlan::interior() const {
  std::int64_t total = -layers.back().outputs;
  for (const LayerShape& layer : layers) total += layer.outputs;
  return total;
}

std::vector<StagePlan> stage_plans(const Experiment& experiment) {
  const Config& config = experiment.config;
  const Training& training = config.training;
  const std::vector<LayerShape> shapes = layer_shapes(config.mlp.value());
  std::vector<StagePlan> plans;
  auto next = shapes.begin();
  for (const int layers : experiment.partition) {
    const bool is_last = plans.size() + 1 == experiment.partition.size();
    plans.push_back(
        {.layers = {next, next + layers},
         .first_layer = static_cast<int>(next - shapes.begin()),
         .is_first = plans.empty(),
         .is_last = is_last,
         .micro_batches = training.micro_batches,
         .rows = static_cast<int>(training.micro_batch_size),
         .kept_micro_batch = kept_micro_batch(config.pipeline.recompute, training.micro_batches),
         .recompute = config.pipeline.recompute != Recompute::none,
         .deferred_weight_gradient = training.deferred_weight_gradient,
         .optimizer = {.kind = training.optimizer, .learning_rate = training.learning_rate},
         .seed = training.seed});
    next += layers;
  }
  return plans;
}

}  // namespace pipesim
