#include "models/transformer/transformer.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "support/models/gpt.hpp"

namespace pipesim::test {

namespace {

double parameters_of(const Network& network) {
  double sum = 0;
  for (const Layer& layer : network.layers) sum += layer.parameters;
  return sum;
}

// Of all that a sample takes forward and backward, on all devices that share the layers.
double model_flops(const Gpt& gpt) {
  double sum = 0;
  for (const Layer& layer : network_of(gpt).layers) {
    sum +=
        flops_of(layer.forward) + flops_of(layer.backward_input) + flops_of(layer.backward_weight);
  }
  return sum * gpt.tensor;
}

}  // namespace

TEST_SUITE("models/transformer/transformer") {
  TEST_CASE("a block has 12 h^2 + 13 h parameters, and the ends (v + s) h + 2 h") {
    std::mt19937 random(1);
    for (int i = 0; i < 200; ++i) {
      const Gpt gpt = random_gpt(random);
      CAPTURE(text_of(gpt));
      const double h = gpt.hidden();
      const double blocks = gpt.layers * (12 * h * h + 13 * h);
      CHECK(parameters_of(blocks_of(gpt)) == blocks);
      CHECK(parameters_of(network_of(gpt)) == blocks + (gpt.vocabulary + gpt.sequence) * h + 2 * h);
    }
  }

  TEST_CASE("GPT-3 has the parameters of its paper's formula: 175 billion") {
    const Gpt gpt{.layers = 96, .heads = 96, .head = 128, .sequence = 2048, .vocabulary = 51200};
    const double h = 12288;
    const double formula =
        12 * 96 * h * h * (1 + 13 / (12 * h) + (51200.0 + 2048) / (12 * 96 * h)) + 2 * h;
    CHECK(std::abs(parameters_of(network_of(gpt)) - formula) < 1);
    CHECK(formula > 174.6e9);
    CHECK(formula < 174.7e9);
  }

  TEST_CASE("a device holds its part of the matrices, and all of what is not shared") {
    std::mt19937 random(2);
    for (int i = 0; i < 100; ++i) {
      const Gpt gpt = random_gpt(random);
      CAPTURE(text_of(gpt));
      const Bytes h = gpt.hidden();
      // The biases of what sums over devices, and the norms.
      const Bytes shared = 12 * h * h + 7 * h;
      const Bytes whole = 6 * h;
      for (const Layer& layer : blocks_of(gpt).layers) {
        CHECK(layer.parameter_bytes == 2 * (shared / gpt.tensor + whole));
      }
    }
  }

  TEST_CASE(
      "a block keeps s b h (10 + 24/t + 5 a s / (h t)) bytes, along the sequence all over t") {
    std::mt19937 random(3);
    for (int i = 0; i < 300; ++i) {
      const Gpt gpt = random_gpt(random);
      CAPTURE(text_of(gpt));
      const Bytes sh = Bytes{gpt.sequence} * gpt.hidden();
      const Bytes scores = Bytes{gpt.heads} * gpt.sequence * gpt.sequence;
      const Bytes t = gpt.tensor;
      const Bytes expected =
          gpt.sequence_parallel ? (34 * sh + 5 * scores) / t : 10 * sh + (24 * sh + 5 * scores) / t;
      for (const Layer& layer : blocks_of(gpt).layers) {
        CHECK(layer.stash_bytes == expected);
        CHECK(layer.recomputed_bytes == 5 * scores / t);
      }
    }
  }

  TEST_CASE("embedding and head keep s b h, and 4 s b h / t (1 + v/h) along the sequence") {
    std::mt19937 random(4);
    for (int i = 0; i < 100; ++i) {
      Gpt gpt = random_gpt(random);
      gpt.layers = 1;
      CAPTURE(text_of(gpt));
      const Bytes stream =
          Bytes{gpt.sequence} * gpt.hidden() / (gpt.sequence_parallel ? gpt.tensor : 1);
      const Bytes logits = 4 * Bytes{gpt.sequence} * gpt.vocabulary / gpt.tensor;
      CHECK(network_of(gpt).layers[0].stash_bytes - blocks_of(gpt).layers[0].stash_bytes ==
            stream + 4 * stream + logits);
    }
  }

  TEST_CASE("forward and backward take 72 B L s h^2 (1 + s/6h + v/12hL) operations") {
    std::mt19937 random(5);
    for (int i = 0; i < 200; ++i) {
      const Gpt gpt = random_gpt(random);
      CAPTURE(text_of(gpt));
      const double h = gpt.hidden();
      const double L = gpt.layers;
      const double s = gpt.sequence;
      const double formula = 72 * L * s * h * h + 12 * L * s * s * h + 6 * s * h * gpt.vocabulary;
      CHECK(model_flops(gpt) == doctest::Approx(formula).epsilon(1e-12));
    }
  }

  TEST_CASE("tied embeddings share the table, untied ones have two") {
    const Gpt tied{.tensor = 2};
    const Gpt untied{.tensor = 2, .more_model = R"(, "tie_word_embeddings": false)"};
    CHECK(parameters_of(network_of(untied)) - parameters_of(network_of(tied)) == 64 * 32);
    CHECK(network_of(tied).shared_embedding_bytes == 2 * 64 * 32 / 2);
    CHECK(network_of(untied).shared_embedding_bytes == 0);
    const Gpt megatron{.tensor = 2,
                       .more_model = R"(, "untie_embeddings_and_output_weights": true)"};
    CHECK(parameters_of(network_of(megatron)) == parameters_of(network_of(untied)));
  }

  TEST_CASE("a vocabulary that t does not divide is shared in fractions, rounded up to a byte") {
    const Gpt gpt{.vocabulary = 63, .tensor = 4, .precision = "bf16"};
    const Network network = network_of(gpt);
    CHECK(network.shared_embedding_bytes == 2 * 63 * 32 / 4);
    CHECK(network.layers[0].parameter_bytes ==
          blocks_of(gpt).layers[0].parameter_bytes + 2 * 63 * 32 / 4 + 2 * 16 * 32);
    const Gpt odd{.heads = 4, .head = 1, .vocabulary = 65, .tensor = 4};
    CHECK(network_of(odd).shared_embedding_bytes == 130);
    const Gpt narrow{.heads = 2, .head = 1, .vocabulary = 1, .tensor = 2};
    CHECK(network_of(narrow).shared_embedding_bytes == 2);
  }

  TEST_CASE("messages are a token's hidden vector, cut among the devices of a stage") {
    const Bytes stream = 2 * 16 * 32;
    const Network alone = network_of({});
    CHECK(alone.layers[0].output_bytes == stream);
    CHECK(alone.message_parts == 1);
    CHECK_FALSE(alone.gathers_messages);
    const Network whole = network_of({.tensor = 4});
    CHECK(whole.layers[0].output_bytes == stream);
    CHECK(whole.message_parts == 4);
    CHECK(whole.gathers_messages);
    const Network cut = network_of({.tensor = 4, .sequence_parallel = true});
    CHECK(cut.layers[0].output_bytes == stream / 4);
    CHECK(cut.message_parts == 1);
    CHECK_FALSE(cut.gathers_messages);
  }

  TEST_CASE("learned positions have a table, rotary ones turn queries and keys, none do neither") {
    const auto with = [](const std::string& kind, const std::string& more = "") {
      return network_of({.more_model = R"(, "position_embedding_type": ")" + kind + '"' + more});
    };
    const double none = parameters_of(with("none"));
    CHECK(parameters_of(with("rope")) == none);
    CHECK(parameters_of(with("learned_absolute")) == none + 16 * 32);
    CHECK(parameters_of(with("learned_absolute", R"(, "max_position_embeddings": 20)")) ==
          none + 20 * 32);
    CHECK(with("rope").layers[1].forward.size() == with("none").layers[1].forward.size() + 1);
    CHECK(with("rope").layers[1].backward_input.size() ==
          with("none").layers[1].backward_input.size() + 1);
    CHECK(with("rope").layers[1].stash_bytes == with("none").layers[1].stash_bytes);
  }
}

}  // namespace pipesim::test
