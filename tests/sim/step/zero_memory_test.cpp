#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "sim/step/run.hpp"
#include "support/draws.hpp"
#include "support/experiments.hpp"

namespace pipesim::test {

namespace {

// Parameters of a layer on one device, counted by hand; the first and the last block of a
// transformer come with the table of embeddings and the product to the logits.
struct Count {
  std::int64_t dense = 0;
  std::int64_t experts = 0;
  std::int64_t table = 0;
  std::int64_t logits = 0;
};

// A model in bf16 with Adam on one stage for each entry of `partition`.
struct Drawn {
  std::string model{};
  std::vector<Count> layers{};
  std::vector<int> partition{};
  int data = 1;
  int context = 1;
  int tensor = 1;
  int expert = 1;
  bool overlap = false;
  int micro_batches = 1;
  std::string schedule{};
  std::string recompute{};
};

int any(std::mt19937& random, int least, int most) {
  return std::uniform_int_distribution<int>(least, most)(random);
}

void draw_mlp(std::mt19937& random, Drawn& drawn) {
  const int layers = any(random, 1, 7);
  std::string sizes;
  int before = 0;
  for (int l = 0; l <= layers; ++l) {
    const int size = any(random, 1, 60);
    sizes += (l > 0 ? "," : "") + std::to_string(size);
    if (l > 0) drawn.layers.push_back({.dense = std::int64_t{before} * size + size});
    before = size;
  }
  drawn.model = fmt::format(R"("kind": "mlp", "layer_sizes": [{}])", sizes);
}

// Llama's layers: no biases, an RMSNorm before attention, MLP and head; all or none with experts.
void draw_transformer(std::mt19937& random, Drawn& drawn) {
  drawn.tensor = 1 << any(random, 0, 1);
  drawn.context = 1 << any(random, 0, 1);
  const int hidden = 8 * any(random, 1, 4) * 4;
  const int ffn = 8 * any(random, 1, 12);
  const int vocabulary = 16 * any(random, 1, 40);
  const bool has_experts = any(random, 0, 2) == 0;
  const int experts = has_experts ? 4 : 0;
  const int ranks = drawn.data * drawn.context;
  if (has_experts) {
    drawn.tensor = 1;
    while (drawn.expert < 4 && ranks % (2 * drawn.expert) == 0 && any(random, 0, 2) > 0) {
      drawn.expert *= 2;
    }
  }
  const int blocks = any(random, 1, 5);
  const auto at = [&](std::int64_t all) { return all / drawn.tensor; };
  const std::int64_t h = hidden;
  for (int b = 0; b < blocks; ++b) {
    Count block{.dense = at(4 * h * h) + 2 * h};
    if (has_experts) {
      block.dense += experts * h;
      block.experts = 3 * h * ffn * experts / drawn.expert;
    } else {
      block.dense += at(3 * h * ffn);
    }
    if (b == 0) block.table = at(vocabulary * h);
    if (b + 1 == blocks) {
      block.dense += h;  // The last norm.
      block.logits = at(vocabulary * h);
    }
    drawn.layers.push_back(block);
  }
  const std::string moe =
      has_experts ? fmt::format(R"(, "num_experts": {}, "moe_router_topk": 2)", experts) : "";
  drawn.model = fmt::format(
      R"("kind": "transformer", "num_layers": {}, "hidden_size": {}, "num_attention_heads": 4,
         "ffn_hidden_size": {}, "vocab_size": {}, "seq_length": 16, "swiglu": true,
         "normalization": "RMSNorm", "position_embedding_type": "rope", "add_bias_linear": false,
         "untie_embeddings_and_output_weights": true{})",
      blocks, hidden, ffn, vocabulary, moe);
}

Drawn draw(std::mt19937& random) {
  Drawn drawn;
  drawn.data = any(random, 1, 8);
  const bool transformer = any(random, 0, 1) == 1;
  transformer ? draw_transformer(random, drawn) : draw_mlp(random, drawn);
  const auto layers = static_cast<int>(drawn.layers.size());
  drawn.partition.assign(static_cast<std::size_t>(any(random, 1, std::min(4, layers))), 1);
  for (int left = layers - static_cast<int>(drawn.partition.size()); left > 0; --left) {
    ++drawn.partition[static_cast<std::size_t>(
        any(random, 0, static_cast<int>(drawn.partition.size()) - 1))];
  }
  drawn.overlap = any(random, 0, 1) == 1;
  drawn.micro_batches = any(random, 1, 6);
  drawn.schedule = any(random, 0, 1) == 0 ? "gpipe" : "1f1b";
  constexpr const char* settings[] = {"none", "full", "except_last"};
  drawn.recompute = settings[any(random, 0, 2)];
  return drawn;
}

Experiment with_zero(const Drawn& drawn, int zero_stage) {
  std::string partition;
  for (const int count : drawn.partition) {
    partition += (partition.empty() ? "" : ",") + std::to_string(count);
  }
  return experiment_from(fmt::format(
      R"({{"model": {{{}}}, "cluster": {{"device": {{"flops": 1e12, "memory_bandwidth": 1e12}}}},
           "pipeline": {{"stages": {}, "micro_batches": {}, "partition": [{}], "schedule": "{}",
                         "recompute": "{}"}},
           "training": {{"batch_size": {}, "data_parallel": {}, "tensor_parallel": {},
                         "context_parallel": {}, "expert_parallel": {}, "zero_stage": {},
                         "overlap_grad_reduce": {}, "precision": "bf16", "optimizer": "adam"}}}})",
      drawn.model, drawn.partition.size(), drawn.micro_batches, partition, drawn.schedule,
      drawn.recompute, drawn.micro_batches, drawn.data, drawn.tensor, drawn.context, drawn.expert,
      zero_stage, drawn.overlap));
}

