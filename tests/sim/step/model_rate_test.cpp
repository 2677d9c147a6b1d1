#include "sim/step/model_rate.hpp"

#include <doctest/doctest.h>

#include "models/cost/model_size.hpp"
#include "support/experiments.hpp"

namespace pipesim {

namespace {

constexpr std::string_view mlp = R"({
  "model": {"kind": "mlp", "layer_sizes": [8, 8, 8]},
  "cluster": {"device": {"flops": {"fp32": 1000}, "memory_bandwidth": 1e6}},
  "pipeline": {"stages": 2, "micro_batches": 2},
  "training": {"batch_size": 6, "data_parallel": 3}})";

Metrics taking_two_seconds() {
  return {.step_time = to_time(2)};
}

}  // namespace

TEST_SUITE("sim/step/model_rate") {
  TEST_CASE(
      "the rate is all replicas' model FLOPs over time and devices, and what that is of "
      "the peak") {
    const Experiment experiment = test::experiment_from(mlp);
    const ModelRate rate = model_rate(experiment, taking_two_seconds()).value();
    CHECK(rate.flops_per_s == *model_flops(experiment.config) * 18 / (2 * 6));
    CHECK(rate.utilization == rate.flops_per_s / 1000);
  }

  TEST_CASE("of different devices the mean peak counts") {
    const Experiment experiment =
        test::experiment_from(mlp, {R"(cluster.device=[{"flops": 1000, "memory_bandwidth": 1e6},)"
                                    R"({"flops": 3000, "memory_bandwidth": 1e6}])"});
    const ModelRate rate = model_rate(experiment, taking_two_seconds()).value();
    CHECK(rate.utilization == rate.flops_per_s / 2000);
  }

  TEST_CASE("there is none without a time, or of a model that states no products") {
    CHECK_FALSE(model_rate(test::experiment_from(mlp), Metrics{}));
    CHECK_FALSE(model_rate(test::example("unit.json"), taking_two_seconds()));
  }
}

}  // namespace pipesim
