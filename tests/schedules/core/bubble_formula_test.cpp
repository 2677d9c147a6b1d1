#include "schedules/core/bubble_formula.hpp"

#include <doctest/doctest.h>

#include <random>

#include "schedules/core/deferred_weight_gradient.hpp"
#include "schedules/core/recompute.hpp"
#include "sim/engine/engine.hpp"
#include "sim/step/metrics.hpp"
#include "support/experiments.hpp"
#include "support/schedules/schedules.hpp"

using namespace pipesim;

TEST_SUITE_BEGIN("schedules/core/bubble_formula");

TEST_CASE("the bubble is (k - 1) / (m + k - 1) without re-computation") {
  const auto ratio = flush_bubble(
      {.shape = {.stages = 4, .micro_batches = 16}, .forward = 1_ns, .backward = 2_ns});
  REQUIRE(ratio);
  CHECK(ratio->numerator == 3);
  CHECK(ratio->denominator == 19);
  CHECK(1 - ratio->value() == doctest::Approx(0.8421).epsilon(1e-4));  // the efficiency
}

TEST_CASE("where there is a formula, the simulated bubble of equal stages is exactly it") {
  std::mt19937 random(8);
  std::uniform_int_distribution<std::int64_t> any(1, 1000);
  for (const KnownSchedule& known : test::flush_schedules()) {
    for (int trial = 0; trial < 600; ++trial) {
      const EqualStages equal{
          .shape = {.stages = std::uniform_int_distribution<int>(1, 8)(random),
                    .micro_batches = std::uniform_int_distribution<int>(1, 17)(random)},
          .forward = {any(random)},
          .backward = {any(random)},
          .recompute = {any(random)},
          .recompute_setting = static_cast<Recompute>(trial % 3),
          .lazy_recompute = trial % 2 == 0};
      const auto formula = known.bubble(equal);
      if (!formula) continue;
      StepCosts costs = test::equal_costs(
          equal.shape.stages,
          {.forward = equal.forward, .backward = equal.backward, .recompute = equal.recompute});
      costs.recompute = equal.recompute_setting;
      const Schedule schedule = with_recompute(known.generate(equal.shape), equal.recompute_setting,
                                               equal.lazy_recompute);
      const Ratio simulated = measure(Engine(schedule).run(costs, {}, false)).bubble_fraction;
      CAPTURE(known.name);
      CAPTURE(equal.shape.stages);
      CAPTURE(equal.shape.micro_batches);
      CAPTURE(trial % 6);
      CHECK(simulated.numerator * formula->denominator ==
            formula->numerator * simulated.denominator);
    }
  }
}

TEST_CASE(
    "with a deferred weight gradient the bubble is (k - 1)(f + i) of (m + k - 1)(f + i) + w") {
  std::mt19937 random(9);
  std::uniform_int_distribution<std::int64_t> any(0, 1000);
  for (const KnownSchedule& known : test::flush_schedules()) {
    for (int trial = 0; trial < 300; ++trial) {
      const int k = std::uniform_int_distribution<int>(1, 8)(random);
      const int m = std::uniform_int_distribution<int>(1, 17)(random);
      const EqualStages equal{.shape = {.stages = k, .micro_batches = m},
                              .forward = {1 + any(random)},
                              .backward = {any(random)},
                              .backward_input = {any(random)},
                              .backward_weight = {any(random)},
                              .deferred_weight_gradient = true};
      const StepCosts costs = test::equal_costs(k, {.forward = equal.forward,
                                                    .backward = equal.backward,
                                                    .backward_input = equal.backward_input,
                                                    .backward_weight = equal.backward_weight});
      const Schedule schedule = with_deferred_weight_gradient(known.generate(equal.shape));
      const Metrics metrics = measure(Engine(schedule).run(costs, {}, false));
      const Time pass = equal.forward + equal.backward_input;
      CAPTURE(known.name);
      CAPTURE(k);
      CAPTURE(m);
      CHECK(metrics.pipeline_time == (m + k - 1) * pass + equal.backward_weight);
      const auto formula = known.bubble(equal);
      REQUIRE(formula);
      CHECK(formula->numerator == (k - 1) * pass.ps);
      CHECK(metrics.bubble_fraction.numerator * formula->denominator ==
            formula->numerator * metrics.bubble_fraction.denominator);
    }
  }
}

TEST_CASE("there is no formula for lazy re-computation of all but the last micro-batch") {
  EqualStages equal{.shape = {.stages = 4, .micro_batches = 4},
                    .forward = 1_ns,
                    .recompute_setting = Recompute::except_last,
                    .lazy_recompute = true};
  CHECK(!flush_bubble(equal));
  equal.lazy_recompute = false;
  CHECK(flush_bubble(equal));
}

TEST_CASE("there is no formula when nothing takes time") {
  CHECK(!flush_bubble({.shape = {.stages = 4, .micro_batches = 4}}));
  CHECK(!flush_bubble(
      {.shape = {.stages = 4, .micro_batches = 4}, .deferred_weight_gradient = true}));
}

TEST_SUITE_END();
