#include "schedules/orders/zb_h.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <tuple>

#include "schedules/check/runs_through.hpp"
#include "support/experiments.hpp"
#include "support/schedules/op_graph.hpp"
#include "support/schedules/orders.hpp"
#include "support/schedules/zero_bubble_rates.hpp"

using namespace pipesim;
using test::text_of;

namespace {

// The mean of a stage's idle time within its own first and last op, of the stage with the most,
// over that span: what arXiv:2401.10241 calls the bubble rate.
double own_bubble_rate(const Schedule& schedule, const StepCosts& costs) {
  const std::vector<Time> spans = test::own_spans(schedule, costs);
  const Time longest = *std::max_element(spans.begin(), spans.end());
  const StageCost& stage = costs.stages.front();
  const Time busy =
      schedule.micro_batches * (stage.forward + stage.backward_input + stage.backward_weight);
  return seconds(longest - busy) / seconds(longest);
}

StepCosts costs_of(const EqualStages& equal) {
  return test::equal_costs(equal.shape.stages, {.forward = equal.forward,
                                                .backward_input = equal.backward_input,
                                                .backward_weight = equal.backward_weight});
}

// Equal stages whose W is no longer than F and I.
EqualStages random_stages(std::mt19937& random) {
  const auto any = [&](int least, int most) {
    return std::uniform_int_distribution<int>(least, most)(random);
  };
  const int weight = any(0, 30);
  return {.shape = {.stages = any(1, 7), .micro_batches = any(1, 20)},
          .forward = {any(std::max(weight, 1), 60)},
          .backward_input = {any(weight, 90)},
          .backward_weight = {weight}};
}

}  // namespace

TEST_SUITE_BEGIN("schedules/orders/zb_h");

TEST_CASE("zb-h1 runs as far ahead as 1f1b, and W lags by the stage's number") {
  const Schedule schedule = zb_h1({.stages = 3, .micro_batches = 4});
  CHECK(text_of(schedule.lanes[0]) == "F0 F1 F2 I0 W0 F3 I1 W1 I2 W2 I3 W3");
  CHECK(text_of(schedule.lanes[1]) == "F0 F1 I0 F2 I1 W0 F3 I2 W1 I3 W2 W3");
  CHECK(text_of(schedule.lanes[2]) == "F0 I0 F1 I1 F2 I2 W0 F3 I3 W1 W2 W3");
}

TEST_CASE("zb-h2 runs ahead by 2(k - s) - 1, and W lags by twice the stage's number") {
  const Schedule schedule = zb_h2({.stages = 3, .micro_batches = 6});
  CHECK(text_of(schedule.lanes[0]) == "F0 F1 F2 F3 F4 I0 W0 F5 I1 W1 I2 W2 I3 W3 I4 W4 I5 W5");
  CHECK(text_of(schedule.lanes[1]) == "F0 F1 F2 I0 F3 I1 F4 I2 W0 F5 I3 W1 I4 W2 I5 W3 W4 W5");
  CHECK(text_of(schedule.lanes[2]) == "F0 I0 F1 I1 F2 I2 F3 I3 F4 I4 W0 F5 I5 W1 W2 W3 W4 W5");
}

TEST_CASE("with few micro-batches all forwards come first, and all W last where they lag") {
  const Schedule schedule = zb_h1({.stages = 4, .micro_batches = 2});
  CHECK(text_of(schedule.lanes[0]) == "F0 F1 I0 W0 I1 W1");
  CHECK(text_of(schedule.lanes[3]) == "F0 I0 F1 I1 W0 W1");
}

// Table 2 of arXiv:2401.10241 counts workers from 1.
TEST_CASE("worker i of zb-h1 holds p - i + 1 activations and i - 1 weight stashes") {
  for (const int p : {1, 2, 4, 8}) {
    const Schedule schedule = zb_h1({.stages = p, .micro_batches = 2 * p});
    for (int i = 1; i <= p; ++i) {
      CHECK(test::peak_in_flight(schedule)[static_cast<std::size_t>(i - 1)] == p - i + 1);
      // One more stands for the moment between an I and the W behind it.
      CHECK(test::peak_weight_stashes(schedule)[static_cast<std::size_t>(i - 1)] == i);
    }
  }
}

