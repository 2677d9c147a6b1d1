#include "models/network/mlp.hpp"

#include <doctest/doctest.h>

namespace pipesim {

namespace {

Bytes parameter_bytes(const Network& network) {
  Bytes total = 0;
  for (const Layer& layer : network.layers) total += layer.parameter_bytes;
  return total;
}

Mlp mlp(std::string_view json) {
  return read_mlp(Field(parse_document(json, "c.json")));
}

void check(const Operator& op, double flops, double bytes, double fixed_bytes) {
  CHECK(op.flops == flops);
  CHECK(op.bytes == bytes);
  CHECK(op.fixed_bytes == fixed_bytes);
  CHECK(op.seconds == 0);
}

// Widths 3, 5, 2; fp32, so 4 bytes an element.
Network small_network() {
  return mlp_network({.layer_sizes = {3, 5, 2},
                      .activation = Activation::relu,
                      .output_activation = Activation::linear},
                     Precision::fp32);
}

}  // namespace

TEST_SUITE("models/network/mlp") {
  TEST_CASE("a layer's parameters are its weights and its biases") {
    const Network network = small_network();
    REQUIRE(network.layers.size() == 2);
    CHECK(network.layers[0].name == "linear0");
    CHECK(network.layers[0].parameter_bytes == (3 * 5 + 5) * 4);
    CHECK(network.layers[1].parameter_bytes == (5 * 2 + 2) * 4);
    CHECK(parameter_bytes(network) == 128);
  }

  TEST_CASE("a layer's output is what the next one takes, and what it leaves for its backward") {
    const Network network = small_network();
    CHECK(network.input_bytes == 12);
    CHECK(network.bytes_into(0) == 12);
    CHECK(network.bytes_into(1) == 20);
    CHECK(network.layers[0].output_bytes == 20);
    CHECK(network.layers[0].stash_bytes == 20);
    CHECK(network.layers[1].output_bytes == 8);
    CHECK(network.layers[1].stash_bytes == 8);
    CHECK_FALSE(network.stash_holds_input);
  }

  TEST_CASE("a forward multiplies, adds the bias, and applies the activation") {
    const Network network = small_network();
    REQUIRE(network.layers[0].forward.size() == 2);
    // 2ab multiply-adds and b additions; x in, y out; W and b read.
    check(network.layers[0].forward[0], 2 * 15 + 5, (3 + 5) * 4, (15 + 5) * 4);
    check(network.layers[0].forward[1], 5, 2 * 5 * 4, 0);
    REQUIRE(network.layers[1].forward.size() == 1);
    check(network.layers[1].forward[0], 2 * 10 + 2, (5 + 2) * 4, (10 + 2) * 4);
  }

  TEST_CASE("the first layer computes no gradient for the network's input") {
    const Network network = small_network();
    REQUIRE(network.layers[0].backward_input.size() == 1);
    check(network.layers[0].backward_input[0], 5, 3 * 5 * 4, 0);  // The relu's.
  }

  TEST_CASE("the last layer's backward begins with the gradient of the loss") {
    const Network network = small_network();
    REQUIRE(network.layers[1].backward_input.size() == 2);
    check(network.layers[1].backward_input[0], 2 * 2, 3 * 2 * 4, 0);
    check(network.layers[1].backward_input[1], 2 * 10, (5 + 2) * 4, 10 * 4);
  }

  TEST_CASE("a weight gradient is added to the one accumulated so far: read and written") {
    const Network network = small_network();
    REQUIRE(network.layers[0].backward_weight.size() == 1);
    check(network.layers[0].backward_weight[0], 2 * 15 + 5, (3 + 5) * 4, (2 * 15 + 2 * 5) * 4);
    REQUIRE(network.layers[1].backward_weight.size() == 1);
    check(network.layers[1].backward_weight[0], 2 * 10 + 2, (5 + 2) * 4, (2 * 10 + 2 * 2) * 4);
  }

  TEST_CASE("a network of one linear layer sends no gradient but the loss's") {
    const Network network = mlp_network({.layer_sizes = {3, 2}}, Precision::fp32);
    REQUIRE(network.layers.size() == 1);
    CHECK(network.layers[0].forward.size() == 1);
    REQUIRE(network.layers[0].backward_input.size() == 1);
    check(network.layers[0].backward_input[0], 4, 24, 0);
  }

  TEST_CASE("an output activation is the last layer's, the activation that of the others") {
    const Network network = mlp_network({.layer_sizes = {3, 5, 2},
                                         .activation = Activation::linear,
                                         .output_activation = Activation::tanh},
                                        Precision::fp32);
    CHECK(network.layers[0].forward.size() == 1);
    CHECK(network.layers[0].backward_input.empty());
    CHECK(network.layers[1].forward.size() == 2);
    CHECK(network.layers[1].backward_input.size() == 3);
  }

  TEST_CASE("bytes scale with the precision, operations do not") {
    for (const Precision precision :
         {Precision::fp64, Precision::fp32, Precision::fp16, Precision::bf16}) {
      const Bytes element = bytes_per_element(precision);
      const Network network = mlp_network({.layer_sizes = {3, 5, 2}}, precision);
      CHECK(parameter_bytes(network) == 32 * element);
      CHECK(network.input_bytes == 3 * element);
      check(network.layers[0].forward[0], 35, 8.0 * static_cast<double>(element),
            20.0 * static_cast<double>(element));
    }
    CHECK(bytes_per_element(Precision::fp64) == 8);
    CHECK(bytes_per_element(Precision::fp32) == 4);
    CHECK(bytes_per_element(Precision::fp16) == 2);
    CHECK(bytes_per_element(Precision::bf16) == 2);
  }

  TEST_CASE("hidden layers are relu and the output is linear unless the config says otherwise") {
    const Mlp plain = mlp(R"({"kind": "mlp", "layer_sizes": [3, 5, 2]})");
    CHECK(plain.layer_sizes == std::vector<int>{3, 5, 2});
    CHECK(plain.activation == Activation::relu);
    CHECK(plain.output_activation == Activation::linear);
    const Mlp other =
        mlp(R"({"layer_sizes": [3, 2], "activation": "tanh", "output_activation": "relu"})");
    CHECK(other.activation == Activation::tanh);
    CHECK(other.output_activation == Activation::relu);
    CHECK(mlp(R"({"layer_sizes": [3, 2], "activation": "linear"})").activation ==
          Activation::linear);
  }

  TEST_CASE("an mlp needs two widths, each a whole number from 1") {
    CHECK_THROWS_WITH_AS(mlp(R"({"layer_sizes": [3]})"),
                         "c.json: /layer_sizes: must have at least two entries, got [3]\n"
                         "  hint: the inputs and the outputs of one layer",
                         InputError);
    CHECK_THROWS_WITH_AS(mlp(R"({"layer_sizes": [3, 0]})"),
                         "c.json: /layer_sizes/1: must be a whole number from 1 to 16777216, "
                         "got 0\n  hint: the smallest that makes sense is 1",
                         InputError);
    CHECK_THROWS_WITH_AS(mlp("{}"),
                         "c.json: /layer_sizes: is required, got nothing\n"
                         "  hint: the widths, such as [128, 256, 256, 10]",
                         InputError);
    CHECK_THROWS_WITH_AS(mlp(R"({"layer_sizes": [3, 2], "activation": "relo"})"),
                         "c.json: /activation: is not known, got \"relo\"\n"
                         "  hint: did you mean \"relu\"? activations: relu, tanh, linear",
                         InputError);
    CHECK_THROWS_WITH_AS(
        mlp(R"({"layer_size": [3, 2]})"),
        "c.json: /layer_size: is not a known key, got [3,2]\n"
        "  hint: did you mean \"layer_sizes\"? known here: kind, layer_sizes, activation, "
        "output_activation",
        InputError);
  }
}

}  // namespace pipesim
