#include "sim/step/metrics.hpp"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <random>

#include "schedules/orders/catalog.hpp"
#include "sim/step/run.hpp"
#include "support/experiments.hpp"

using namespace pipesim;
using test::experiment_from;

namespace {

std::string stage_costs(const std::string& model, const std::string& pipeline) {
  return R"({"model": {"kind": "stage_costs", )" + model + R"(}, "pipeline": {)" + pipeline + "}}";
}

bool equal(const Ratio& a, const Ratio& b) {
  return a.numerator * b.denominator == b.numerator * a.denominator;
}

Ratio sum(const Ratio& a, const Ratio& b) {
  return {a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator};
}

// A row of Zero Bubble's Tables 5 and 8 for 1F1B: times in µs, the bubble rate as printed.
struct PublishedRate {
  int stages, micro_batches;
  int forward, backward_input, backward_weight, transfer;
  double rate;
};

// Qi, Wan, Huang, Lin: Zero Bubble Pipeline Parallelism, arXiv:2401.10241, Tables 5 and 8.
constexpr PublishedRate rates_in_table[] = {
    {8, 24, 18522, 18086, 9337, 601, 0.2431},    {8, 32, 18513, 18086, 9331, 626, 0.1985},
    {8, 64, 18546, 18097, 9321, 762, 0.1240},    {16, 48, 11347, 11248, 8132, 377, 0.2552},
    {16, 64, 11307, 11254, 8101, 379, 0.2082},   {16, 128, 11325, 11308, 8109, 378, 0.1251},
    {24, 72, 13526, 13938, 10502, 755, 0.2699},  {24, 96, 13566, 13968, 10518, 758, 0.2229},
    {24, 192, 13570, 13980, 10520, 770, 0.1403},
};

}  // namespace

TEST_SUITE_BEGIN("sim/step/metrics");

TEST_CASE("1f1b's published bubble rates come out to all four printed decimals") {
  for (const PublishedRate& row : rates_in_table) {
    const Experiment experiment = experiment_from(stage_costs(
        fmt::format(R"("forward": "{} us", "backward_input": "{} us", "backward_weight": "{} us",
                       "transfer": "{} us")",
                    row.forward, row.backward_input, row.backward_weight, row.transfer),
        fmt::format(R"("schedule": "1f1b", "stages": {}, "micro_batches": {})", row.stages,
                    row.micro_batches)));
    const Time total = simulate(experiment).metrics.pipeline_time;
    const Time busy = row.micro_batches * Time{1'000'000} *
                      (row.forward + row.backward_input + row.backward_weight);
    CAPTURE(row.stages);
    CAPTURE(row.micro_batches);
    CHECK(fmt::format("{:.4f}", seconds(total - busy) / seconds(total)) ==
          fmt::format("{:.4f}", row.rate));
  }
}

TEST_CASE("the parts of the bubble add up to it exactly, whatever the stages and hops") {
  std::mt19937 random(9);
  const auto times = [&](int count, int most) {
    std::string list;
    for (int i = 0; i < count; ++i) {
      list += fmt::format("{}\"{} ns\"", i == 0 ? "" : ", ",
                          std::uniform_int_distribution<int>(1, most)(random));
    }
    return "[" + list + "]";
  };
  for (const std::string schedule : {"gpipe", "1f1b"}) {
    for (int trial = 0; trial < 100; ++trial) {
      const int k = std::uniform_int_distribution<int>(1, 7)(random);
      const int m = std::uniform_int_distribution<int>(1, 9)(random);
      const Experiment experiment = experiment_from(
          stage_costs(
              fmt::format(R"("forward": {}, "backward": {}, "backward_input": {},
                         "backward_weight": {}, "transfer": {})",
                          times(k, 100), times(k, 200), times(k, 100), times(k, 100), times(k, 30)),
              fmt::format(
                  R"("schedule": "{}", "stages": {}, "micro_batches": {}, "recompute": "{}")",
                  schedule, k, m, trial % 3 == 1 ? "full" : "none")),
          {trial % 3 == 2 ? "training.weight_gradient=deferred"
                          : "training.weight_gradient=accumulated"});
      const Metrics metrics = simulate(experiment).metrics;
      const BubbleBreakdown& parts = metrics.breakdown;
      CAPTURE(k);
      CAPTURE(m);
      CHECK(equal(sum(sum(parts.fill_drain, parts.imbalance), parts.communication),
                  metrics.bubble_fraction));
    }
  }
}

TEST_CASE("equal stages and free transfers leave only fill and drain") {
  const Metrics metrics =
      simulate(experiment_from(stage_costs(R"("forward": 1, "backward": 2)",
                                           R"("stages": 4, "micro_batches": 8)")))
          .metrics;
  CHECK(equal(metrics.breakdown.fill_drain, {3, 11}));
  CHECK(metrics.breakdown.imbalance.numerator == 0);
  CHECK(metrics.breakdown.communication.numerator == 0);
}

TEST_CASE("a stage that is twice as slow is the imbalance of the breakdown") {
  // The slow stage is busy for 8 (2 + 2); the other three add one F and one B each: 38. Even stages
  // of 5/4 take 2 · 11 · 5/4 = 27.5, and a device is busy for 8 · 2 · 5/4 = 20.
  const Metrics metrics =
      simulate(experiment_from(stage_costs(R"("forward": [1, 2, 1, 1], "backward": [1, 2, 1, 1])",
                                           R"("stages": 4, "micro_batches": 8)")))
          .metrics;
  CHECK(metrics.pipeline_time == to_time(38));
  CHECK(equal(metrics.breakdown.imbalance, {105, 380}));
  CHECK(equal(metrics.breakdown.fill_drain, {75, 380}));
  CHECK(equal(metrics.bubble_fraction, {18, 38}));
}

TEST_CASE("communication is what free transfers would save") {
  const Metrics metrics =
      simulate(experiment_from(stage_costs(R"("forward": 1, "backward": 1, "transfer": 0.5)",
                                           R"("stages": 3, "micro_batches": 4)")))
          .metrics;
  CHECK(metrics.pipeline_time == to_time(14));  // 12 and four hops of a half
  CHECK(equal(metrics.breakdown.communication, {2, 14}));
  CHECK(metrics.breakdown.communication_time == to_time(2));
}

TEST_CASE("even stages keep their exact mean even where it is no whole picosecond") {
  const Schedule schedule = find_schedule("gpipe")->generate({.stages = 3, .micro_batches = 2});
  StepCosts costs = test::equal_costs(3, {.forward = 1_ps, .backward = 1_ps});
  costs.stages[1].forward = 3_ps;
  const EvenedCosts even = with_equal_stages(costs, schedule);
  CHECK(even.scale == 3);
  CHECK(even.costs.stages[0].forward == 5_ps);
  CHECK(even.costs.stages[2].backward == 3_ps);
}

TEST_CASE("a step of nothing has no bubble") {
  const Metrics metrics =
      simulate(experiment_from(stage_costs(R"("forward": 0, "backward": 0)",
                                           R"("stages": 2, "micro_batches": 2)")))
          .metrics;
  CHECK(metrics.step_time == Time{});
  CHECK(metrics.bubble_fraction.numerator == 0);
  CHECK(metrics.bubble_over_ideal.numerator == 0);
}

TEST_SUITE_END();
