#include "models/transformer/latent_attention.hpp"

#include <doctest/doctest.h>

#include "support/models/transformers.hpp"

namespace pipesim {

namespace {

// Two heads of 6 + 2 for queries and keys, 4 for values; 16 tokens of 32.
const std::string small =
    R"("kind": "transformer", "num_layers": 1, "hidden_size": 32, "num_attention_heads": 2,
       "seq_length": 16, "vocab_size": 64, "ffn_hidden_size": 8, "add_bias_linear": false,
       "normalization": "RMSNorm", "attention_dropout": 0, "hidden_dropout": 0,
       "position_embedding_type": "none", "use_flash_attn": true, "multi_latent_attention": true,
       "kv_lora_rank": 10, "qk_head_dim": 6, "qk_pos_emb_head_dim": 2, "v_head_dim": 4)";

const Layer& only_layer(const Config& config) {
  return std::get<Network>(config.model).layers.front();
}

}  // namespace

TEST_SUITE("models/transformer/latent_attention") {
  TEST_CASE(
      "DeepSeek-V2, its Lite and DeepSeek-V3 have as many parameters as their model cards say") {
    CHECK(parameters_of(transformer_config(deepseek_v2)) == 235'741'434'880);
    CHECK(parameters_of(transformer_config(deepseek_v2_lite)) == 15'706'484'224);
    CHECK(parameters_of(transformer_config(deepseek_v3)) == 671'026'419'200);
  }

  TEST_CASE("queries come from the stream, or from a narrow vector of their own") {
    const double shared = 32 * (10 + 2) + 10 + 10 * 2 * (6 + 4) + 2 * 4 * 32;
    const double norms_mlp_and_ends = 2 * 32 + 2 * 32 * 8 + 64 * 32 + 32;
    CHECK(parameters_of(transformer_config(small)) ==
          shared + 32 * 2 * (6 + 2) + norms_mlp_and_ends);
    CHECK(parameters_of(transformer_config(small + R"(, "q_lora_rank": 5)")) ==
          shared + 32 * 5 + 5 + 5 * 2 * (6 + 2) + norms_mlp_and_ends);
  }

  TEST_CASE("one kernel computes scores of wide heads and sums of narrow values") {
    const Config config = transformer_config(small);
    const auto forward = operators_of(only_layer(config).forward, Kernel::latent_attention);
    const auto backward =
        operators_of(only_layer(config).backward_input, Kernel::latent_attention_gradient);
    REQUIRE(forward.size() == 1);
    REQUIRE(backward.size() == 1);
    CHECK(forward[0].flops == 2.0 * 2 * 16 * 16 * (8 + 4));
    CHECK(backward[0].flops == 2.5 * forward[0].flops);
  }

  TEST_CASE(
      "what is kept: the narrow vector and its norm, queries, keys, values and their result") {
    const auto stash = [](const std::string& rank) {
      return only_layer(transformer_config(small + rank)).stash_bytes;
    };
    const Bytes tokens = 16;
    const Bytes attention = 2 * tokens * (10 + 10 + 2) + 2 * tokens * 2 * (8 + 8 + 4 + 4);
    const Bytes row_sums = 4 * tokens * 2;
    const Bytes norms_and_mlp = 2 * 2 * tokens * 2 * 32 + 2 * tokens * 2 * 8;
    const Bytes ends = 2 * tokens * 2 * 32 + 4 * tokens * 64;
    CHECK(stash("") == attention + row_sums + norms_and_mlp + ends);
    CHECK(stash(R"(, "q_lora_rank": 5)") == stash("") + 2 * tokens * (5 + 5));
  }

  TEST_CASE(
      "tensor parallelism divides heads: along the sequence every device has its tokens' vectors") {
    const std::string two = R"("tensor_parallel": 2, "sequence_parallel": true)";
    const Config one = transformer_config(small + R"(, "q_lora_rank": 5)");
    const Config shared = transformer_config(small + R"(, "q_lora_rank": 5)", two);
    CHECK(parameters_of(shared) == parameters_of(one));
    const auto flops = [](const Config& config) {
      double sum = 0;
      for (const Operator& op : only_layer(config).forward) sum += op.flops;
      return sum;
    };
    CHECK(flops(shared) == flops(one) / 2);
  }

  TEST_CASE("sizes without latent attention, or groups of heads with it, are refused") {
    const std::string plain =
        R"("kind": "transformer", "num_layers": 1, "hidden_size": 32, "num_attention_heads": 2,
           "seq_length": 16, "vocab_size": 64)";
    CHECK_THROWS_WITH_AS(transformer_config(plain + R"(, "v_head_dim": 4)"),
                         "t.json: /model/v_head_dim: is about multi-head latent attention, which "
                         "this model has not, got 4\n"
                         "  hint: set multi_latent_attention to true, or leave it out",
                         InputError);
    CHECK_THROWS_WITH_AS(transformer_config(plain + R"(, "multi_latent_attention": true)"),
                         "t.json: /model/kv_lora_rank: is required, got nothing\n"
                         "  hint: the width of the vector that keys and values come from, such as "
                         "512",
                         InputError);
    CHECK_THROWS_WITH_AS(transformer_config(small + R"(, "num_query_groups": 1)"),
                         "t.json: /model/num_query_groups: differs from the 2 attention heads, got "
                         "1\n  hint: latent attention makes keys and values of every head: leave "
                         "it out",
                         InputError);
    CHECK_THROWS_WITH_AS(transformer_config(small + R"(, "qk_nope_head_dim": 6)"),
                         "t.json: /model/qk_nope_head_dim: says the same as qk_head_dim, got 6\n"
                         "  hint: give only one of the two",
                         InputError);
  }
}

}  // namespace pipesim
