#include "schedules/orders/dualpipe.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "support/experiments.hpp"
#include "support/schedules/op_graph.hpp"
#include "support/schedules/orders.hpp"

using namespace pipesim;

namespace {

// As deepseek-ai/DualPipe names them: a counts from the first device on, b from the last one.
std::string two_way_text(const std::vector<Op>& lane, int micro_batches) {
  std::string text;
  bool second = false;  // Of a pair.
  for (const Op& op : lane) {
    text += fmt::format("{}{}{}{}{}{}", text.empty() || second ? "" : " ", op.with_next ? "(" : "",
                        token(op.kind), op.copy == 0 ? "a" : "b",
                        op.micro_batch - (op.copy == 0 ? 0 : micro_batches / 2),
                        op.with_next ? ";"
                        : second     ? ")"
                                     : "");
    second = op.with_next;
  }
  return text;
}

// What dualpipe.py and dualpipev.py of deepseek-ai/DualPipe 3da1bbea run, with their computing
// stubbed.
struct PublishedBubble {
  int stages = 0;
  int micro_batches = 0;
  std::vector<std::string> orders{};
};
const std::vector<PublishedBubble> published_bubbles = {
    {2, 4, {"Fa0 Fb0 Fa1 Bb0 (Fb1;Ba0) Bb1 Ia1 Wa1", "Fb0 Fa0 Fb1 Ba0 (Fa1;Bb0) Ba1 Ib1 Wb1"}},
    {4,
     8,
     {"Fa0 Fa1 Fa2 Fb0 Ib0 Wb0 Fb1 (Fa3;Bb1) (Fb2;Ba0) Bb2 (Fb3;Ba1) Bb3 Ia2 Wa2 Ia3 "
      "Wa3",
      "Fa0 Fb0 Fa1 Fb1 Fa2 Bb0 (Fb2;Ba0) (Fa3;Bb1) (Fb3;Ba1) Bb2 Ba2 Ib3 Ia3 Wb3 Wa3",
      "Fb0 Fa0 Fb1 Fa1 Fb2 Ba0 (Fa2;Bb0) (Fb3;Ba1) (Fa3;Bb1) Ba2 Bb2 Ia3 Ib3 Wa3 Wb3",
      "Fb0 Fb1 Fb2 Fa0 Ia0 Wa0 Fa1 (Fb3;Ba1) (Fa2;Bb0) Ba2 (Fa3;Bb1) Ba3 Ib2 Wb2 Ib3 "
      "Wb3"}},
};
const std::vector<PublishedBubble> published_v = {
    {2,
     4,
     {"0F0 0F1 0F2 3F0 3I0 3W0 3F1 (0F3;3B1) (3F2;0B0) 3B2 (3F3;0B1) 3B3 0I2 0W2 0I3 "
      "0W3",
      "1F0 2F0 1F1 2F1 1F2 2B0 (2F2;1B0) (1F3;2B1) (2F3;1B1) 2B2 1B2 2I3 1I3 2W3 1W3"}},
    {4,
     8,
     {"0F0 0F1 0F2 0F3 0F4 0F5 0F6 7F0 7I0 7W0 7F1 7I1 7W1 7F2 7I2 7W2 7F3 (0F7;7B3) "
      "(7F4;0B0) 7B4 (7F5;0B1) 7B5 (7F6;0B2) 7B6 (7F7;0B3) 7B7 0I4 0W4 0I5 0W5 0I6 0W6 "
      "0I7 0W7",
      "1F0 1F1 1F2 1F3 1F4 6F0 1F5 6F1 6I0 6W0 6F2 6I1 6W1 6F3 (1F6;6B2) (6F4;1B0) "
      "(1F7;6B3) (6F5;1B1) 6B4 (6F6;1B2) 6B5 (6F7;1B3) 6B6 1B4 6I7 1I5 6W7 1I6 1W5 1I7 "
      "1W6 1W7",
      "2F0 2F1 2F2 5F0 2F3 5F1 2F4 5F2 5I0 5W0 5F3 (2F5;5B1) (5F4;2B0) (2F6;5B2) "
      "(5F5;2B1) (2F7;5B3) (5F6;2B2) 5B4 (5F7;2B3) 5B5 2B4 5B6 2I5 5I7 2I6 2W5 2I7 5W7 "
      "2W6 2W7",
      "3F0 4F0 3F1 4F1 3F2 4F2 3F3 4F3 3F4 4B0 (4F4;3B0) (3F5;4B1) (4F5;3B1) (3F6;4B2) "
      "(4F6;3B2) (3F7;4B3) (4F7;3B3) 4B4 3B4 4B5 3B5 4I6 3I6 4I7 3I7 4W6 3W6 4W7 3W7"}},
};

// How long these orders take with free transfers, in half units of time.
struct Replay {
  Schedule (*generate)(const PipelineShape&) = nullptr;
  int stages = 0;
  int micro_batches = 0;
  int forward = 0;
  int input = 0;
  int weight = 0;
  int overlapped = 0;
  int makespan = 0;
  std::vector<int> idle{};
};
const std::vector<Replay> replays = {
    {&dualpipe, 2, 4, 2, 2, 2, 6, 24, {0, 0}},
    {&dualpipe, 2, 4, 2, 2, 2, 5, 23, {0, 0}},
    {&dualpipe, 2, 4, 4, 4, 2, 9, 39, {0, 0}},
    {&dualpipe, 2, 4, 4, 6, 2, 10, 46, {0, 0}},
    {&dualpipe, 4, 8, 2, 2, 2, 6, 52, {4, 4, 4, 4}},
    {&dualpipe, 4, 8, 2, 2, 2, 5, 48, {3, 3, 3, 3}},
    {&dualpipe, 4, 8, 4, 4, 2, 9, 86, {9, 9, 9, 9}},
    {&dualpipe, 4, 8, 4, 6, 2, 10, 100, {10, 10, 10, 10}},
    {&dualpipe_v, 2, 4, 2, 2, 2, 6, 52, {4, 4}},
    {&dualpipe_v, 2, 4, 2, 2, 2, 5, 48, {3, 3}},
    {&dualpipe_v, 2, 4, 4, 4, 2, 9, 86, {9, 9}},
    {&dualpipe_v, 2, 4, 4, 6, 2, 10, 100, {10, 10}},
    {&dualpipe_v, 4, 8, 2, 2, 2, 6, 108, {12, 12, 12, 12}},
    {&dualpipe_v, 4, 8, 2, 2, 2, 5, 98, {7, 8, 9, 9}},
    {&dualpipe_v, 4, 8, 4, 4, 2, 9, 180, {25, 26, 27, 27}},
    {&dualpipe_v, 4, 8, 4, 6, 2, 10, 210, {28, 30, 32, 32}},
};

PipelineShape shape_of(bool v, int stages, int micro_batches) {
  return {.stages = stages, .micro_batches = micro_batches, .virtual_stages = v ? 2 : 1};
}

StepCosts equal_costs(const EqualStages& equal) {
  return test::equal_costs(equal.shape.all_stages(), {.forward = equal.forward,
                                                      .backward = equal.backward,
                                                      .backward_input = equal.backward_input,
                                                      .backward_weight = equal.backward_weight,
                                                      .overlapped = equal.overlapped});
}

// I = F, W <= F, and a pair that takes at least B; a shape that DualPipe or DualPipeV can have.
EqualStages random_stages(bool v, std::mt19937& random) {
  const auto any = [&](int least, int most) {
    return std::uniform_int_distribution<int>(least, most)(random);
  };
  const int half = any(1, v ? 6 : 4);
  const int more = any(0, 7);
  const Time forward{any(1, 40)};
  const Time weight{any(0, static_cast<int>(forward.ps))};
  const Time backward = forward + weight;
  return {
      .shape = v ? shape_of(v, half, 2 * half + more) : shape_of(v, 2 * half, 4 * half + 2 * more),
      .forward = forward,
      .backward = backward,
      .backward_input = forward,
      .backward_weight = weight,
      .overlapped = Time{any(static_cast<int>(backward.ps), 100)}};
}

}  // namespace

