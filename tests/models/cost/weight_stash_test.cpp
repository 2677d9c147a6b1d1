#include <doctest/doctest.h>

#include <fmt/format.h>

#include <random>

#include "models/cost/cost_model.hpp"
#include "models/network/amoebanet_d.hpp"
#include "models/network/mlp.hpp"
#include "models/transformer/transformer_parts.hpp"
#include "sim/assemble/assemble.hpp"
#include "sim/step/run.hpp"
#include "support/draws.hpp"
#include "support/models/costers.hpp"
#include "support/models/gpt.hpp"
#include "support/models/random_pipelines.hpp"
#include "support/models/transformers.hpp"
#include "support/places.hpp"
#include "support/schedules/zero_bubble.hpp"

// What lies between I and W: the inputs of a layer's products, and the gradients of their outputs.

using namespace pipesim;
using namespace pipesim::test;

namespace {

// A block's four products of hidden h in a tensor group of t: h into 3h/t, h/t into h, h into 4h/t,
// 4h/t into h.
Bytes block_bytes(const Gpt& gpt) {
  const std::int64_t h = gpt.hidden();
  const std::int64_t element = gpt.precision == "fp16" ? 2 : 4;
  return element * gpt.sequence * (4 * h + 12 * h / gpt.tensor);
}

// The logits' input, and their gradient, which is as narrow as the products.
Bytes head_bytes(const Gpt& gpt) {
  const std::int64_t element = gpt.precision == "fp16" ? 2 : 4;
  return element * gpt.sequence * (gpt.hidden() + gpt.vocabulary / gpt.tensor);
}

// A dense transformer on its share of the devices, and its products counted by hand.
struct DenseDraw {
  std::int64_t head, heads, groups, ffn, vocabulary, sequence, tensor, context;
  bool gated, along_sequence;
  std::string model, training;

  explicit DenseDraw(std::mt19937& random) {
    tensor = 1 << draw(random, 0, 2);
    context = 1 << draw(random, 0, 1);
    head = 2 * draw(random, 1, 8);
    groups = tensor * context * draw(random, 1, 2);
    heads = groups * draw(random, 1, 3);
    ffn = tensor * draw(random, 1, 40);
    vocabulary = tensor * draw(random, 1, 60);
    sequence = 2 * tensor * context * draw(random, 1, 4);
    gated = draw(random, 0, 1) == 1;
    along_sequence = tensor > 1 && draw(random, 0, 1) == 1;
    model = fmt::format(
        R"("kind": "transformer", "num_layers": 3, "hidden_size": {}, "num_attention_heads": {},
           "num_query_groups": {}, "kv_channels": {}, "ffn_hidden_size": {}, "swiglu": {},
           "seq_length": {}, "vocab_size": {})",
        hidden(), heads, groups, head, ffn, gated, sequence, vocabulary);
    training =
        fmt::format(R"("tensor_parallel": {}, "context_parallel": {}, "sequence_parallel": {})",
                    tensor, context, along_sequence);
  }

  std::int64_t hidden() const { return heads * head; }
  std::int64_t tokens() const { return sequence / context; }
  // Two bytes a value: queries, keys and values; attention output; MLP in; MLP out.
  Bytes block_bytes() const {
    const std::int64_t queries = heads * head / tensor;
    const std::int64_t pairs = 2 * groups * head / tensor;
    const std::int64_t inner = ffn / tensor;
    const std::int64_t columns = gated ? 2 * inner : inner;
    return 2 * tokens() *
           ((hidden() + queries + pairs) + (queries + hidden()) + (hidden() + columns) +
            (inner + hidden()));
  }
  Bytes head_bytes() const { return 2 * tokens() * (hidden() + vocabulary / tensor); }
};

Layer only_block(const std::string& model) {
  const Config config = transformer_config(model);
  return transformer_network(*config.transformer, config.training, false).layers.back();
}

}  // namespace

