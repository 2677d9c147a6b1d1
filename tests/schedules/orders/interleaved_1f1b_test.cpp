#include "schedules/orders/interleaved_1f1b.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "schedules/check/runs_through.hpp"
#include "schedules/core/deferred_weight_gradient.hpp"
#include "schedules/orders/one_f_one_b.hpp"
#include "support/experiments.hpp"
#include "support/schedules/op_graph.hpp"
#include "support/schedules/orders.hpp"
#include "support/schedules/zero_bubble_rates.hpp"

using namespace pipesim;

namespace {

// A lane as Megatron-LM writes it: the number of the device's stage, from 1, negative backwards.
std::vector<int> chunks(const Schedule& schedule, int device) {
  std::vector<int> numbers;
  for (const Op& op : schedule.lanes[static_cast<std::size_t>(device)]) {
    const int number = op.stage / schedule.devices() + 1;
    numbers.push_back(op.kind == OpKind::forward ? number : -number);
  }
  return numbers;
}

// From Megatron-LM d98e8a64: the example of a docstring in core/transformer/cuda_graphs.py, then
// what its rules for tests/unit_tests/pipeline_parallel/test_schedules.py come to.
struct PublishedStep {
  PipelineShape shape{};
  int device = 0;
  std::string_view order{};
};
const PublishedStep published_steps[] = {
    {{.stages = 2, .micro_batches = 5, .virtual_stages = 2, .group_size = 3},
     0,
     "1 1 1 2 2 2 -2 1 -2 1 -2 2 -1 2 -1 -1 -2 -2 -1 -1"},
    {{.stages = 2, .micro_batches = 8, .virtual_stages = 1, .group_size = 2},
     0,
     "1 1 -1 1 -1 1 -1 1 -1 1 -1 1 -1 1 -1 -1"},
    {{.stages = 2, .micro_batches = 8, .virtual_stages = 1, .group_size = 2},
     1,
     "1 -1 1 -1 1 -1 1 -1 1 -1 1 -1 1 -1 1 -1"},
    {{.stages = 2, .micro_batches = 8, .virtual_stages = 2, .group_size = 2},
     0,
     "1 1 2 2 1 -2 1 -2 2 -1 2 -1 1 -2 1 -2 2 -1 2 -1 1 -2 1 -2 2 -1 2 -1 -2 -2 -1 "
     "-1"},
    {{.stages = 2, .micro_batches = 8, .virtual_stages = 2, .group_size = 2},
     1,
     "1 1 2 -2 2 -2 1 -1 1 -1 2 -2 2 -2 1 -1 1 -1 2 -2 2 -2 1 -1 1 -1 2 -2 2 -2 -1 "
     "-1"},
    {{.stages = 2, .micro_batches = 8, .virtual_stages = 4, .group_size = 2},
     0,
     "1 1 2 2 3 3 4 4 1 -4 1 -4 2 -3 2 -3 3 -2 3 -2 4 -1 4 -1 1 -4 1 -4 2 -3 2 -3 3 "
     "-2 3 -2 4 -1 4 -1 1 -4 1 -4 2 -3 2 -3 3 -2 3 -2 4 -1 4 -1 -4 -4 -3 -3 -2 -2 "
     "-1 -1"},
    {{.stages = 2, .micro_batches = 8, .virtual_stages = 4, .group_size = 2},
     1,
     "1 1 2 2 3 3 4 -4 4 -4 1 -3 1 -3 2 -2 2 -2 3 -1 3 -1 4 -4 4 -4 1 -3 1 -3 2 -2 "
     "2 -2 3 -1 3 -1 4 -4 4 -4 1 -3 1 -3 2 -2 2 -2 3 -1 3 -1 4 -4 4 -4 -3 -3 -2 -2 "
     "-1 -1"},
};

// The settings of test_get_pipeline_parallel_order.
template <class Check>
void for_megatron_shapes(Check check) {
  constexpr std::pair<int, int> sizes[] = {{1, 1}, {2, 2}, {2, 4}, {4, 4}, {4, 5}, {8, 9}, {8, 11}};
  for (const auto& [stages, group_size] : sizes) {
    for (const int micro_batches : {8, 32}) {
      for (const int virtual_stages : {1, 2, 4, 8}) {
        CAPTURE(stages);
        CAPTURE(group_size);
        CAPTURE(micro_batches);
        CAPTURE(virtual_stages);
        check(PipelineShape{.stages = stages,
                            .micro_batches = micro_batches,
                            .virtual_stages = virtual_stages,
                            .group_size = group_size});
      }
    }
  }
}

template <class Check>
void for_all_shapes(int stages, int virtual_stages, int group_size, int micro_batches,
                    Check check) {
  PipelineShape shape;
  for (shape.stages = 1; shape.stages <= stages; ++shape.stages) {
    for (shape.virtual_stages = 1; shape.virtual_stages <= virtual_stages; ++shape.virtual_stages) {
      for (shape.group_size = 1; shape.group_size <= group_size; ++shape.group_size) {
        for (shape.micro_batches = 1; shape.micro_batches <= micro_batches; ++shape.micro_batches) {
          check(shape);
        }
      }
    }
  }
}

}  // namespace