TEST_SUITE_BEGIN("schedules/orders/dualpipe");

TEST_CASE("dualpipe is the order that DeepSeek's dualpipe.py runs") {
  for (const auto& [stages, micro_batches, orders] : published_bubbles) {
    const Schedule schedule = dualpipe(shape_of(false, stages, micro_batches));
    REQUIRE(schedule.lanes.size() == orders.size());
    for (std::size_t device = 0; device < orders.size(); ++device) {
      CHECK(two_way_text(schedule.lanes[device], micro_batches) == orders[device]);
    }
  }
}

TEST_CASE("dualpipe's second direction runs through second copies, placed the other way round") {
  const Schedule schedule = dualpipe(shape_of(false, 4, 8));
  CHECK(schedule.placement == std::vector<int>{0, 1, 2, 3});
  CHECK(schedule.second_placement == std::vector<int>{3, 2, 1, 0});
  CHECK(schedule.lanes[3][0] == Op{.copy = 1, .stage = 0, .micro_batch = 4});
}

TEST_CASE("dualpipe-v is the order that DeepSeek's dualpipev.py runs") {
  for (const auto& [stages, micro_batches, orders] : published_v) {
    const Schedule schedule = dualpipe_v(shape_of(true, stages, micro_batches));
    REQUIRE(schedule.lanes.size() == orders.size());
    for (std::size_t device = 0; device < orders.size(); ++device) {
      CHECK(test::staged_text(schedule.lanes[device]) == orders[device]);
    }
  }
}