TEST_SUITE("models/cost/weight_stash") {
  TEST_CASE("W of a GPT's layers reads the inputs and output gradients of their products") {
    std::mt19937 random(11);
    for (int i = draws(2000); i > 0; --i) {
      const Gpt gpt = random_gpt(random);
      CAPTURE(text_of(gpt));
      const Network network = network_of(gpt);
      for (std::size_t l = 0; l < network.layers.size(); ++l) {
        const bool is_last = l + 1 == network.layers.size();
        CHECK(network.layers[l].weight_stash_bytes ==
              block_bytes(gpt) + (is_last ? head_bytes(gpt) : 0));
      }
    }
  }

  TEST_CASE("and so for grouped queries, gated MLPs and sequences that devices share") {
    std::mt19937 random(13);
    for (int i = draws(2000); i > 0; --i) {
      const DenseDraw drawn(random);
      CAPTURE(drawn.model);
      CAPTURE(drawn.training);
      const Config config = transformer_config(drawn.model, drawn.training);
      const Network network = transformer_network(*config.transformer, config.training, true);
      for (std::size_t l = 0; l < network.layers.size(); ++l) {
        const bool is_last = l + 1 == network.layers.size();
        CHECK(network.layers[l].weight_stash_bytes ==
              drawn.block_bytes() + (is_last ? drawn.head_bytes() : 0));
      }
    }
  }

  TEST_CASE("whatever is computed again, W waits for the same") {
    for (const std::string recompute : {"none", "layers", "selective", "full"}) {
      const Gpt gpt{.layers = 6, .samples = 3, .recompute = recompute};
      Costers costers(config_of(gpt));
      CHECK(costers.on(0).cost(1, 4).weight_stash == 3 * 3 * block_bytes(gpt));
    }
  }

  TEST_CASE("an input that several products read is kept once") {
    // Latent attention: both narrow products read the norm's output. Sequence 8, hidden 64, two
    // heads: 64 into 16, 64 into 12 + 4, 16 into 2 x (8 + 4), 12 into 2 x (8 + 8), 2 x 8 into 64;
    // the MLP 64 into 32, 32 into 64.
    const Layer latent = only_block(R"("kind": "transformer", "num_layers": 1, "hidden_size": 64,
      "num_attention_heads": 2, "seq_length": 8, "vocab_size": 64, "ffn_hidden_size": 32,
      "multi_latent_attention": true, "q_lora_rank": 16, "kv_lora_rank": 12, "qk_head_dim": 8,
      "qk_pos_emb_head_dim": 4, "v_head_dim": 8, "position_embedding_type": "rope",
      "add_bias_linear": false)");
    const Bytes element = latent.output_bytes / (8 * 64);
    CHECK(latent.weight_stash_bytes ==
          element * 8 *
              ((64 + 16) + 16 + (16 + 24) + (12 + 32) + (16 + 64) + (64 + 32) + (32 + 64)));

    // The router and the shared expert read the norm's output; each of two experts' rows are sent
    // to it.
    const Layer experts = only_block(R"("kind": "transformer", "num_layers": 1, "hidden_size": 64,
      "num_attention_heads": 2, "seq_length": 8, "vocab_size": 64, "ffn_hidden_size": 32,
      "num_experts": 4, "moe_router_topk": 2, "moe_shared_expert_intermediate_size": 16)");
    CHECK(experts.weight_stash_bytes ==
          element * 8 *
              ((64 + 192) + (64 + 64) + 4 + 2 * ((64 + 32) + (32 + 64)) + (64 + 16) + (16 + 64)));
  }

  TEST_CASE("where logits are made in chunks, nothing of them waits for W") {
    Gpt gpt{.layers = 2, .vocabulary = 128};
    gpt.more_model = R"(, "logits_chunk_size": 4)";
    CHECK(network_of(gpt).layers.back().weight_stash_bytes == block_bytes(gpt));
  }

  TEST_CASE("W of a convolution reads its input and the gradient behind it") {
    const Network network =
        amoebanet_d_network({.normal_cells = 3, .filters = 32, .image_size = 64}, Precision::fp32);
    // The stem: a relu's 3 channels of 64 x 64 into what the next layer takes.
    const Layer& stem = network.layers.front();
    CHECK(stem.weight_stash_bytes == 4 * 3 * 64 * 64 + stem.output_bytes);
    // The classifier: one number a channel into a thousand classes.
    const Layer& last = network.layers.back();
    const double channels = (last.parameters - 1000) / 1000;
    CHECK(static_cast<double>(last.weight_stash_bytes) == 4 * (channels + 1000));
    for (const Layer& layer : network.layers) {
      double read = 0;
      for (const Operator& op : layer.backward_weight) read += op.bytes;
      CHECK(layer.weight_stash_bytes == static_cast<Bytes>(read));
    }
  }

  TEST_CASE("W of a perceptron reads each layer's input and the gradient behind it") {
    std::mt19937 random(12);
    for (int i = draws(2000); i > 0; --i) {
      Mlp mlp;
      for (int l = draw(random, 2, 9); l > 0; --l) mlp.layer_sizes.push_back(draw(random, 1, 99));
      const Network network = mlp_network(mlp, Precision::fp32);
      const Training training{.micro_batch_size = draw(random, 1, 5)};
      const LayerSizes sizes(network, training);
      const int layers = static_cast<int>(network.layers.size());
      const int first = draw(random, 0, layers - 1);
      const int last = draw(random, first + 1, layers);
      Bytes read = 0;
      for (int l = first; l < last; ++l) {
        read += 4 * (mlp.layer_sizes[static_cast<std::size_t>(l)] +
                     mlp.layer_sizes[static_cast<std::size_t>(l) + 1]);
      }
      StageCost cost;
      sizes.set_bytes(static_cast<std::size_t>(first), static_cast<std::size_t>(last), cost);
      CHECK(cost.weight_stash == training.micro_batch_size * read);
      CHECK(cost.weight_stash >= cost.stash);
      CHECK(cost.input_workspace == 0);
    }
  }

  TEST_CASE("I holds, layer by layer, what is left for W and what is still to be read") {
    // Three blocks that are computed again: when the first one's backward runs, the two behind it
    // have left what W reads, and all of it is in memory again.
    const Gpt gpt{.layers = 5, .recompute = "layers"};
    Costers costers(config_of(gpt));
    const StageCost one = costers.on(0).cost(1, 2);
    const StageCost three = costers.on(0).cost(1, 4);
    const Bytes first = 2 * one.weight_stash + one.stash + one.workspace;
    const Bytes messages = 2 * 2 * 16 * 32;  // Between two layers at a time.
    CHECK(three.input_workspace ==
          std::max<Bytes>(0, first - std::max(three.stash, three.weight_stash)) + messages);
  }

  TEST_CASE("behind the head seven micro-batches wait with bf16 gradients, one with fp32 logits") {
    // Llama 3 8B over 8 stages: the last has 20.83 GiB of states; W reads 3.13 GiB of a
    // micro-batch, whose forward leaves 4.14 GiB.
    const Experiment experiment = assemble(
        read_config(read_document(PIPESIM_SOURCE_DIR "/tests/cases/zb_h1_last_stage_logits.json")));
    const StageCost& last = experiment.costs.stages.back();
    const std::int64_t tokens = 4096;
    const std::int64_t block = 4096 + 6144 + 4096 + 4096 + 4096 + 28672 + 14336 + 4096;
    CHECK(last.weight_stash == 2 * tokens * (4 * block + 4096 + 128256));
    const Run run = simulate(experiment, {.timeline = false, .breakdown = false});
    const Bytes messages = last.output + last.boundary;
    CHECK(run.outcome.devices.back().peak == last.static_bytes() + 7 * last.weight_stash +
                                                 last.stash + messages + last.input_workspace);
    CHECK(run.outcome.devices.back().peak == 50'512'609'280);
  }
}