TEST_SUITE_BEGIN("schedules/orders/interleaved_1f1b");

TEST_CASE("interleaved 1f1b is the order that Megatron-LM publishes") {
  for (const PublishedStep& row : published_steps) {
    const Schedule schedule = interleaved_1f1b(row.shape);
    CAPTURE(row.shape.virtual_stages);
    CAPTURE(row.device);
    CHECK(fmt::format("{}", fmt::join(chunks(schedule, row.device), " ")) == row.order);
  }
}

TEST_CASE("a group of micro-batches goes through a device's stages before the next, smaller one") {
  const Schedule schedule =
      interleaved_1f1b({.stages = 2, .micro_batches = 5, .virtual_stages = 2, .group_size = 3});
  CHECK(schedule.placement == std::vector<int>{0, 1, 0, 1});
  CHECK(test::staged_text(schedule.lanes[0]) ==
        "0F0 0F1 0F2 2F0 2F1 2F2 2B0 0F3 2B1 0F4 2B2 2F3 0B0 2F4 0B1 0B2 2B3 2B4 0B3 0B4");
}

TEST_CASE("what Megatron-LM asserts of its orders holds for ours") {
  for_megatron_shapes([](const PipelineShape& shape) {
    const Schedule schedule = interleaved_1f1b(shape);
    CHECK(runs_through(schedule));
    for (int device = 0; device < shape.stages; ++device) {
      const std::vector<int> order = chunks(schedule, device);
      CHECK(static_cast<int>(order.size()) == 2 * shape.micro_batches * shape.virtual_stages);
      CHECK(*std::max_element(order.begin(), order.end()) == shape.virtual_stages);
      std::vector<int> open(static_cast<std::size_t>(shape.virtual_stages) + 1);
      for (const int number : order) {
        int& pending = open[static_cast<std::size_t>(std::abs(number))];
        pending += number > 0 ? 1 : -1;
        CHECK(pending >= 0);
      }
      CHECK(std::count(open.begin(), open.end(), 0) == shape.virtual_stages + 1);
    }
  });
}

TEST_CASE("interleaved 1f1b with one stage on each device is 1f1b") {
  for (const int micro_batches : {1, 3, 4, 9}) {
    const PipelineShape shape{.stages = 4, .micro_batches = micro_batches};
    CHECK(interleaved_1f1b(shape).lanes == one_f_one_b(shape).lanes);
  }
}

// PyTorch's Interleaved1F1B takes M / max(1, M / K) micro-batches in each round.
TEST_CASE("where k divides m, PyTorch's warm-up is that of groups of k") {
  for (const int stages : {2, 3, 4}) {
    for (const int rounds : {1, 2, 5}) {
      for (const int virtual_stages : {2, 3}) {
        const int micro_batches = rounds * stages;
        const int each_round = micro_batches / std::max(1, micro_batches / stages);
        const Schedule schedule = interleaved_1f1b(
            {.stages = stages, .micro_batches = micro_batches, .virtual_stages = virtual_stages});
        for (int device = 0; device < stages; ++device) {
          const std::vector<int> order = chunks(schedule, device);
          const auto first_backward =
              std::find_if(order.begin(), order.end(), [](int number) { return number < 0; });
          // One forward more stands before the first backward, where there is one.
          CHECK(first_backward - order.begin() ==
                std::min((virtual_stages - 1) * each_round + 2 * (stages - 1 - device) + 1,
                         micro_batches * virtual_stages));
        }
      }
    }
  }
}

TEST_CASE(
    "device d holds 2(k - d - 1) + (v - 1) k + 1 activations, 1 + (k - 1) / (k v) of 1f1b's") {
  const Schedule schedule =
      interleaved_1f1b({.stages = 4, .micro_batches = 16, .virtual_stages = 3});
  CHECK(test::peak_in_flight(schedule) == std::vector<int>{15, 13, 11, 9});
}

TEST_CASE("interleaved 1f1b runs through where two groups in a row have 2(k - 1) micro-batches") {
  for_all_shapes(6, 4, 8, 21, [](const PipelineShape& shape) {
    CAPTURE(shape.stages);
    CAPTURE(shape.virtual_stages);
    CAPTURE(shape.group_size);
    CAPTURE(shape.micro_batches);
    CHECK(interleaved_1f1b_runs(shape) == runs_through(interleaved_1f1b(shape)));
  });
}