TEST_CASE("the two orders take as long as in replays of DeepSeek's") {
  for (const Replay& replay : replays) {
    const Schedule schedule = replay.generate(
        shape_of(replay.generate == &dualpipe_v, replay.stages, replay.micro_batches));
    const auto costs =
        test::equal_costs(schedule.stages(), {.forward = {replay.forward},
                                              .backward = {replay.input + replay.weight},
                                              .backward_input = {replay.input},
                                              .backward_weight = {replay.weight},
                                              .overlapped = Time{replay.overlapped}});
    CAPTURE(schedule.name);
    CAPTURE(replay.stages);
    CAPTURE(replay.overlapped);
    CHECK(test::longest_path(schedule, costs) == Time{replay.makespan});
    const std::vector<Time> idle = test::idle_times(schedule, costs);
    REQUIRE(idle.size() == replay.idle.size());
    for (std::size_t d = 0; d < idle.size(); ++d) CHECK(idle[d] == Time{replay.idle[d]});
  }
}

TEST_CASE("every device of dualpipe holds k + 1 activations, of dualpipe-v 2k + 1") {
  for (const int stages : {2, 4, 8, 16}) {
    for (const int more : {0, 2, 10}) {
      CHECK(test::peak_in_flight(dualpipe(shape_of(false, stages, 2 * stages + more))) ==
            std::vector<int>(static_cast<std::size_t>(stages), stages + 1));
    }
  }
  for (const int stages : {1, 2, 3, 8}) {
    for (const int more : {0, 1, 10}) {
      CHECK(test::peak_in_flight(dualpipe_v(shape_of(true, stages, 2 * stages + more))) ==
            std::vector<int>(static_cast<std::size_t>(stages), 2 * stages + 1));
    }
  }
}

