#include "schedules/orders/controllable_memory.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "support/experiments.hpp"
#include "support/schedules/op_graph.hpp"
#include "support/schedules/orders.hpp"

using namespace pipesim;
using test::staged_text;

namespace {

constexpr StageCost unit{.forward = 1_ps, .backward_input = 1_ps, .backward_weight = 1_ps};

Time unit_step(const Schedule& schedule) {
  return test::longest_path(schedule, test::equal_costs(schedule.stages(), unit));
}

int peak(const Schedule& schedule) {
  const std::vector<int> peaks = test::peak_in_flight(schedule);
  return *std::max_element(peaks.begin(), peaks.end());
}

PipelineShape v_shape(int stages, int micro_batches) {
  return {.stages = stages, .micro_batches = micro_batches, .virtual_stages = 2};
}

}  // namespace

TEST_SUITE_BEGIN("schedules/orders/controllable_memory");

TEST_CASE(
    "v-min hands a micro-batch down the devices and up again, forwards and backwards at once") {
  const Schedule schedule = v_min(v_shape(2, 2));
  CHECK(schedule.placement == std::vector<int>{0, 1, 1, 0});
  CHECK(staged_text(schedule.lanes[0]) == "0F0 3F0 3I0 3W0 0F1 0I0 0W0 3F1 3I1 3W1 0I1 0W1");
  CHECK(staged_text(schedule.lanes[1]) == "1F0 2F0 2I0 1I0 1F1 2F1 2W0 1W0 2I1 1I1 2W1 1W1");
}

TEST_CASE("v-half pauses on the way down") {
  const Schedule schedule = v_half(v_shape(2, 3));
  CHECK(schedule.placement == std::vector<int>{0, 1, 1, 0});
  CHECK(staged_text(schedule.lanes[0]) ==
        "0F0 0F1 3F0 3I0 3W0 0F2 0I0 3F1 3I1 3W1 0W0 0I1 3F2 3I2 3W2 0W1 0I2 0W2");
  CHECK(staged_text(schedule.lanes[1]) ==
        "1F0 2F0 1F1 2I0 1I0 2F1 1F2 2W0 1W0 2I1 1I1 2F2 2W1 1W1 2I2 1I2 2W2 1W2");
}

TEST_CASE("every device of v-half holds k + 1 activations, about half of 1f1b's 2k halves") {
  for (int stages = 1; stages <= 24; ++stages) {
    const Schedule schedule = v_half(v_shape(stages, 2 * stages));
    CHECK(test::peak_in_flight(schedule) ==
          std::vector<int>(static_cast<std::size_t>(stages), stages + 1));
  }
}

TEST_CASE("v-min holds 2(k / 3 + 1) activations at most, about a third of 1f1b's 2k halves") {
  for (int stages = 1; stages <= 24; ++stages) {
    const Schedule schedule = v_min(v_shape(stages, 2 * stages));
    CHECK(peak(schedule) == 2 * (stages / 3 + 1));
  }
}

TEST_CASE("few micro-batches take no more memory than many") {
  for (int stages = 1; stages <= 9; ++stages) {
    for (int micro_batches = 1; micro_batches < stages; ++micro_batches) {
      CHECK(peak(v_half(v_shape(stages, micro_batches))) <=
            std::min(stages + 1, 2 * micro_batches));
      CHECK(peak(v_min(v_shape(stages, micro_batches))) <=
            std::min(2 * (stages / 3 + 1), 2 * micro_batches));
    }
  }
}

// 1F1B's bubble is (k - 1)(F + B), 6(k - 1) units of half a stage.
TEST_CASE("in unit times v-half takes 3(k - 1) longer than its work, half of 1f1b's bubble") {
  for (const int stages : {1, 3, 5, 7, 9, 15}) {
    for (const int micro_batches : {stages, 2 * stages + 1, 40}) {
      CHECK(unit_step(v_half(v_shape(stages, micro_batches))) ==
            (6 * micro_batches + 3 * (stages - 1)) * 1_ps);
    }
  }
  CHECK(unit_step(v_half(v_shape(8, 20))) == (6 * 20 + 3 * 7 - 1) * 1_ps);
}

TEST_CASE("in unit times v-min takes 4(k - 1) - 1 longer than its work, two thirds of the bubble") {
  for (const int stages : {2, 3, 4, 6, 9, 16}) {
    for (const int micro_batches : {1, stages, 40}) {
      CHECK(unit_step(v_min(v_shape(stages, micro_batches))) ==
            (6 * micro_batches + 4 * (stages - 1) - 1) * 1_ps);
    }
  }
}

TEST_CASE("where F, I and W take the same time, the bubbles of the v schedules are exact") {
  for (int stages = 1; stages <= 9; ++stages) {
    for (int micro_batches = 1; micro_batches <= 12; ++micro_batches) {
      const EqualStages equal{.shape = v_shape(stages, micro_batches),
                              .forward = 7_ps,
                              .backward_input = 7_ps,
                              .backward_weight = 7_ps};
      const auto costs = test::equal_costs(
          2 * stages, {.forward = 7_ps, .backward_input = 7_ps, .backward_weight = 7_ps});
      CAPTURE(stages);
      CAPTURE(micro_batches);
      const auto half = v_half_bubble(equal);
      CHECK(half.has_value() == (stages == 1 || 2 * micro_batches > stages + 1));
      if (half) CHECK(test::same(*half, test::idle_fraction(v_half(equal.shape), costs)));
      const auto min = v_min_bubble(equal);
      REQUIRE(min);
      CHECK(test::same(*min, test::idle_fraction(v_min(equal.shape), costs)));
    }
  }
}

TEST_CASE("there is no formula for the v schedules where F, I and W differ") {
  EqualStages equal{
      .shape = v_shape(4, 8), .forward = 1_ns, .backward_input = 1_ns, .backward_weight = 2_ns};
  CHECK(!v_half_bubble(equal));
  CHECK(!v_min_bubble(equal));
  equal.backward_weight = 1_ns;
  CHECK(v_half_bubble(equal));
  CHECK(v_min_bubble(equal));
}

TEST_CASE("the v schedules hold two stages on each device") {
  const Refusal refusal{
      .key = "virtual_stages", .problem = "must be 2 with this schedule", .hint = "leave it out"};
  CHECK(v_half_refusal({.stages = 4, .micro_batches = 8}) == refusal);
  CHECK(v_min_refusal({.stages = 4, .micro_batches = 8, .virtual_stages = 3}) == refusal);
  CHECK(!v_half_refusal(v_shape(4, 1)));
  CHECK(!v_min_refusal(v_shape(1, 1)));
}

TEST_SUITE_END();
