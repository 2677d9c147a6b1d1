#include <doctest/doctest.h>

#include "models/transformer/transformer.hpp"
#include "sim/assemble/assemble.hpp"
#include "support/models/gpt.hpp"
#include "support/refusal.hpp"

namespace pipesim::test {

namespace {

std::string refused(const Gpt& gpt, const std::vector<std::string>& settings = {}) {
  return test::refusal_of(
      [&] { static_cast<void>(read_config(parse_document(text_of(gpt), "gpt.json", settings))); });
}

Transformer transformer_of(const std::string& model) {
  const Field field(parse_document(model, "gpt.json"));
  return read_transformer(field, {});
}

}  // namespace

TEST_SUITE("models/transformer/transformer_config") {
  TEST_CASE("what is left out is as in Megatron-LM") {
    const Transformer model = transformer_of(
        R"({"num_layers": 3, "hidden_size": 32, "num_attention_heads": 4, "seq_length": 16,
            "vocab_size": 64})");
    CHECK(model.num_layers == 3);
    CHECK(model.ffn_hidden == 128);
    CHECK(model.query_groups == 4);
    CHECK(model.head_size == 8);
    CHECK(model.max_positions == 16);
    CHECK(model.activation == Transformer::Activation::gelu);
    CHECK(model.positions == Transformer::Positions::learned);
    CHECK(model.linear_bias);
    CHECK(model.tied_embeddings);
    CHECK(model.attention_dropout);
    CHECK(model.hidden_dropout);
    CHECK_FALSE(model.rms_norm);
    CHECK_FALSE(model.activation_dropout);
    CHECK_FALSE(model.flash_attention);
    CHECK_FALSE(model.fused_gradient_accumulation);
    CHECK(model.logits_chunk == 0);
  }