TEST_CASE("a last group that is too small is refused, with what would do") {
  CHECK(interleaved_1f1b_refusal({.stages = 4, .micro_batches = 5, .virtual_stages = 3}) ==
        Refusal{.key = "micro_batches",
                .problem = "leaves too small a last group: the devices would wait for each other",
                .hint = "in groups of 4, 4 or 6 would do"});
  CHECK(!interleaved_1f1b_refusal({.stages = 4, .micro_batches = 5, .virtual_stages = 2}));
  CHECK(interleaved_1f1b_refusal({.stages = 8, .micro_batches = 19, .virtual_stages = 4}) ==
        Refusal{.key = "micro_batches",
                .problem = "leaves too small a last group: the devices would wait for each other",
                .hint = "in groups of 8, 16 or 22 would do"});
}

TEST_CASE("groups that can't follow each other are refused") {
  CHECK(interleaved_1f1b_refusal(
            {.stages = 4, .micro_batches = 8, .virtual_stages = 2, .group_size = 2}) ==
        Refusal{.key = "group_size",
                .problem = "is too small: the devices would wait for each other",
                .hint = "at least 3; 4 is usual"});
  CHECK(!interleaved_1f1b_refusal(
      {.stages = 4, .micro_batches = 9, .virtual_stages = 2, .group_size = 3}));
  CHECK(!interleaved_1f1b_refusal(
      {.stages = 4, .micro_batches = 9, .virtual_stages = 1, .group_size = 1}));
}

TEST_CASE("the bubble of interleaved 1f1b is (k - 1) / (v m + k - 1)") {
  const auto ratio =
      interleaved_1f1b_bubble({.shape = {.stages = 4, .micro_batches = 8, .virtual_stages = 2},
                               .forward = 1_ns,
                               .backward = 2_ns});
  REQUIRE(ratio);
  CHECK(test::same(*ratio, {3, 19}));
}

TEST_CASE("the bubble of interleaved 1f1b is exact where every group has k micro-batches or more") {
  std::mt19937 random(22);
  const auto any = [&](int least, int most) {
    return std::uniform_int_distribution<int>(least, most)(random);
  };
  int covered = 0;
  for (int trial = 0; trial < 400; ++trial) {
    const int stages = any(1, 6);
    const EqualStages equal{
        .shape = {.stages = stages,
                  .micro_batches = trial % 3 == 0 ? stages * any(1, 5) : any(1, 25),
                  .virtual_stages = any(1, 4),
                  .group_size = trial % 3 == 0 ? 0 : any(stages, 2 * stages)},
        .forward = {any(0, 50)},
        .backward = {any(1, 50)},
        .backward_input = {any(1, 50)},
        .backward_weight = {any(0, 50)},
        .deferred_weight_gradient = trial % 2 == 0};
    const auto formula = interleaved_1f1b_bubble(equal);
    CHECK((formula || trial % 3 != 0));
    if (!formula) continue;
    ++covered;
    const auto costs =
        test::equal_costs(equal.shape.all_stages(), {.forward = equal.forward,
                                                     .backward = equal.backward,
                                                     .backward_input = equal.backward_input,
                                                     .backward_weight = equal.backward_weight});
    const Schedule schedule = interleaved_1f1b(equal.shape);
    const Ratio simulated = test::idle_fraction(
        equal.deferred_weight_gradient ? with_deferred_weight_gradient(schedule) : schedule, costs);
    CAPTURE(equal.shape.stages);
    CAPTURE(equal.shape.micro_batches);
    CAPTURE(equal.shape.virtual_stages);
    CAPTURE(equal.shape.group_size);
    CHECK(test::same(*formula, simulated));
  }
  CHECK(covered > 250);
}

// Three times the hop in place of a third of the stage: whole picoseconds, the same rate.
TEST_CASE(
    "with slow hops interleaved 1f1b has the bubble rate of the zero-bubble paper's profile") {
  for (const test::PublishedRates& row : test::zero_bubble_rates) {
    StepCosts costs = test::equal_costs(
        3 * row.stages,
        {.forward = row.forward, .backward = row.backward_input + row.backward_weight});
    for (TransferCost& hop : costs.hops) hop.latency = 3 * row.hop;
    const Schedule schedule = interleaved_1f1b(
        {.stages = row.stages, .micro_batches = row.micro_batches, .virtual_stages = 3});
    CAPTURE(row.stages);
    CAPTURE(row.micro_batches);
    const double rate = test::idle_fraction(schedule, costs).value();
    CHECK(std::abs(rate - row.interleaved_1f1b) <= 0.00005);
  }
}

TEST_CASE("there is no formula for interleaved 1f1b where a group is smaller than the pipeline") {
  EqualStages equal{.shape = {.stages = 4, .micro_batches = 7, .virtual_stages = 2},
                    .forward = 1_ns};
  CHECK(!interleaved_1f1b_bubble(equal));
  equal.shape.micro_batches = 8;
  CHECK(interleaved_1f1b_bubble(equal));
  equal.recompute_setting = Recompute::full;
  CHECK(!interleaved_1f1b_bubble(equal));
}

TEST_SUITE_END();
