#include "models/cost/model_size.hpp"

#include <doctest/doctest.h>

#include "models/base/document.hpp"

namespace pipesim {

namespace {

Config config_of(std::string_view model, const std::vector<std::string>& settings = {}) {
  const std::string text =
      R"({"pipeline": {"stages": 1, "micro_batches": 1}, "model": )" + std::string(model) + "}";
  return read_config(parse_document(text, "config.json", settings));
}

constexpr std::string_view gpt3 = R"({
  "kind": "transformer", "num_layers": 96, "hidden_size": 12288, "num_attention_heads": 96,
  "seq_length": 2048, "vocab_size": 51200})";

// Korthikanti et al., arXiv:2205.05198, eq. 7, of one sequence.
double equation_7(double layers, double hidden, double sequence, double vocabulary) {
  return 72 * layers * sequence * hidden * hidden *
         (1 + sequence / (6 * hidden) + vocabulary / (12 * hidden * layers));
}

}  // namespace

TEST_SUITE("models/cost/model_size") {
  TEST_CASE("a transformer's model FLOPs are equation 7 of Korthikanti et al.") {
    CHECK(*model_flops(config_of(gpt3)) == doctest::Approx(equation_7(96, 12288, 2048, 51200)));
  }

  TEST_CASE("neither what is computed again nor who shares the work changes them") {
    const double flops = *model_flops(config_of(gpt3));
    for (const std::vector<std::string>& settings : std::vector<std::vector<std::string>>{
             {"pipeline.recompute=layers"},
             {"pipeline.recompute=selective"},
             {"pipeline.recompute=full"},
             {"model.use_flash_attn=true"},
             {"model.logits_chunk_size=128"},
             {"model.gradient_accumulation_fusion=true"},
             {"training.tensor_parallel=8"},
             {"training.tensor_parallel=8", "training.sequence_parallel=true"},
             {"training.context_parallel=4"},
             {"training.data_parallel=2", "training.zero_stage=1"}}) {
      CAPTURE(settings.front());
      CHECK(*model_flops(config_of(gpt3, settings)) == doctest::Approx(flops));
    }
  }

  TEST_CASE("a router's product counts once, though every tensor-parallel device computes it") {
    const std::vector<std::string> experts = {"model.num_experts=8", "model.moe_router_topk=1"};
    const double flops = *model_flops(config_of(gpt3, experts));
    CHECK(flops == doctest::Approx(*model_flops(config_of(gpt3)) + 96 * 6.0 * 2048 * 12288 * 8));
    std::vector<std::string> shared = experts;
    shared.emplace_back("training.tensor_parallel=8");
    CHECK(*model_flops(config_of(gpt3, shared)) == doctest::Approx(flops));
  }

  TEST_CASE("a multi-layer perceptron needs no gradient of its inputs") {
    const Config config = config_of(R"({"kind": "mlp", "layer_sizes": [3, 5, 7]})");
    CHECK(*parameter_count(config) == 3 * 5 + 5 + 5 * 7 + 7);
    const double biases = 2 * (5 + 7);  // Added, and their gradients summed.
    CHECK(*model_flops(config) == 2 * (2 * 3 * 5 + 3 * 5 * 7) + biases);
  }

  TEST_CASE("a tied embedding counts once, and devices that share a model change no count") {
    const double blocks = 96 * (12.0 * 12288 * 12288 + 13 * 12288);
    const double parameters = blocks + (51200.0 + 2048 + 2) * 12288;
    CHECK(*parameter_count(config_of(gpt3)) == parameters);
    CHECK(*parameter_count(config_of(gpt3, {"training.tensor_parallel=8"})) == parameters);
    CHECK(*parameter_count(config_of(gpt3, {"model.tie_word_embeddings=false"})) ==
          parameters + 51200.0 * 12288);
  }

  TEST_CASE("neither is known of a model of times and bytes") {
    const Config costs = config_of(R"({"kind": "stage_costs", "forward": 1, "backward": 2})");
    CHECK_FALSE(parameter_count(costs));
    CHECK_FALSE(model_flops(costs));
    const Config layers =
        config_of(R"({"kind": "layers", "layers": [{"forward": 1, "backward": 2}]})");
    CHECK_FALSE(parameter_count(layers));
    CHECK_FALSE(model_flops(layers));
  }
}

}  // namespace pipesim