  TEST_CASE("Hugging Face's names say the same") {
    const Transformer model = transformer_of(
        R"({"num_hidden_layers": 3, "n_embd": 32, "n_head": 4, "seq_length": 16, "head_dim": 6,
            "padded_vocab_size": 64, "intermediate_size": 40, "num_key_value_heads": 2,
            "hidden_act": "silu", "tie_word_embeddings": false})");
    CHECK(model.num_layers == 3);
    CHECK(model.hidden == 32);
    CHECK(model.heads == 4);
    CHECK(model.head_size == 6);
    CHECK(model.vocabulary == 64);
    CHECK(model.ffn_hidden == 40);
    CHECK(model.query_groups == 2);
    CHECK(model.gated());
    CHECK_FALSE(model.tied_embeddings);
  }

  TEST_CASE("two names of the same are not both given") {
    const auto both = [](const std::string& key, const std::string& value) {
      return refused({.more_model = ", \"" + key + "\": " + value});
    };
    CHECK(both("num_hidden_layers", "2") ==
          "gpt.json: /model/num_hidden_layers: says the same as num_layers, got 2\n"
          "  hint: give only one of the two");
    CHECK(both("n_embd", "32") ==
          "gpt.json: /model/n_embd: says the same as hidden_size, got 32\n"
          "  hint: give only one of the two");
    CHECK(both("n_head", "4") ==
          "gpt.json: /model/n_head: says the same as num_attention_heads, got 4\n"
          "  hint: give only one of the two");
    CHECK(both("padded_vocab_size", "64") ==
          "gpt.json: /model/padded_vocab_size: says the same as vocab_size, got 64\n"
          "  hint: give only one of the two");
    CHECK(both("ffn_hidden_size", R"(8, "intermediate_size": 8)") ==
          "gpt.json: /model/intermediate_size: says the same as ffn_hidden_size, got 8\n"
          "  hint: give only one of the two");
    CHECK(both("num_query_groups", R"(2, "num_key_value_heads": 2)") ==
          "gpt.json: /model/num_key_value_heads: says the same as num_query_groups, got 2\n"
          "  hint: give only one of the two");
    CHECK(both("kv_channels", R"(8, "head_dim": 8)") ==
          "gpt.json: /model/head_dim: says the same as kv_channels, got 8\n"
          "  hint: give only one of the two");
    CHECK(both("swiglu", R"(true, "hidden_act": "silu")") ==
          "gpt.json: /model/hidden_act: stands beside swiglu, got \"silu\"\n"
          "  hint: give only one of the two");
    CHECK(both("tie_word_embeddings", R"(true, "untie_embeddings_and_output_weights": false)") ==
          "gpt.json: /model/tie_word_embeddings: stands beside its opposite, got true\n"
          "  hint: give only one of the two");
  }

  TEST_CASE("heads divide hidden_size, or have a size of their own: groups divide heads") {
    CHECK(refused({}, {"model.hidden_size=33"}) ==
          "gpt.json: /model/num_attention_heads: does not divide hidden_size 33, got 4\n"
          "  hint: give another number of heads, or a head's size as kv_channels");
    CHECK(refused({}, {"model.hidden_size=33", "model.kv_channels=8"}) == "accepted");
    CHECK(refused({}, {"model.num_query_groups=3"}) ==
          "--set: /model/num_query_groups: does not divide the 4 attention heads, got 3\n"
          "  hint: each group of keys and values serves as many heads of queries");
    CHECK(refused({}, {"model.num_query_groups=8"}) ==
          "--set: /model/num_query_groups: does not divide the 4 attention heads, got 8\n"
          "  hint: each group of keys and values serves as many heads of queries");
  }

  TEST_CASE("tensor parallelism divides heads, groups and the MLP") {
    CHECK(refused({.tensor = 8}) ==
          "gpt.json: /training/tensor_parallel: is more than the 4 attention heads, got 8\n"
          "  hint: every device has at least one head: use fewer, or more replicas or stages");
    CHECK(refused({.tensor = 3}) ==
          "gpt.json: /training/tensor_parallel: does not divide num_attention_heads 4, got 3\n"
          "  hint: every device has as many heads: choose a divisor");
    CHECK(refused({.heads = 12, .tensor = 4, .more_model = R"(, "num_query_groups": 6)"}) ==
          "gpt.json: /training/tensor_parallel: is neither a divisor nor a multiple of "
          "num_query_groups 6, got 4\n  hint: every device has as many groups of keys and values, "
          "or every group as many devices");
    CHECK(refused({.tensor = 4, .more_model = R"(, "num_query_groups": 2)"}) == "accepted");
    CHECK(refused({.tensor = 4, .more_model = R"(, "ffn_hidden_size": 30)"}) ==
          "gpt.json: /training/tensor_parallel: does not divide ffn_hidden_size 30, got 4\n"
          "  hint: every device has as many columns: choose a divisor");
  }

  TEST_CASE("a sequence is cut into equal parts, where it is cut") {
    CHECK(refused({.sequence = 15, .tensor = 2}) == "accepted");
    CHECK(refused({.sequence = 15, .tensor = 2, .sequence_parallel = true}) ==
          "gpt.json: /model/seq_length: is not a multiple of the 2 devices that share a sequence, "
          "got 15\n  hint: sequence_parallel and context_parallel cut it into equal parts");
    CHECK(refused({.sequence = 6,
                   .tensor = 2,
                   .sequence_parallel = true,
                   .more_training = R"(, "context_parallel": 2)"}) ==
          "gpt.json: /model/seq_length: is not a multiple of the 4 devices that share a sequence, "
          "got 6\n  hint: sequence_parallel and context_parallel cut it into equal parts");
  }

  TEST_CASE("every token has a position") {
    CHECK(refused({}, {"model.max_position_embeddings=15"}) ==
          "--set: /model/max_position_embeddings: is less than seq_length 16, got 15\n"
          "  hint: every token of a sequence has a position");
  }

  TEST_CASE("values of another type or beyond their range are refused") {
    CHECK(refused({}, {"model.swiglu=1"}) ==
          "--set: /model/swiglu: must be true or false, got 1\n"
          "  hint: write true or false here; this is a number");
    CHECK(refused({}, {"model.num_layers=two"}) ==
          "--set: /model/num_layers: must be a whole number, got \"two\"\n"
          "  hint: write a whole number here; this is a text");
    CHECK(refused({}, {"model.num_layers=0"}) ==
          "--set: /model/num_layers: must be a whole number from 1 to 131072, got 0\n"
          "  hint: the smallest that makes sense is 1");
    CHECK(refused({}, {"model.num_layers=131073"}) ==
          "--set: /model/num_layers: must be a whole number from 1 to 131072, got 131073\n"
          "  hint: the largest that can be simulated is 131072");
    CHECK(refused({}, {"model.hidden_size=16777217"}) ==
          "--set: /model/hidden_size: must be a whole number from 1 to 16777216, got 16777217\n"
          "  hint: the largest that can be simulated is 16777216");
    CHECK(refused({}, {"model.attention_dropout=1.5"}) ==
          "--set: /model/attention_dropout: must be a number from 0 to 1, got 1.5\n"
          "  hint: choose one in that range");
    CHECK(refused({}, {"model.normalization=layernorm"}) ==
          "--set: /model/normalization: is not known, got \"layernorm\"\n"
          "  hint: did you mean \"LayerNorm\"? normalizations: LayerNorm, RMSNorm");
    CHECK(refused({}, {"model.hidden_act=gelu_new"}) ==
          "--set: /model/hidden_act: is not known, got \"gelu_new\"\n"
          "  hint: activations: gelu, relu, silu");
    CHECK(refused({}, {"model.position_embedding_type=alibi"}) ==
          "--set: /model/position_embedding_type: is not known, got \"alibi\"\n"
          "  hint: kinds: learned_absolute, rope, none");
  }

  TEST_CASE("what a transformer can't do without is asked for") {
    const std::string model = R"({"num_layers": 1, "hidden_size": 8, "num_attention_heads": 2)";
    CHECK_THROWS_WITH_AS(transformer_of(model + R"(, "vocab_size": 4})"),
                         "gpt.json: /seq_length: is required, got nothing\n"
                         "  hint: tokens in a sequence, such as 2048",
                         InputError);
    CHECK_THROWS_WITH_AS(transformer_of(model + R"(, "seq_length": 4})"),
                         "gpt.json: /vocab_size: is required, got nothing\n"
                         "  hint: a transformer has one",
                         InputError);
  }

  TEST_CASE("the largest sizes of all together are refused as totals, and nothing overflows") {
    const Gpt gpt{.tensor = 2, .recompute = "selective"};
    const std::vector<std::string> settings{"model.num_layers=4",
                                            "model.hidden_size=16777216",
                                            "model.num_attention_heads=16777216",
                                            "model.ffn_hidden_size=16777216",
                                            "model.seq_length=2147483648",
                                            "model.vocab_size=2147483648"};
    const Config config = read_config(parse_document(text_of(gpt), "gpt.json", settings));
    for (const Layer& layer : std::get<Network>(config.model).layers) {
      CHECK(layer.stash_bytes > Bytes{1} << 58);
      CHECK(layer.stash_bytes <= bytes_limit);
      CHECK(layer.parameter_bytes > 0);
    }
    CHECK_THROWS_WITH_AS(assemble(config),
                         "gpt.json: /model: takes longer than can be simulated, got 2^62 ps or "
                         "more\n  hint: all durations together must stay below 2^62 ps, about 53 "
                         "days: check the units of times and rates, or use fewer micro-batches",
                         InputError);
  }
}

}  // namespace pipesim::test
