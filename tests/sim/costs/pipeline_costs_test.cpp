#include "sim/costs/pipeline_costs.hpp"

#include <doctest/doctest.h>

#include "support/models/costers.hpp"
#include "support/models/gpt.hpp"

namespace pipesim::test {

namespace {

Costers costers_of(const Gpt& gpt) {
  return Costers(config_of(gpt));
}

// Nodes of two: tensor parallelism of 4 goes over both levels, of 2 stays inside.
const std::string nodes = R"({"device": {"flops": 1e12, "memory_bandwidth": 1e12},
    "interconnect": {"node_size": 2, "intra_node": {"bandwidth": 4e9, "latency": "1 us"},
                     "inter_node": {"bandwidth": 1e9, "latency": "5 us"}}})";

}  // namespace

TEST_SUITE("sim/costs/pipeline_costs") {
  TEST_CASE("devices that are alike share their costs") {
    Costers alike = costers_of({.layers = 4, .tensor = 2, .stages = 4});
    for (int device = 1; device < 4; ++device) CHECK(&alike.on(device) == &alike.on(0));
    Costers two = costers_of(
        {.layers = 4, .stages = 2, .cluster = R"({"device": ["v100-16gb", "a100-80gb"]})"});
    CHECK(&two.on(0) != &two.on(1));
  }

  TEST_CASE("a layer's sums take its group's network: rings inside, and between nodes") {
    // Of s h two-byte elements two sums forward.
    const double bytes = 2 * 16 * 32;
    const auto sums = [&](int tensor) {
      const Gpt shared{.layers = 3, .tensor = tensor, .cluster = nodes};
      Gpt same = shared;
      same.cluster = R"({"device": {"flops": 1e12, "memory_bandwidth": 1e12}})";
      return costers_of(shared).on(0).cost(1, 2).forward -
             costers_of(same).on(0).cost(1, 2).forward;
    };
    CHECK(sums(2) == 2 * to_time(2 * (1e-6 + bytes / 2 / 4e9)));
    // Scattered and gathered inside; half of it summed between two nodes.
    CHECK(sums(4) == 2 * to_time(2 * (1e-6 + bytes / 2 / 4e9) + 2 * (5e-6 + bytes / 4 / 1e9)));
  }

  TEST_CASE("the network that is costed computes again what is asked for inside the backward") {
    const Gpt none{.layers = 3};
    Gpt layers = none;
    layers.recompute = "layers";
    Gpt selective = none;
    selective.recompute = "selective";
    const StageCost kept = costers_of(none).on(0).cost(1, 2);
    const StageCost again = costers_of(layers).on(0).cost(1, 2);
    CHECK(again.forward == kept.forward);
    CHECK(again.backward == kept.backward + kept.forward);
    CHECK(again.stash == 2 * 16 * 32);
    CHECK(again.stash + again.workspace == kept.stash + kept.workspace);
    CHECK(costers_of(selective).on(0).cost(1, 2).stash == kept.stash - 5 * 4 * 16 * 16);
  }

  TEST_CASE("of many layers computed again, one at a time is in memory") {
    Gpt gpt{.layers = 8, .recompute = "layers"};
    Costers costers = costers_of(gpt);
    const StageCost one = costers.on(0).cost(1, 2);
    const StageCost six = costers.on(0).cost(1, 7);
    CHECK(six.stash == 6 * one.stash);
    // Beside it, two messages between layers.
    CHECK(six.workspace == one.workspace + 2 * 2 * 16 * 32);
  }

  TEST_CASE("host time stands below every layer's passes") {
    Gpt gpt{.layers = 3, .cluster = R"({"device": {"flops": 1e12, "memory_bandwidth": 1e12},
                                        "host_time_per_layer": "1 ms"})"};
    const StageCost cost = costers_of(gpt).on(0).cost(0, 3);
    CHECK(cost.forward == to_time(3e-3));
    CHECK(cost.backward == to_time(6e-3));
    CHECK(cost.backward_input == to_time(3e-3));
  }

  TEST_CASE("what is computed again is launched again") {
    const auto cost = [](const std::string& recompute) {
      const Gpt gpt{.layers = 4,
                    .recompute = recompute,
                    .cluster = R"({"device": {"flops": 1e12, "memory_bandwidth": 1e12},
                                   "host_time_per_layer": "1 ms"})"};
      return costers_of(gpt).on(0).cost(1, 3);
    };
    CHECK(cost("none").backward == to_time(4e-3));
    CHECK(cost("layers").backward == to_time(6e-3));
    CHECK(cost("layers").backward_input == to_time(4e-3));
    CHECK(cost("layers").backward_weight == to_time(2e-3));
    // Of a block's 19 launches the scores' two products, softmax and dropout: 4, a layer.
    const double share = static_cast<double>(cost("selective").backward_input.ps) / 2e9 - 1;
    CHECK(share > 0.1);
    CHECK(share < 0.4);
    CHECK(cost("selective").backward == cost("selective").backward_input + to_time(2e-3));
    // As R of the whole stage: once more its forward.
    CHECK(cost("full").recompute == to_time(2e-3));
  }

  TEST_CASE("the head's copy of a tied table is held where the embedding is not") {
    Costers tied = costers_of({.layers = 4, .tensor = 2});
    Costers untied =
        costers_of({.layers = 4, .tensor = 2, .more_model = R"(, "tie_word_embeddings": false)"});
    const Bytes table = 2 * 64 * 32 / 2;
    CHECK(tied.on(0).cost(2, 4).weights == untied.on(0).cost(2, 4).weights);
    CHECK(tied.on(0).cost(2, 4).optimizer == untied.on(0).cost(2, 4).optimizer);
    CHECK(tied.on(0).cost(0, 2).weights == untied.on(0).cost(0, 2).weights);
    CHECK(tied.on(0).cost(0, 4).weights == untied.on(0).cost(0, 4).weights - table);
    CHECK(tied.on(0).cost(2, 4).weights ==
          tied.on(0).cost(2, 3).weights + tied.on(0).cost(1, 2).weights + table + 2 * 2 * 32);
  }
}

}  // namespace pipesim::test
