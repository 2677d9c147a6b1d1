#include "sim/costs/layer_costs.hpp"

#include <doctest/doctest.h>

#include "models/cost/cost_model.hpp"
#include "sim/costs/pipeline_costs.hpp"
#include "support/experiments.hpp"

namespace pipesim {

namespace {

constexpr const char* gpt = R"({
  "model": {"kind": "transformer", "num_layers": 5, "hidden_size": 64, "num_attention_heads": 4,
            "seq_length": 32, "vocab_size": 1000},
  "cluster": {"device": "a100-80gb", "interconnect": "nvlink3"},
  "pipeline": {"stages": 1, "micro_batches": 1},
  "training": {"batch_size": 3, "tensor_parallel": 2, "precision": "bf16"}})";

Config config_of(const char* text) {
  return read_config(parse_document(text, "c.json"));
}

}  // namespace

TEST_SUITE("sim/costs/layer_costs") {
  TEST_CASE(
      "equal blocks stand once, between the first with the embedding and the last with the head") {
    const std::vector<LayerCost> costs = layer_costs(config_of(gpt));
    REQUIRE(costs.size() == 3);
    CHECK(costs[1].first == "block1");
    CHECK(costs[1].last == "block3");
    CHECK(costs[1].count == 3);
    const double h = 64;
    CHECK(costs[1].parameters == 12 * h * h + 13 * h);
    CHECK(costs[0].parameters == 12 * h * h + 13 * h + (1000 + 32) * h);
    CHECK(costs[2].parameters == 12 * h * h + 13 * h + 2 * h);  // The final norm; tied logits.
  }

  TEST_CASE("parts add up to their layer, in parameters, stash and time") {
    for (const LayerCost& layer : layer_costs(config_of(gpt))) {
      double parameters = 0;
      Bytes stash = 0;
      Time forward;
      Time backward;
      for (const PartCost& part : layer.parts) {
        parameters += part.parameters;
        stash += part.stash;
        forward += part.forward;
        backward += part.backward;
      }
      CHECK(parameters == layer.parameters);
      CHECK(stash == layer.stash);
      CHECK(forward == layer.time.forward);
      CHECK(backward == layer.time.backward_input + layer.time.backward_weight);
      CHECK(layer.time.backward < backward);  // Products hide a part of the exchange.
    }
  }

  TEST_CASE("a block's FLOPs are 24 b s h² (1 + s / 6 h) forward, shared among its devices") {
    const LayerCost block = layer_costs(config_of(gpt))[1];
    double forward = 0;
    double backward = 0;
    for (const PartCost& part : block.parts) {
      forward += part.forward_flops;
      backward += part.backward_flops;
    }
    const double b = 3, s = 32, h = 64;
    CHECK(forward == 24 * b * s * h * h * (1 + s / (6 * h)) / 2);
    CHECK(backward == 2 * forward);
  }

  TEST_CASE("layers that name no parts show products and what memory bounds") {
    const std::vector<LayerCost> costs = layer_costs(test::example("gpipe.json").config);
    REQUIRE(costs.front().parts.size() == 2);
    CHECK(costs.front().parts[0].name == "products");
    CHECK(costs.front().parts[1].name == "bound by memory");
  }

  TEST_CASE("given stages have no layers to show") {
    CHECK_THROWS_WITH_AS(
        layer_costs(config_of(R"({"model": {"kind": "stage_costs", "forward": 1, "backward": 2},
                                  "pipeline": {"stages": 2, "micro_batches": 2}})")),
        "c.json: /model/kind: has no layers to show, got \"stage_costs\"\n"
        "  hint: its stages' costs are those that the config gives",
        InputError);
  }
}

}  // namespace pipesim