TEST_CASE("worker i of zb-h2 holds 2p - 2i + 1 activations and 2i - 2 weight stashes") {
  for (const int p : {1, 2, 4, 8}) {
    const Schedule schedule = zb_h2({.stages = p, .micro_batches = 3 * p});
    for (int i = 1; i <= p; ++i) {
      CHECK(test::peak_in_flight(schedule)[static_cast<std::size_t>(i - 1)] == 2 * p - 2 * i + 1);
      CHECK(test::peak_weight_stashes(schedule)[static_cast<std::size_t>(i - 1)] == 2 * i - 1);
    }
  }
}

TEST_CASE("the bubble rates of the zero-bubble paper come out to the last digit printed") {
  for (const test::PublishedRates& row : test::zero_bubble_rates) {
    const PipelineShape shape{.stages = row.stages, .micro_batches = row.micro_batches};
    StepCosts costs = test::equal_costs(row.stages, {.forward = row.forward,
                                                     .backward_input = row.backward_input,
                                                     .backward_weight = row.backward_weight});
    for (TransferCost& hop : costs.hops) hop.latency = row.hop;
    CAPTURE(row.stages);
    CAPTURE(row.micro_batches);
    CHECK(std::abs(own_bubble_rate(zb_h1(shape), costs) - row.zb_h1) <= 0.00005);
    CHECK(std::abs(own_bubble_rate(zb_h2(shape), costs) - row.zb_h2) <= 0.00005);
  }
}

TEST_CASE("the longest of zb-h1's own spans is m(f + i + w) + (k - 1)(f + i - w)") {
  std::mt19937 random(31);
  for (int trial = 0; trial < 300; ++trial) {
    EqualStages equal = random_stages(random);
    equal.shape.micro_batches += equal.shape.stages - 1;
    const auto [f, i, w] = std::tuple{equal.forward, equal.backward_input, equal.backward_weight};
    const auto spans = test::own_spans(zb_h1(equal.shape), costs_of(equal));
    CHECK(*std::max_element(spans.begin(), spans.end()) ==
          equal.shape.micro_batches * (f + i + w) + (equal.shape.stages - 1) * (f + i - w));
  }
}

TEST_CASE("the longest of zb-h2's own spans is m(f + i + w) + (k - 1)(f + i - 2w)") {
  std::mt19937 random(32);
  for (int trial = 0; trial < 300; ++trial) {
    EqualStages equal = random_stages(random);
    equal.shape.micro_batches += 2 * equal.shape.stages - 2;
    const auto [f, i, w] = std::tuple{equal.forward, equal.backward_input, equal.backward_weight};
    const auto spans = test::own_spans(zb_h2(equal.shape), costs_of(equal));
    CHECK(*std::max_element(spans.begin(), spans.end()) ==
          equal.shape.micro_batches * (f + i + w) + (equal.shape.stages - 1) * (f + i - 2 * w));
  }
}

TEST_CASE("the bubble of zb-h1 is exact for m >= k where W fits into F and I") {
  std::mt19937 random(33);
  int covered = 0;
  for (int trial = 0; trial < 400; ++trial) {
    const EqualStages equal = random_stages(random);
    CAPTURE(equal.shape.stages);
    CAPTURE(equal.shape.micro_batches);
    const auto formula = zb_h1_bubble(equal);
    CHECK(formula.has_value() == (equal.shape.micro_batches >= equal.shape.stages));
    if (!formula) continue;
    ++covered;
    CHECK(test::same(*formula, test::idle_fraction(zb_h1(equal.shape), costs_of(equal))));
  }
  CHECK(covered > 200);
}

TEST_CASE("the bubble of zb-h2 is exact for m >= 2k - 1 where W fits into F and I") {
  std::mt19937 random(34);
  int covered = 0;
  for (int trial = 0; trial < 400; ++trial) {
    const EqualStages equal = random_stages(random);
    CAPTURE(equal.shape.stages);
    CAPTURE(equal.shape.micro_batches);
    const auto formula = zb_h2_bubble(equal);
    CHECK(formula.has_value() == (equal.shape.micro_batches >= 2 * equal.shape.stages - 1));
    if (!formula) continue;
    ++covered;
    CHECK(test::same(*formula, test::idle_fraction(zb_h2(equal.shape), costs_of(equal))));
  }
  CHECK(covered > 200);
}

