#include <doctest/doctest.h>

#include "models/transformer/transformer_parts.hpp"
#include "support/models/gpt.hpp"
#include "support/models/transformers.hpp"

namespace pipesim::test {

namespace {

Layer block_of(const Gpt& gpt) {
  return blocks_of(gpt).layers[0];
}

double bytes_of(const std::vector<Operator>& operators, Kernel kernel) {
  double sum = 0;
  for (const Operator& op : operators_of(operators, kernel)) sum += op.bytes;
  return sum;
}

// "all_gather reduce_scatter*": those of a pass, in order; * may run beside a product.
std::string collectives_of(const std::vector<Operator>& pass) {
  std::string text;
  for (const Operator& op : operators_of(pass, Kernel::collective)) {
    text += text.empty() ? "" : " ";
    text += collective_names[static_cast<std::size_t>(op.collective)];
    if (op.beside_product) text += '*';
  }
  return text;
}

// b = 1, two bytes an element.
constexpr Bytes sh = 16 * 32;
constexpr Bytes scores = 4 * 16 * 16;

}  // namespace

TEST_SUITE("models/transformer/transformer_block") {
  TEST_CASE("forward takes 24 s h^2 (1 + s/6h) operations, each gradient as many") {
    std::mt19937 random(11);
    for (int i = 0; i < 200; ++i) {
      const Gpt gpt = random_gpt(random);
      CAPTURE(text_of(gpt));
      const double h = gpt.hidden();
      const double s = gpt.sequence;
      const Layer block = block_of(gpt);
      CHECK(flops_of(block.forward) * gpt.tensor ==
            doctest::Approx(24 * s * h * h + 4 * s * s * h).epsilon(1e-12));
      CHECK(flops_of(block.backward_input) * gpt.tensor ==
            doctest::Approx(24 * s * h * h + 8 * s * s * h).epsilon(1e-12));
      CHECK(flops_of(block.backward_weight) * gpt.tensor ==
            doctest::Approx(24 * s * h * h).epsilon(1e-12));
      CHECK(flops_of(block.recomputed) * gpt.tensor ==
            doctest::Approx(4 * s * s * h).epsilon(1e-12));
    }
  }

  TEST_CASE("tensor parallelism sums twice forward and twice backward, all of s b h") {
    const Layer block = block_of({.tensor = 2});
    CHECK(collectives_of(block.forward) == "all_reduce all_reduce");
    CHECK(collectives_of(block.backward_input) == "all_reduce* all_reduce*");
    CHECK(collectives_of(block.backward_weight).empty());
    for (const auto* pass : {&block.forward, &block.backward_input}) {
      for (const Operator& op : operators_of(*pass, Kernel::collective)) {
        CHECK(op.bytes == 2 * sh);
        CHECK(op.group == LayerGroup::tensor);
      }
    }
    const Layer alone = block_of(
        {.tensor = 2, .more_training = R"(, "async_tensor_model_parallel_allreduce": false)"});
    CHECK(collectives_of(alone.backward_input) == "all_reduce all_reduce");
  }

  TEST_CASE("along the sequence they gather and scatter: the same bytes, and inputs once more") {
    const Layer block = block_of({.tensor = 2, .sequence_parallel = true});
    CHECK(collectives_of(block.forward) == "all_gather reduce_scatter all_gather reduce_scatter");
    CHECK(collectives_of(block.backward_input) ==
          "all_gather* reduce_scatter* all_gather all_gather* reduce_scatter* all_gather");
    for (const auto* pass : {&block.forward, &block.backward_input}) {
      for (const Operator& op : operators_of(*pass, Kernel::collective)) CHECK(op.bytes == 2 * sh);
    }
  }

  TEST_CASE("one device exchanges nothing, whether sequence parallel or not") {
    for (const bool along : {false, true}) {
      const Layer block = block_of({.sequence_parallel = along});
      CHECK(collectives_of(block.forward).empty());
      CHECK(collectives_of(block.backward_input).empty());
    }
  }

  TEST_CASE("groups of keys and values narrow one product and what is kept of it") {
    const Layer all = block_of({});
    const Layer grouped = block_of({.more_model = R"(, "num_query_groups": 2)"});
    const double saved = 2 * 2 * 8;  // Two heads less of keys and of values.
    CHECK(all.parameters - grouped.parameters == saved * (32 + 1));
    CHECK(flops_of(all.forward) - flops_of(grouped.forward) == 2 * 16 * 32 * saved);
    CHECK(all.stash_bytes - grouped.stash_bytes == 2 * 16 * static_cast<Bytes>(saved));
    const Layer hugging_face = block_of({.more_model = R"(, "num_key_value_heads": 2)"});
    CHECK(hugging_face.parameters == grouped.parameters);
    CHECK(hugging_face.stash_bytes == grouped.stash_bytes);
  }

  TEST_CASE("heads may be wider than hidden_size over their number") {
    const Layer block = block_of({.more_model = R"(, "kv_channels": 12)"});
    const double h = 32;
    const double inner = 4 * 12;
    CHECK(block.parameters == (h + 1) * 3 * inner + inner * h + h + 4 * h + 8 * h * h + 5 * h);
  }

  TEST_CASE("SwiGLU has a third matrix, and keeps the inputs of both halves") {
    const Layer plain = block_of({.more_model = R"(, "ffn_hidden_size": 24)"});
    const Layer gated = block_of({.more_model = R"(, "ffn_hidden_size": 24, "swiglu": true)"});
    CHECK(gated.parameters - plain.parameters == (32 + 1) * 24);
    CHECK(flops_of(gated.forward) - flops_of(plain.forward) == 2 * 16 * 32 * 24);
    CHECK(gated.stash_bytes - plain.stash_bytes == 2 * 16 * 24);
    const Layer silu =
        block_of({.more_model = R"(, "intermediate_size": 24, "hidden_act": "silu")"});
    CHECK(silu.parameters == gated.parameters);
  }

  TEST_CASE("relu keeps what it gives, not what it takes") {
    const Layer gelu = block_of({});
    const Layer relu = block_of({.more_model = R"(, "hidden_act": "relu")"});
    CHECK(gelu.stash_bytes - relu.stash_bytes == 8 * sh);
  }

  TEST_CASE("RMSNorm has no shift, and linear layers may have no biases") {
    const double h = 32;
    const double with = block_of({}).parameters;
    CHECK(with - block_of({.more_model = R"(, "normalization": "RMSNorm")"}).parameters == 2 * h);
    CHECK(with - block_of({.more_model = R"(, "add_bias_linear": false)"}).parameters == 9 * h);
    CHECK(block_of({.more_model = R"(, "add_bias_linear": false, "normalization": "RMSNorm")"})
              .parameters == 12 * h * h + 2 * h);
  }

  TEST_CASE("without dropout no masks are drawn or kept") {
    const Layer with = block_of({});
    const Layer hidden = block_of({.more_model = R"(, "hidden_dropout": 0)"});
    CHECK(with.stash_bytes - hidden.stash_bytes == 2 * sh);
    const Layer attention = block_of({.more_model = R"(, "attention_dropout": 0.0)"});
    CHECK(with.stash_bytes - attention.stash_bytes == 3 * scores);
    CHECK(attention.recomputed_bytes == 2 * scores);
    CHECK(bytes_of(with.forward, Kernel::other) - bytes_of(attention.forward, Kernel::other) ==
          5 * scores);
    const Layer inner = block_of({.more_model = R"(, "activation_dropout": 0.1)"});
    CHECK(inner.stash_bytes - with.stash_bytes == 4 * sh);
    // A rate costs what any other does.
    const Layer much = block_of({.more_model = R"(, "hidden_dropout": 1)"});
    CHECK(much.stash_bytes == with.stash_bytes);
  }

  TEST_CASE("flash attention keeps a sum for each row and no scores, and makes them again") {
    const Layer flash = block_of({.more_model = R"(, "use_flash_attn": true)"});
    CHECK(flash.stash_bytes == 34 * sh + 4 * 4 * 16);
    CHECK(flash.recomputed.empty());
    CHECK(flash.recomputed_bytes == 0);
    const auto forward = operators_of(flash.forward, Kernel::fused_attention);
    const auto backward = operators_of(flash.backward_input, Kernel::fused_attention_gradient);
    REQUIRE(forward.size() == 1);
    REQUIRE(backward.size() == 1);
    CHECK(forward[0].flops == 4 * 16 * 16 * 32);
    CHECK(backward[0].flops == 2.5 * forward[0].flops);
    CHECK(operators_of(flash.forward, Kernel::attention).empty());
  }

  TEST_CASE("each linear layer is a product forward and two backward, of its weights") {
    const Layer block = block_of({});
    const auto forward = operators_of(block.forward, Kernel::forward);
    const auto input = operators_of(block.backward_input, Kernel::input_gradient);
    const auto weight = operators_of(block.backward_weight, Kernel::weight_gradient);
    const double h = 32;
    const std::vector<double> weights{3 * h * h, h * h, 4 * h * h, 4 * h * h};
    const std::vector<double> columns{4 * h, 2 * h, 5 * h, 5 * h};  // In and out.
    REQUIRE(forward.size() == 4);
    REQUIRE(input.size() == 4);
    REQUIRE(weight.size() == 4);
    for (std::size_t i = 0; i < 4; ++i) {
      for (const Operator& op : {forward[i], input[i], weight[i]}) {
        CHECK(op.weights == weights[i]);
        CHECK(op.flops == 2 * 16 * weights[i]);
        CHECK(op.bytes == 2 * 16 * columns[i]);
        CHECK(op.fixed_bytes == 2 * weights[i]);
      }
    }
  }

  TEST_CASE("fused accumulation reads and writes the sum in the product, others in a kernel more") {
    const Layer apart = block_of({.more_training = R"(, "gradient_precision": "fp32")"});
    CHECK(apart.backward_weight.size() == 8);
    CHECK(apart.backward_weight[1].fixed_bytes == 3 * 2 * 3 * 32 * 32);
    CHECK(apart.fixed_workspace_bytes == 0);
    const Layer fused = block_of({.more_model = R"(, "gradient_accumulation_fusion": true)",
                                  .more_training = R"(, "gradient_precision": "fp32")"});
    CHECK(fused.backward_weight.size() == 4);
    CHECK(fused.backward_weight[0].fixed_bytes == 2 * 4 * 3 * 32 * 32);
    CHECK(fused.fixed_workspace_bytes == 2 * 12 * 32 * 32);
  }
}

}  // namespace pipesim::test
