#include "models/network/given_stages.hpp"

#include <doctest/doctest.h>

#include "models/cost/cost_model.hpp"

namespace pipesim {

namespace {

GivenStages costs(std::string_view json, int stages) {
  return read_given_stages(Field(parse_document(json, "c.json")), stages);
}

}  // namespace

TEST_SUITE("models/network/given_stages") {
  TEST_CASE("a scalar counts for every stage, a list has an entry for each") {
    const GivenStages given =
        costs(R"({"forward": "1 ns", "backward": ["2 ns", "3 ns", "4 ns"]})", 3);
    for (int s = 0; s < 3; ++s) {
      CHECK(given.forward[s] == 1_ns);
      CHECK(given.backward[s] == (s + 2) * 1_ns);
    }
  }

  TEST_CASE("what is not given: re-computing takes a forward, the rest is free") {
    const GivenStages given = costs(R"({"forward": ["1 ns", "5 ns"], "backward": "2 ns"})", 2);
    CHECK(given.recompute[0] == 1_ns);
    CHECK(given.recompute[1] == 5_ns);
    CHECK(given.transfer[0] == 0_ps);
    CHECK(given.stash[1] == 0);
    CHECK(given.weight_stash[1] == 0);
    CHECK(given.boundary[1] == 0);
    CHECK(given.parameters[1] == 0);
    CHECK_FALSE(given.backward_input.has_value());
    CHECK_FALSE(given.backward_weight.has_value());
  }

  TEST_CASE("a backward given in two parts is their sum, unless it is given too") {
    const GivenStages split = costs(
        R"({"forward": 0, "backward_input": "2 ns", "backward_weight": ["3 ns", "4 ns"]})", 2);
    CHECK(split.backward[0] == 5_ns);
    CHECK(split.backward[1] == 6_ns);
    CHECK((*split.backward_input)[1] == 2_ns);
    CHECK((*split.backward_weight)[1] == 4_ns);
    const GivenStages both = costs(
        R"({"forward": 0, "backward": "9 ns", "backward_input": "2 ns",
            "backward_weight": "3 ns"})",
        2);
    CHECK(both.backward[0] == 9_ns);
  }

  TEST_CASE("a stash that is not given is the stage's input") {
    const GivenStages given =
        costs(R"({"forward": 0, "backward": 0, "boundary_bytes": [3, 5]})", 2);
    CHECK(given.stash[0] == 3);
    CHECK(given.stash[1] == 5);
  }

  TEST_CASE("a stage's cost is its entries: its output is the next stage's input") {
    const GivenStages given = costs(R"({
        "forward": ["1 ns", "2 ns"], "backward_input": "3 ns", "backward_weight": "4 ns",
        "recompute": "5 ns", "stash_bytes": [60, 70], "weight_stash_bytes": 8,
        "boundary_bytes": [9, 10], "parameter_bytes": 11})",
                                    2);
    CHECK(stage_cost(given, 0, 2, {}) == StageCost{.forward = 1_ns,
                                                   .backward = 7_ns,
                                                   .backward_input = 3_ns,
                                                   .backward_weight = 4_ns,
                                                   .recompute = 5_ns,
                                                   .weights = 11,
                                                   .summed_gradients = 11,
                                                   .gathered_weights = 11,
                                                   .stash = 60,
                                                   .weight_stash = 8,
                                                   .boundary = 9,
                                                   .output = 10});
    CHECK(stage_cost(given, 1, 2, {}) == StageCost{.forward = 2_ns,
                                                   .backward = 7_ns,
                                                   .backward_input = 3_ns,
                                                   .backward_weight = 4_ns,
                                                   .recompute = 5_ns,
                                                   .weights = 11,
                                                   .summed_gradients = 11,
                                                   .gathered_weights = 11,
                                                   .stash = 70,
                                                   .weight_stash = 8,
                                                   .boundary = 10});
  }

  TEST_CASE("a stash smaller than the stage's input is refused, with the stage") {
    CHECK_THROWS_WITH_AS(
        costs(R"({"forward": 0, "backward": 0, "stash_bytes": 5, "boundary_bytes": [5, 6]})", 2),
        "c.json: /stash_bytes: must be at least boundary_bytes, 6 on stage 1, got 5\n"
        "  hint: what F leaves for its backward includes the stage's input",
        InputError);
  }

  TEST_CASE("a weight stash larger than the stash is refused, with the stage") {
    CHECK_THROWS_WITH_AS(
        costs(R"({"forward": 0, "backward": 0, "stash_bytes": [9, 5], "weight_stash_bytes": 6})",
              2),
        "c.json: /weight_stash_bytes: must be at most stash_bytes, 5 on stage 1, got 6\n"
        "  hint: what I leaves for W is a part of what F leaves for I",
        InputError);
  }

  TEST_CASE("a weight stash is held against every stage's stash when it alone is a list") {
    CHECK_THROWS_WITH_AS(
        costs(R"({"forward": 0, "backward": 0, "stash_bytes": 5, "weight_stash_bytes": [1, 6]})",
              2),
        "c.json: /weight_stash_bytes: must be at most stash_bytes, 5 on stage 1, got [1,6]\n"
        "  hint: what I leaves for W is a part of what F leaves for I",
        InputError);
  }

  TEST_CASE("a weight stash without a stash is held against the stage's input") {
    CHECK_THROWS_AS(
        costs(R"({"forward": 0, "backward": 0, "boundary_bytes": 5, "weight_stash_bytes": 6})", 2),
        InputError);
  }

  TEST_CASE("a list of another length than the number of stages is refused") {
    CHECK_THROWS_WITH_AS(costs(R"({"forward": [1, 2, 3], "backward": 0})", 2),
                         "c.json: /forward: must have one entry for each of the 2 stages, "
                         "got [1,2,3]\n  hint: this list has 3; a single value counts for every "
                         "stage",
                         InputError);
  }

  TEST_CASE("half of a split backward needs its counterpart, and no backward at all is an error") {
    const std::string hint =
        "\n  hint: give both backward_input and backward_weight, or backward alone";
    CHECK_THROWS_WITH_AS(costs(R"({"forward": 0, "backward_input": 1})", 2),
                         ("c.json: /backward_input: needs its counterpart, got 1" + hint).c_str(),
                         InputError);
    CHECK_THROWS_WITH_AS(costs(R"({"forward": 0, "backward": 2, "backward_weight": 1})", 2),
                         ("c.json: /backward_weight: needs its counterpart, got 1" + hint).c_str(),
                         InputError);
    CHECK_THROWS_WITH_AS(costs(R"({"forward": 0})", 2),
                         "c.json: /backward: is required, got nothing\n"
                         "  hint: give it, or backward_input and backward_weight",
                         InputError);
    CHECK_THROWS_WITH_AS(costs(R"({"backward": 0})", 2),
                         "c.json: /forward: is required, got nothing\n"
                         "  hint: the time of one micro-batch in a stage",
                         InputError);
  }

  TEST_CASE(
      "more stages share out what one takes, to the picosecond: neighbours are put together") {
    const GivenStages given = costs(R"({"forward": ["7 ps", "10 ps"], "backward": "9 ps",
        "transfer": "3 ps", "boundary_bytes": [5, 40], "stash_bytes": [50, 61],
        "parameter_bytes": 101})",
                                    2);
    const GivenStages more = recut(given, 2, 4);
    const auto total = [](const auto& values, int first, int count) {
      auto sum = values[first];
      for (int s = first + 1; s < first + count; ++s) sum += values[s];
      return sum;
    };
    for (const int stage : {0, 1}) {
      CHECK(total(more.forward, 2 * stage, 2) == given.forward[stage]);
      CHECK(total(more.backward, 2 * stage, 2) == given.backward[stage]);
      CHECK(total(more.parameters, 2 * stage, 2) == given.parameters[stage]);
      CHECK(more.boundary[2 * stage] == given.boundary[stage]);
      CHECK(more.boundary[2 * stage + 1] == given.boundary[stage]);
      CHECK(more.transfer[2 * stage] == given.transfer[stage]);
    }
    CHECK(total(more.stash, 0, 2) == 50);
    CHECK(more.stash[2] == 40);  // No less than its input.
    const GivenStages one = recut(given, 2, 1);
    CHECK(one.forward[0] == Time{17});
    CHECK(one.stash[0] == 111);
    CHECK(one.boundary[0] == 5);
  }
}

}  // namespace pipesim
