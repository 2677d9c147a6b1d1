#include "models/network/layer_list.hpp"

#include <doctest/doctest.h>

#include "support/experiments.hpp"

namespace pipesim {

namespace {

Network layers(std::string_view json) {
  return read_layer_list(Field(parse_document(json, "c.json")));
}

}  // namespace

TEST_SUITE("models/network/layer_list") {
  TEST_CASE("a layer has measured times and bytes per sample, and a name") {
    const Network network = layers(R"({"kind": "layers", "input_bytes": 7, "layers": [
      {"name": "embed", "forward": "2 ns", "backward": "3 ns", "parameter_bytes": "1 KiB",
       "stash_bytes": 10, "output_bytes": 20},
      {"forward": 1, "backward": 2}]})");
    REQUIRE(network.layers.size() == 2);
    CHECK(network.layers[0].name == "embed");
    CHECK(network.layers[0].forward.at(0).seconds == 2e-9);
    CHECK(network.layers[0].backward_input.at(0).seconds == 3e-9);
    CHECK(network.layers[0].backward_weight.empty());
    CHECK(network.layers[0].parameter_bytes == 1024);
    CHECK(network.layers[0].stash_bytes == 10);
    CHECK(network.layers[0].output_bytes == 20);
    CHECK(network.bytes_into(0) == 7);
    CHECK(network.bytes_into(1) == 20);
    CHECK(network.stash_holds_input);
    CHECK(network.layers[1].name == "layer1");
    CHECK(network.layers[1].parameter_bytes == 0);
    CHECK(network.layers[1].stash_bytes == 0);
    CHECK(network.layers[1].output_bytes == 0);
  }

  TEST_CASE("a layer may state the two parts of its backward, as all or none do") {
    const Network network = layers(R"({"kind": "layers", "layers": [
      {"forward": 1, "backward_input": 2, "backward_weight": 3}]})");
    CHECK(network.layers[0].backward_input.at(0).seconds == 2);
    CHECK(network.layers[0].backward_weight.at(0).seconds == 3);
    CHECK_THROWS_WITH_AS(
        layers(R"({"kind": "layers", "layers": [{"forward": 1, "backward_input": 2}]})"),
        "c.json: /layers/0/backward_input: needs its counterpart, got 2\n"
        "  hint: give both backward_input and backward_weight, or backward alone",
        InputError);
    CHECK_THROWS_WITH_AS(layers(R"({"kind": "layers", "layers": [{"forward": 1, "backward": 5,
                             "backward_input": 2, "backward_weight": 3}]})"),
                         "c.json: /layers/0/backward: stands beside its two parts, got 5\n"
                         "  hint: give either backward or the two",
                         InputError);
    CHECK_THROWS_WITH_AS(layers(R"({"kind": "layers", "layers": [{"forward": 1, "backward": 5},
                             {"forward": 1, "backward_input": 2, "backward_weight": 3}]})"),
                         "c.json: /layers/1: must state its backward as the first layer does, got "
                         "{\"backward_input\":2,\"backward_weight\":3,\"forward\":1}\n  hint: give "
                         "backward_input and backward_weight for every "
                         "layer, or for none",
                         InputError);
  }

  TEST_CASE("a stage of listed layers sums their times and bytes over the micro-batch's samples") {
    const Experiment experiment = test::experiment_from(R"({
      "model": {"kind": "layers", "input_bytes": 5, "layers": [
        {"forward": "1 ns", "backward": "2 ns", "parameter_bytes": 100, "stash_bytes": 7,
         "output_bytes": 11},
        {"forward": "3 ns", "backward": "4 ns", "parameter_bytes": 200, "stash_bytes": 13,
         "output_bytes": 17},
        {"forward": "5 ns", "backward": "6 ns", "parameter_bytes": 400, "stash_bytes": 1,
         "output_bytes": 19}]},
      "pipeline": {"stages": 2, "micro_batches": 2},
      "training": {"batch_size": 20}})");
    REQUIRE(experiment.partition == Partition{2, 1});
    const StageCost& first = experiment.costs.stages[0];
    CHECK(first.forward == 40_ns);
    CHECK(first.backward == 60_ns);
    CHECK(first.recompute == 40_ns);
    CHECK(first.weights == 300);
    CHECK(first.boundary == 50);
    CHECK(first.stash == 200);
    CHECK(first.output == 170);
    CHECK(first.workspace == 110);  // One tensor between its two layers.
    const StageCost& last = experiment.costs.stages[1];
    CHECK(last.forward == 50_ns);
    CHECK(last.boundary == 170);
    CHECK(last.stash == 170);  // 10 were stated, but the stage's input is a part of it.
    CHECK(last.workspace == 0);
  }

  TEST_CASE("a list of layers needs one at least, and the times of each") {
    CHECK_THROWS_WITH_AS(layers(R"({"layers": []})"),
                         "c.json: /layers: must have at least one layer, got []\n"
                         "  hint: give {forward, backward} for each layer",
                         InputError);
    CHECK_THROWS_WITH_AS(layers(R"({"layers": [{"forward": 1}]})"),
                         "c.json: /layers/0/backward: is required, got nothing\n"
                         "  hint: the backward time of a sample",
                         InputError);
    CHECK_THROWS_WITH_AS(layers("{}"),
                         "c.json: /layers: is required, got nothing\n"
                         "  hint: a list of {name, forward, backward, …}",
                         InputError);
    CHECK_THROWS_WITH_AS(layers(R"({"layers": [{"forward": 1, "backward": 1, "stash": 1}]})"),
                         "c.json: /layers/0/stash: is not a known key, got 1\n"
                         "  hint: did you mean \"stash_bytes\"? known here: name, forward, "
                         "backward, backward_input, "
                         "backward_weight, parameter_bytes, stash_bytes, output_bytes",
                         InputError);
  }
}

}  // namespace pipesim