TEST_CASE("there is no formula where W is longer than F or I, or does not follow each I") {
  EqualStages equal{.shape = {.stages = 4, .micro_batches = 8},
                    .forward = 3_ns,
                    .backward_input = 3_ns,
                    .backward_weight = 3_ns};
  CHECK(zb_h1_bubble(equal));
  CHECK(zb_h2_bubble(equal));
  equal.deferred_weight_gradient = true;
  CHECK(!zb_h1_bubble(equal));
  CHECK(!zb_h2_bubble(equal));
  equal.deferred_weight_gradient = false;
  equal.backward_weight = 4_ns;
  CHECK(!zb_h1_bubble(equal));
  CHECK(!zb_h2_bubble(equal));
}

TEST_CASE("zb-h2 holds one stage on each device") {
  const Refusal refusal{
      .key = "virtual_stages", .problem = "must be 1 with this schedule", .hint = "leave it out"};
  CHECK(zb_h2_refusal({.stages = 4, .micro_batches = 8, .virtual_stages = 2}) == refusal);
  CHECK(!zb_h2_refusal({.stages = 4, .micro_batches = 1}));
}

// As torch.distributed.pipelining's ScheduleInterleavedZeroBubble orders two ranks with two stages
// each and four micro-batches: (v-1)·2 + 1 - rank forwards, then F and I in turn, W from the
// rank-th I on.
TEST_CASE("zb-h1 over several stages of a device is PyTorch's interleaved zero bubble") {
  const Schedule schedule = zb_h1({.stages = 2, .micro_batches = 4, .virtual_stages = 2});
  CHECK(schedule.placement == std::vector<int>{0, 1, 0, 1});
  std::vector<std::string> lanes;
  for (const std::vector<Op>& lane : schedule.lanes) {
    std::string& text = lanes.emplace_back();
    for (const Op& op : lane) text += (text.empty() ? "" : " ") + describe(op);
  }
  CHECK(lanes[0] ==
        "F0.0 F0.1 F2.0 F2.1 I2.0 W2.0 F0.2 I2.1 W2.1 F0.3 I0.0 W0.0 F2.2 I0.1 W0.1 F2.3 "
        "I2.2 W2.2 I2.3 W2.3 I0.2 W0.2 I0.3 W0.3");
  CHECK(lanes[1] ==
        "F1.0 F1.1 F3.0 I3.0 F3.1 I3.1 W3.0 F1.2 I1.0 W3.1 F1.3 I1.1 W1.0 F3.2 I3.2 W1.1 "
        "F3.3 I3.3 W3.2 I1.2 W3.3 I1.3 W1.2 W1.3");
}

TEST_CASE("zb-h1 over several stages runs through where a group has at least all but one device") {
  std::mt19937 random(13);
  const auto any = [&](int least, int most) {
    return std::uniform_int_distribution<int>(least, most)(random);
  };
  for (int i = 0; i < 2000; ++i) {
    PipelineShape shape{
        .stages = any(1, 9), .micro_batches = any(1, 30), .virtual_stages = any(2, 5)};
    shape.group_size = any(0, shape.stages + 5);
    CAPTURE(shape.stages);
    CAPTURE(shape.micro_batches);
    CAPTURE(shape.virtual_stages);
    CAPTURE(shape.group_size);
    const bool small = shape.group_size > 0 && shape.group_size < shape.stages - 1;
    CHECK(zb_h1_refusal(shape).has_value() == small);
    if (!small) CHECK(runs_through(zb_h1(shape)));
  }
  CHECK(zb_h1_refusal({.stages = 5, .micro_batches = 9, .virtual_stages = 2, .group_size = 3}) ==
        Refusal{.key = "group_size",
                .problem = "is too small: the devices would wait for each other",
                .hint = "at least 4; 5 is usual"});
}

TEST_SUITE_END();
