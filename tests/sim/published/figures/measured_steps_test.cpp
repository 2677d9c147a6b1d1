#include "sim/published/figures/measured_steps.hpp"

#include <doctest/doctest.h>

namespace pipesim::published {

namespace {

// Two stages of one layer each, 512 × 512, at 1 TFLOP/s; a message takes 1 ms.
MeasuredStep made_up(double published, double work = 0) {
  return {.label = "made up",
          .place = "figures.csv:3",
          .published = published,
          .work = work,
          .config = R"({"model": {"kind": "mlp", "layer_sizes": [512, 512, 512]},
             "cluster": {"device": {"flops": "1 TFLOP/s", "memory_bandwidth": "1 GB/s",
                                    "launch_overhead": "1 ms"},
                         "interconnect": {"latency": "1 ms"}},
             "pipeline": {"stages": 2, "micro_batches": 1}})"};
}

}  // namespace

TEST_SUITE("sim/published/figures/measured_steps") {
  TEST_CASE("a step's figure is its simulated time, or what is done in it per second") {
    const Run run = simulate(experiment_of(made_up(1).config, "here"));
    const double time = seconds(run.metrics.step_time);
    CHECK(predict(made_up(1)) == time);
    CHECK(predict(made_up(1, 50)) == 50 / time);
  }

  TEST_CASE("without communication the step is shorter by both of its messages") {
    CHECK(predict(made_up(1), Ablation::communication) ==
          doctest::Approx(predict(made_up(1)) - 2e-3));
  }

  TEST_CASE("without a bubble two stages take half of what both compute, and the update") {
    const Run run = simulate(experiment_of(made_up(1).config, "here"));
    CHECK(predict(made_up(1), Ablation::bubble) ==
          doctest::Approx(seconds(run.metrics.busy) / 2 + seconds(run.metrics.optimizer)));
  }

  TEST_CASE("at a constant efficiency only FLOPs take time, in proportion to its inverse") {
    constexpr double message = 2e-3;
    const double whole = predict(made_up(1), Ablation::varied_efficiency, 1) - message;
    // Forward of two layers; weight gradients of two, input gradient of one.
    CHECK(whole == doctest::Approx(5 * 2 * 512.0 * 512 / 1e12).epsilon(0.01));
    const double half = predict(made_up(1), Ablation::varied_efficiency, 0.5) - message;
    CHECK(half == doctest::Approx(2 * whole).epsilon(1e-3));
  }

  TEST_CASE("the fraction that fits a table best is found to a thousandth") {
    const double published = predict(made_up(1), Ablation::varied_efficiency, 0.437);
    const std::vector<AblationResult> results = ablate({made_up(published)});
    REQUIRE(results.size() == 4);
    CHECK(results[0].ablation == Ablation::nothing);
    CHECK(results[1].fraction == 0.437);
    CHECK(results[1].mean_error == 0);
    CHECK_FALSE(results[2].fraction);
  }

  TEST_CASE("a row that makes no config is refused with the line of its figure") {
    MeasuredStep step = made_up(1);
    step.config = R"({"model": {"kind": "mlp", "layer_sizes": [4, 4]}, "pipeline": {"stages": 0}})";
    CHECK_THROWS_WITH_AS(predict(step), doctest::Contains("figures.csv:3: /pipeline/stages: "),
                         InputError);
  }
}

}  // namespace pipesim::published
