#include <doctest/doctest.h>

#include <random>

#include "models/cost/model_size.hpp"
#include "sim/step/replica_exchange.hpp"
#include "sim/step/run.hpp"
#include "support/experiments.hpp"
#include "support/models/gpt.hpp"
#include "support/models/transformers.hpp"

namespace pipesim::test {

namespace {

// Published models, shared as those who train them do.
Experiment shared(const std::string& model, const std::string& pipeline,
                  const std::string& training) {
  return experiment_from(R"({"model": {)" + model + R"(},
      "cluster": {"device": "h100-80gb", "interconnect": "dgx-h100"},
      "pipeline": {"schedule": "1f1b", "micro_batch_size": 1, )" +
                         pipeline + R"(},
      "training": {"precision": "bf16", "gradient_precision": "fp32", "optimizer": "adam",
                   "sequence_parallel": true, "zero_stage": 1, )" +
                         training + "}}");
}

const std::string qwen3_235b = R"("kind": "transformer", "seq_length": 4096, "hidden_act": "silu",
    "normalization": "RMSNorm", "add_bias_linear": false, "tie_word_embeddings": false,
    "position_embedding_type": "rope", "attention_dropout": 0, "hidden_dropout": 0,
    "use_flash_attn": true, "num_hidden_layers": 94, "hidden_size": 4096,
    "num_attention_heads": 64, "num_key_value_heads": 4, "head_dim": 128,
    "intermediate_size": 12288, "vocab_size": 151936, "num_experts": 128,
    "num_experts_per_tok": 8, "moe_intermediate_size": 1536)";

}  // namespace

