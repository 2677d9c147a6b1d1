#include "models/cost/inner_recompute.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "support/models/gpt.hpp"

namespace pipesim::test {

namespace {

Layer inner(const Gpt& gpt, Recompute recompute, std::size_t layer = 0) {
  return with_inner_recompute(blocks_of(gpt), recompute).layers[layer];
}

}  // namespace

TEST_SUITE("models/cost/inner_recompute") {
  TEST_CASE("settings that make re-computation an op leave a network as it is") {
    const Network network = network_of({});
    for (const Recompute recompute : {Recompute::none, Recompute::full, Recompute::except_last}) {
      const Network same = with_inner_recompute(network, recompute);
      for (std::size_t l = 0; l < network.layers.size(); ++l) {
        CHECK(same.layers[l].stash_bytes == network.layers[l].stash_bytes);
        CHECK(same.layers[l].workspace_bytes == network.layers[l].workspace_bytes);
        CHECK(same.layers[l].backward_input.size() == network.layers[l].backward_input.size());
      }
    }
  }

  TEST_CASE("selective keeps all but 5 a s^2 b / t bytes: layers keeps 2 s b h of the input") {
    std::mt19937 random(21);
    for (int i = 0; i < 200; ++i) {
      const Gpt gpt = random_gpt(random);
      CAPTURE(text_of(gpt));
      const Bytes sh = Bytes{gpt.sequence} * gpt.hidden();
      const Bytes t = gpt.tensor;
      const Layer none = blocks_of(gpt).layers[0];
      const Layer selective = inner(gpt, Recompute::selective);
      CHECK(selective.stash_bytes == (gpt.sequence_parallel ? 34 * sh / t : 10 * sh + 24 * sh / t));
      const Layer layers = inner(gpt, Recompute::layers);
      CHECK(layers.stash_bytes == 2 * sh / (gpt.sequence_parallel ? t : 1));
      // The rest is there again while its backward runs.
      for (const Layer& again : {selective, layers}) {
        CHECK(again.stash_bytes + again.workspace_bytes == none.stash_bytes + none.workspace_bytes);
      }
    }
  }

  TEST_CASE("a block computed again is a forward more: selective, its products of scores") {
    std::mt19937 random(22);
    for (int i = 0; i < 100; ++i) {
      const Gpt gpt = random_gpt(random);
      CAPTURE(text_of(gpt));
      const Layer none = blocks_of(gpt).layers[0];
      const Layer layers = inner(gpt, Recompute::layers);
      CHECK(layers.backward_input.size() == none.backward_input.size() + none.forward.size());
      CHECK(flops_of(layers.backward_input) ==
            doctest::Approx(flops_of(none.backward_input) + flops_of(none.forward)));
      const Layer selective = inner(gpt, Recompute::selective);
      const double s = gpt.sequence;
      CHECK((flops_of(selective.backward_input) - flops_of(none.backward_input)) * gpt.tensor ==
            doctest::Approx(4 * s * s * gpt.hidden()));
      CHECK(flops_of(layers.forward) == flops_of(none.forward));
    }
  }

  TEST_CASE("what is computed again comes first, sums over devices among it") {
    const Layer layers = inner({.tensor = 2}, Recompute::layers);
    const Layer none = blocks_of({.tensor = 2}).layers[0];
    for (std::size_t i = 0; i < none.forward.size(); ++i) {
      CHECK(layers.backward_input[i].kernel == none.forward[i].kernel);
      CHECK(layers.backward_input[i].bytes == none.forward[i].bytes);
    }
  }

  TEST_CASE("neither end is computed again: 96 B L s h^2 (1 + s/6h + v/16hL) operations in all") {
    std::mt19937 random(23);
    for (int i = 0; i < 200; ++i) {
      const Gpt gpt = random_gpt(random);
      CAPTURE(text_of(gpt));
      double sum = 0;
      for (const Layer& layer : with_inner_recompute(network_of(gpt), Recompute::layers).layers) {
        sum += flops_of(layer.forward) + flops_of(layer.backward_input) +
               flops_of(layer.backward_weight);
      }
      const double h = gpt.hidden();
      const double L = gpt.layers;
      const double s = gpt.sequence;
      CHECK(sum * gpt.tensor ==
            doctest::Approx(96 * L * s * h * h + 16 * L * s * s * h + 6 * s * h * gpt.vocabulary)
                .epsilon(1e-12));
    }
  }

  TEST_CASE(
      "what the ends keep stays: the embedding's result and mask, the head's norm and logits") {
    for (const bool along : {false, true}) {
      const Gpt gpt{.layers = 3, .tensor = 2, .sequence_parallel = along};
      const Network none = network_of(gpt);
      const Network layers = with_inner_recompute(none, Recompute::layers);
      const Bytes stream = 16 * 32 / (along ? 2 : 1);
      const Bytes tokens = 8 * 16;
      CHECK(layers.layers[0].stash_bytes == tokens + 2 * stream + stream);
      CHECK(layers.layers[1].stash_bytes == 2 * stream);
      CHECK(layers.layers[2].stash_bytes == 2 * stream + 4 * stream + 4 * 16 * 64 / 2);
      for (std::size_t l = 0; l < 3; ++l) {
        CHECK(layers.layers[l].stash_bytes + layers.layers[l].workspace_bytes ==
              std::max(none.layers[l].stash_bytes, layers.layers[l].stash_bytes) +
                  none.layers[l].workspace_bytes);
      }
      const std::size_t lookup = 2;  // And the sum of its parts.
      CHECK(layers.layers[0].backward_input.size() ==
            none.layers[0].backward_input.size() + none.layers[0].forward.size() - lookup);
    }
  }

  TEST_CASE("a network whose layers' stash is without their inputs keeps what each hands on") {
    const Network plain{.layers = {{.stash_bytes = 50, .output_bytes = 8, .workspace_bytes = 3},
                                   {.stash_bytes = 5, .output_bytes = 9}},
                        .input_bytes = 7};
    const Network again = with_inner_recompute(plain, Recompute::layers);
    CHECK(again.layers[0].stash_bytes == 8);
    CHECK(again.layers[0].workspace_bytes == 3 + 42);
    CHECK(again.layers[1].stash_bytes == 5);  // No more than there was.
    CHECK(again.layers[1].workspace_bytes == 0);
  }
}

}  // namespace pipesim::test