// The published_bubbles form, with PP = K for DualPipe and 2K for DualPipeV. Pairs that take longer
// than F and B alone leave the outer devices, which have fewer of them, idle for longer.
TEST_CASE("where pairs gain time, the longest idle time is (pp / 2 - 1)(f&b + b - 3w)") {
  std::mt19937 random(41);
  for (int trial = 0; trial < 300; ++trial) {
    const bool v = trial % 2 == 0;
    EqualStages equal = random_stages(v, random);
    equal.overlapped = std::min(*equal.overlapped, equal.forward + equal.backward);
    const Schedule schedule = v ? dualpipe_v(equal.shape) : dualpipe(equal.shape);
    const std::vector<Time> idle = test::idle_times(schedule, equal_costs(equal));
    CAPTURE(schedule.name);
    CAPTURE(equal.shape.stages);
    CAPTURE(equal.shape.micro_batches);
    CHECK(*std::max_element(idle.begin(), idle.end()) ==
          ((v ? equal.shape.stages : equal.shape.stages / 2) - 1) *
              (*equal.overlapped + equal.backward - 3 * equal.backward_weight));
  }
}

TEST_CASE("the bubbles of dualpipe and dualpipe-v are exact where i = f, w <= f and f&b >= b") {
  std::mt19937 random(42);
  for (int trial = 0; trial < 400; ++trial) {
    const bool v = trial % 2 == 0;
    EqualStages equal = random_stages(v, random);
    if (trial % 5 == 0) equal.overlapped.reset();
    const Schedule schedule = v ? dualpipe_v(equal.shape) : dualpipe(equal.shape);
    const auto formula = v ? dualpipe_v_bubble(equal) : dualpipe_bubble(equal);
    CAPTURE(schedule.name);
    CAPTURE(equal.shape.stages);
    CAPTURE(equal.shape.micro_batches);
    REQUIRE(formula);
    CHECK(test::same(*formula, test::idle_fraction(schedule, equal_costs(equal))));
  }
}

TEST_CASE("there is no formula for dualpipe outside of these times") {
  const EqualStages equal{.shape = shape_of(false, 4, 8),
                          .forward = 4_ns,
                          .backward = 7_ns,
                          .backward_input = 4_ns,
                          .backward_weight = 3_ns,
                          .overlapped = 7_ns};
  CHECK(dualpipe_bubble(equal));
  EqualStages other = equal;
  other.overlapped = 6_ns;
  CHECK(!dualpipe_bubble(other));
  other = equal;
  other.forward = 5_ns;
  CHECK(!dualpipe_bubble(other));
  other = equal;
  other.backward = 8_ns;
  CHECK(!dualpipe_bubble(other));
  other = equal;
  other.recompute_setting = Recompute::full;
  CHECK(!dualpipe_bubble(other));
}

TEST_CASE("dualpipe needs an even number of stages and twice as many micro-batches, also even") {
  CHECK(dualpipe_refusal(shape_of(false, 5, 10)) ==
        Refusal{.key = "stages",
                .problem = "must be even: the pipeline is fed from both ends",
                .hint = "6 would do"});
  const Refusal few{.key = "micro_batches",
                    .problem = "must be even, and at least twice the stages",
                    .hint = "8 would do"};
  CHECK(dualpipe_refusal(shape_of(false, 4, 6)) == few);
  CHECK(dualpipe_refusal(shape_of(false, 4, 7)) == few);
  CHECK(dualpipe_refusal(shape_of(false, 4, 9)) ==
        Refusal{.key = "micro_batches", .problem = few.problem, .hint = "10 would do"});
  CHECK(dualpipe_refusal(shape_of(true, 4, 8)) == Refusal{.key = "virtual_stages",
                                                          .problem = "must be 1 with this schedule",
                                                          .hint = "leave it out"});
  CHECK(!dualpipe_refusal(shape_of(false, 4, 8)));
}

TEST_CASE("dualpipe-v needs two stages on each device and twice as many micro-batches as devices") {
  CHECK(dualpipe_v_refusal(shape_of(true, 3, 5)) ==
        Refusal{.key = "micro_batches",
                .problem = "must be at least twice the stages",
                .hint = "at least 6"});
  CHECK(dualpipe_v_refusal(shape_of(false, 3, 6)) ==
        Refusal{.key = "virtual_stages",
                .problem = "must be 2 with this schedule",
                .hint = "leave it out"});
  CHECK(!dualpipe_v_refusal(shape_of(true, 3, 7)));
}

TEST_SUITE_END();