TEST_SUITE("sim/step/experiment: shared models") {
  TEST_CASE("Llama 3 405B with 8 tensor and 2 context ranks passes keys and values round a ring") {
    const Experiment experiment =
        shared(llama3_405b, R"("stages": 9)",
               R"("tensor_parallel": 8, "context_parallel": 2, "data_parallel": 2,
                  "batch_size": 16)");
    CHECK(experiment.config.cluster.devices == 288);
    CHECK(parameter_count(experiment.config) == 405'853'388'800.0);
    const StageCost& stage = experiment.costs.stages[4];  // 14 blocks.
    const Bytes h = 16384;
    const Bytes f = 53248;
    const Bytes pairs = 2 * 8 * 128;
    const Bytes block = (h * (h + pairs) + h * h + 3 * h * f) / 8 + 2 * h;
    CHECK(stage.weights == 14 * 2 * block);
    CHECK(stage.gradients == 14 * 4 * block);
    CHECK(stage.optimizer_state == 14 * 12 * block / 4);
    // Two norms, projections, result, MLP, and 4 bytes a row of scores, of 2048 tokens a device.
    const Bytes n = 2048;
    const Bytes kept = 2 * n * (2 * 2 * h + (h + pairs) + h + 3 * f) / 8 + 4 * n * 128 / 8;
    CHECK(stage.stash == 14 * kept);
    CHECK(stage.boundary == 2 * n * h / 8);
    CHECK(context_exchange(*experiment.config.transformer, experiment.config.training.parallel) ==
          ContextExchange::p2p);
  }

  TEST_CASE("Qwen3 235B spreads 32 shares of experts over tensor ranks, on 256 devices") {
    const Experiment experiment =
        shared(qwen3_235b, R"("stages": 8)",
               R"("tensor_parallel": 2, "data_parallel": 16, "expert_parallel": 32,
                  "batch_size": 8)");
    CHECK(experiment.config.cluster.devices == 256);
    // The card's 235,093,634,560 with 94 · 256 weights of norms of queries and keys.
    CHECK(parameter_count(experiment.config) == 235'093'634'560.0 - 94 * 256);
    CHECK(expert_tensor_ranks(experiment.config.training) == 1);
    const StageCost& stage = experiment.costs.stages[3];  // 12 blocks.
    CHECK(experiment.partition[3] == 12);
    const Bytes h = 4096;
    const Bytes attention = (h * (8192 + 2 * 512) + 8192 * h) / 2;
    const Bytes dense = attention + 2 * h + 128 * h;
    const Bytes experts = 4 * 3 * h * 1536;  // 4 of 128, whole.
    CHECK(stage.weights == 12 * 2 * (dense + experts));
    CHECK(stage.gradients == 12 * 4 * (dense + experts));
    CHECK(stage.optimizer_state == 12 * 12 * (dense / 16 + experts));
    CHECK(stage.expert_weights == 12 * 2 * experts);
    // Each rank's experts are its own: only the other weights are summed and gathered.
    const Time sum = gradient_sum_time(experiment, 3, 1, true);
    Experiment without = experiment;
    without.costs.stages[3].summed_gradients -= stage.expert_gradients;
    without.costs.stages[3].expert_gradients = 0;
    CHECK(gradient_sum_time(without, 3, 1, true) == sum);
    const Run run = simulate(experiment);
    CHECK(run.metrics.fits_memory);
  }

  TEST_CASE("experts that tensor ranks repeat are summed among them, without other replicas") {
    const Experiment experiment = experiment_from(R"({"model": {)" + mixtral_8x7b + R"(},
            "cluster": {"device": "h100-80gb", "interconnect": {"bandwidth": "1 GB/s"}},
            "pipeline": {"stages": 1, "micro_batches": 1},
            "training": {"precision": "bf16", "tensor_parallel": 2, "sequence_parallel": true,
                         "expert_tensor_parallel": 1}})");
    const StageCost& stage = experiment.costs.stages[0];
    CHECK(stage.expert_weights == 2 * Bytes{32} * 8 * 3 * 4096 * 14336);
    CHECK(gradient_sum_time(experiment, 0, 1, true) ==
          to_time(static_cast<double>(stage.expert_gradients) / 1e9));
  }

  TEST_CASE("first and last layers lie as Megatron-LM's offsets say, and where these are whole") {
    std::mt19937 random(53);
    const auto from = [&](int least, int most) {
      return least + static_cast<int>(random() % static_cast<unsigned>(most - least + 1));
    };
    int accepted = 0;
    for (int i = 0; i < 2000; ++i) {
      const int ranks = from(1, 5);
      const int chunks = from(1, 3);
      const std::optional<int> first = from(0, 3) > 0 ? std::optional(from(1, 9)) : std::nullopt;
      const std::optional<int> last =
          from(0, 1) > 0 || !first ? std::optional(from(1, 9)) : std::nullopt;
      const int layers = from(1, 40);
      Gpt gpt{.layers = layers,
              .micro_batches = ranks,
              .stages = ranks,
              .schedule = "interleaved_1f1b"};
      gpt.more_pipeline = ", \"virtual_stages\": " + std::to_string(chunks);
      const auto give = [&](const char* end, std::optional<int> count) {
        if (!count) return;
        gpt.more_pipeline += ", \"num_layers_in_" + std::string(end) +
                             "_pipeline_stage\": " + std::to_string(*count);
      };
      give("first", first);
      give("last", last);
      CAPTURE(text_of(gpt));
      // get_num_layers_to_build and get_transformer_layer_offset.
      const int middle = layers - first.value_or(0) - last.value_or(0);
      const int others = ranks - (first ? 1 : 0) - (last ? 1 : 0);
      const bool divides =
          others > 0 ? middle > 0 && middle % (others * chunks) == 0 : others == 0 && middle == 0;
      const bool legal =
          divides && first.value_or(0) % chunks == 0 && last.value_or(0) % chunks == 0;
      std::optional<Config> config;
      try {
        config = config_of(gpt);
      } catch (const InputError&) {
      }
      REQUIRE(config.has_value() == legal);
      if (!legal) continue;
      ++accepted;
      const int of_first = first.value_or(0) / chunks;
      const int of_middle = others > 0 ? middle / chunks / others : 0;
      const int all = of_first + of_middle * others + last.value_or(0) / chunks;
      int offset = 0;
      for (int stage = 0; stage < ranks * chunks; ++stage) {
        const int rank = stage % ranks;
        const int before = !first      ? rank * of_middle
                           : rank == 0 ? 0
                                       : of_first + (rank - 1) * of_middle;
        CHECK(offset == stage / ranks * all + before);
        offset += config->pipeline.layer_counts[static_cast<std::size_t>(stage)];
      }
      CHECK(offset == layers);
    }
    CHECK(accepted > 50);
  }
}

}  // namespace pipesim::test
