#include <doctest/doctest.h>

#include "models/transformer/transformer_parts.hpp"
#include "support/models/gpt.hpp"
#include "support/models/transformers.hpp"

namespace pipesim::test {

namespace {

// A block with what an end adds to it.
struct Ended {
  Layer block{};
  Layer first{};
  Layer last{};
};

Ended ends_of(const Gpt& gpt) {
  const Network network = network_of(gpt);
  return {.block = blocks_of(gpt).layers[0],
          .first = network.layers.front(),
          .last = network.layers.back()};
}

std::size_t exchanges(const std::vector<Operator>& pass) {
  return operators_of(pass, Kernel::collective).size();
}

// s h; s v.
constexpr Bytes end_sh = 16 * 32;
constexpr Bytes sv = 16 * 64;

}  // namespace

TEST_SUITE("models/transformer/transformer_ends") {
  TEST_CASE("the embedding is a lookup: no operations, its table and that of the positions") {
    const Ended ends = ends_of({});
    CHECK(flops_of(ends.first.forward) == flops_of(ends.block.forward));
    CHECK(flops_of(ends.first.backward_input) == flops_of(ends.block.backward_input));
    CHECK(ends.first.backward_weight.size() == ends.block.backward_weight.size());
    CHECK(ends.first.parameter_bytes - ends.block.parameter_bytes == 2 * (64 + 16) * 32);
    CHECK(ends.first.output_bytes == 2 * end_sh);
    CHECK(network_of({}).input_bytes == 8 * 16);  // Numbers of tokens.
  }

  TEST_CASE("the head is a norm and a product with the table, three times 2 s h v operations") {
    const Ended ends = ends_of({.vocabulary = 64, .tensor = 2});
    const double product = 2.0 * 16 * 32 * 64 / 2;
    CHECK(flops_of(ends.last.forward) - flops_of(ends.block.forward) == product);
    CHECK(flops_of(ends.last.backward_input) - flops_of(ends.block.backward_input) == product);
    CHECK(flops_of(ends.last.backward_weight) - flops_of(ends.block.backward_weight) == product);
    CHECK(ends.last.output_bytes == 4 * 16);  // Losses.
  }

  TEST_CASE("a tied head adds its norm to the parameters, an untied one the table, too") {
    const Ended tied = ends_of({.tensor = 2});
    CHECK(tied.last.parameters - tied.block.parameters == 2 * 32);
    const Ended untied = ends_of({.tensor = 2, .more_model = R"(, "tie_word_embeddings": false)"});
    CHECK(untied.last.parameters - untied.block.parameters == 2 * 32 + 64 * 32);
    CHECK(untied.last.parameter_bytes - untied.block.parameter_bytes == 2 * (2 * 32 + 64 * 32 / 2));
  }

  TEST_CASE("logits are kept in fp32, unless they are made in chunks") {
    const Ended ends = ends_of({});
    CHECK(ends.last.stash_bytes - ends.block.stash_bytes == 4 * end_sh + 4 * sv);
    CHECK(ends.last.fixed_workspace_bytes == ends.block.fixed_workspace_bytes);
    const Ended chunked = ends_of({.more_model = R"(, "logits_chunk_size": 4)"});
    CHECK(chunked.last.stash_bytes - chunked.block.stash_bytes == 4 * end_sh);
    CHECK(chunked.last.fixed_workspace_bytes - chunked.block.fixed_workspace_bytes == 4 * 4 * 64);
    // Their product is computed once more, and the weight gradient chunk by chunk beside it.
    CHECK(flops_of(chunked.last.backward_input) - flops_of(ends.last.backward_input) ==
          2 * 2.0 * 16 * 32 * 64);
    CHECK(flops_of(ends.last.backward_weight) - flops_of(chunked.last.backward_weight) ==
          2.0 * 16 * 32 * 64);
    const Ended wide = ends_of({.more_model = R"(, "logits_chunk_size": 1000)"});
    CHECK(wide.last.fixed_workspace_bytes - wide.block.fixed_workspace_bytes == 4 * sv);
  }

  TEST_CASE("the lookup sums its parts among devices, the head's input gradient, too") {
    const Ended whole = ends_of({.tensor = 2});
    CHECK(exchanges(whole.first.forward) == exchanges(whole.block.forward) + 1);
    CHECK(exchanges(whole.first.backward_input) == exchanges(whole.block.backward_input));
    CHECK(exchanges(whole.last.forward) == exchanges(whole.block.forward));
    CHECK(exchanges(whole.last.backward_input) == exchanges(whole.block.backward_input) + 1);
    CHECK(whole.first.forward[1].collective == Collective::all_reduce);

    const Ended cut = ends_of({.tensor = 2, .sequence_parallel = true});
    CHECK(exchanges(cut.first.forward) == exchanges(cut.block.forward) + 1);
    CHECK(exchanges(cut.first.backward_input) == exchanges(cut.block.backward_input) + 1);
    CHECK(exchanges(cut.last.forward) == exchanges(cut.block.forward) + 1);
    CHECK(exchanges(cut.last.backward_input) == exchanges(cut.block.backward_input) + 2);
    CHECK(cut.first.forward[1].collective == Collective::reduce_scatter);
  }

  TEST_CASE("the loss comes last forward and first backward") {
    const Ended ends = ends_of({});
    REQUIRE(ends.last.forward.size() == ends.block.forward.size() + 3);
    CHECK(ends.last.forward.back().bytes == 10 * 2 * sv);
    CHECK(ends.last.backward_input[1].kernel == Kernel::input_gradient);
    CHECK(ends.last.backward_input[1].weights == 32 * 64);
    CHECK(ends.last.backward_weight[0].weights == 32 * 64);
  }

  TEST_CASE("one layer has both ends") {
    const Gpt gpt{.layers = 1};
    const Network network = network_of(gpt);
    const Ended apart = ends_of({.layers = 2});
    CHECK(network.layers[0].parameter_bytes ==
          apart.first.parameter_bytes + apart.last.parameter_bytes - apart.block.parameter_bytes);
    CHECK(network.layers[0].stash_bytes ==
          apart.first.stash_bytes + apart.last.stash_bytes - apart.block.stash_bytes);
    CHECK(flops_of(network.layers[0].forward) == flops_of(apart.last.forward));
  }
}

}  // namespace pipesim::test