std::int64_t part(std::int64_t all, std::int64_t ranks) {
  return (all + ranks - 1) / ranks;
}

// What ZeRO changes of a stage's memory, by hand: 2 + 2 + 12 bytes a parameter, divided among
// dense ranks and among those of an expert group, and the layer in work in bf16.
std::int64_t change_by_hand(const Drawn& drawn, int stage, int zero_stage) {
  const std::int64_t ranks = std::int64_t{drawn.data} * drawn.context;
  const std::int64_t of_experts = ranks / drawn.expert;
  const auto begin = static_cast<std::size_t>(
      std::accumulate(drawn.partition.begin(), drawn.partition.begin() + stage, 0));
  const auto count = static_cast<std::size_t>(drawn.partition[static_cast<std::size_t>(stage)]);
  Count all;
  std::int64_t largest = 0;
  std::int64_t pair = 0;
  std::int64_t before = 0;
  for (std::size_t l = begin; l < begin + count; ++l) {
    const Count& layer = drawn.layers[l];
    all.dense += layer.dense + layer.table + layer.logits;
    all.experts += layer.experts;
    const std::int64_t block =
        (ranks > 1 ? 2 * layer.dense : 0) + (of_experts > 1 ? 2 * layer.experts : 0);
    for (const std::int64_t unit :
         {ranks > 1 ? 2 * layer.table : 0, block, ranks > 1 ? 2 * layer.logits : 0}) {
      if (unit == 0 && block != 0) continue;
      largest = std::max(largest, unit);
      pair = std::max(pair, before + unit);
      before = unit;
    }
  }
  std::int64_t change = 0;
  const std::int64_t bytes[] = {12, 2, 2};  // From which stage on which are divided: 1, 2, 3.
  for (int s = 0; s < zero_stage; ++s) {
    change += part(bytes[s] * all.dense, ranks) - bytes[s] * all.dense;
    change += part(bytes[s] * all.experts, of_experts) - bytes[s] * all.experts;
  }
  if (zero_stage >= 2) change += largest;
  if (zero_stage == 3) change += drawn.overlap ? pair : largest;
  return change;
}

}  // namespace

TEST_SUITE("sim/step/zero_memory") {
  TEST_CASE("ZeRO's memory is shards, the layer in work, and its gradient, counted by hand") {
    std::mt19937 random(13);
    for (int i = 0; i < draws(2000); ++i) {
      const Drawn drawn = draw(random);
      const Run plain = simulate(with_zero(drawn, 0), {});
      CAPTURE(i);
      CAPTURE(drawn.model);
      for (const int zero_stage : {1, 2, 3}) {
        CAPTURE(zero_stage);
        const Run shared = simulate(with_zero(drawn, zero_stage), {});
        for (std::size_t s = 0; s < drawn.partition.size(); ++s) {
          CAPTURE(s);
          CHECK(shared.outcome.devices[s].peak - plain.outcome.devices[s].peak ==
                change_by_hand(drawn, static_cast<int>(s), zero_stage));
        }
      }
    }
  }
}

}  // namespace pipesim::test
