#include "sim/published/sources/simumax_step.hpp"

#include <fmt/format.h>

#include <cctype>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>

#include "models/base/input_error.hpp"
#include "models/base/units.hpp"

namespace pipesim::published {

namespace {

using nlohmann::json;

constexpr int devices = 8;

json llama(int hidden, int heads, int ffn) {
  return {{"hidden_size", hidden},
          {"num_attention_heads", heads},
          {"num_query_groups", heads / 8},
          {"ffn_hidden_size", ffn},
          {"vocab_size", 128256}};
}

json deepseek(int hidden, int ffn, int vocabulary) {
  return {{"hidden_size", hidden},    {"num_attention_heads", 128},     {"ffn_hidden_size", ffn},
          {"vocab_size", vocabulary}, {"multi_latent_attention", true}, {"q_lora_rank", 1536},
          {"kv_lora_rank", 512},      {"first_k_dense_replace", 1}};
}

void add_experts(json& model, int experts, int top_k, int hidden, int shared) {
  model["num_experts"] = experts;
  model["moe_router_topk"] = top_k;
  model["moe_ffn_hidden_size"] = hidden;
  model["moe_shared_expert_intermediate_size"] = shared;
}

// configs/models of SimuMax. Its Llama 3 405B has 16 groups of keys and values, not the
// original's 8.
json model_of(const SimumaxStep& step, const std::string& place) {
  if (step.model == "llama3-70b") return llama(8192, 64, 28672);
  if (step.model == "llama3-405b") return llama(16384, 128, 53248);
  if (step.model == "deepseekv2") {
    json model = deepseek(5120, 12288, 102400);
    add_experts(model, 160, 6, 1536, 3072);
    return model;
  }
  if (step.model == "deepseekv3") {
    json model = deepseek(7168, 18432, 129280);
    add_experts(model, 256, 8, 2048, 2048);
    return model;
  }
  throw InputError(fmt::format("{}: column \"model\": is not a known model, got {}", place,
                               pipesim::in_quotes(step.model)),
                   "models: llama3-70b, llama3-405b, deepseekv2, deepseekv3");
}

// The whole number at the start of a text, 0 where there is none, or one that is too large.
int leading_number(std::string_view text) {
  int number = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  return end.ec == std::errc{} && number > 0 ? number : 0;
}

// "tp2cp4" as {tp: 2, cp: 4}; 1 where nothing is said.
std::map<std::string, int> ranks_of(const SimumaxStep& step, const std::string& place) {
  std::map<std::string, int> ranks{{"tp", 1}, {"cp", 1}, {"ep", 1}, {"pp", 1}};
  std::string_view rest = step.parallel;
  const auto is_digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  while (!rest.empty()) {
    const int number = rest.size() > 2 ? leading_number(rest.substr(2)) : 0;
    const auto axis = ranks.find(std::string(rest.substr(0, 2)));
    if (axis == ranks.end() || number == 0) break;
    axis->second = number;
    rest.remove_prefix(2);
    while (!rest.empty() && is_digit(rest.front())) rest.remove_prefix(1);
  }
  const std::int64_t product =
      capped_product(capped_product(ranks["tp"], ranks["cp"]), ranks["pp"]);
  if (rest.empty() && devices % product == 0) return ranks;
  throw InputError(
      fmt::format("{}: column \"parallel\": {}, got {}", place,
                  rest.empty() ? "does not divide the 8 devices" : "is not like tp2cp4pp1",
                  pipesim::in_quotes(step.parallel)),
      "tp, cp, ep, pp, each with its number of ranks");
}

int sequence_of(const std::string& name) {
  constexpr std::string_view word = "_seq";
  const std::size_t at = name.find(word);
  const int given =
      at == std::string::npos ? 0 : leading_number(std::string_view(name).substr(at + word.size()));
  return given > 0 ? given : 4096;
}

void add_details(json& model) {
  model.update({{"kind", "transformer"},
                {"swiglu", true},
                {"normalization", "RMSNorm"},
                {"add_bias_linear", false},
                {"untie_embeddings_and_output_weights", true},
                {"position_embedding_type", "rope"},
                {"attention_dropout", 0},
                {"hidden_dropout", 0},
                {"use_flash_attn", true},
                {"gradient_accumulation_fusion", true},
                {"cross_entropy_loss_fusion", true}});
}

}  // namespace

std::string config_of(const SimumaxStep& step, const std::string& place) {
  std::map<std::string, int> ranks = ranks_of(step, place);
  const int tensor = ranks["tp"];
  const int replicas = devices / (tensor * ranks["cp"] * ranks["pp"]);
  json model = model_of(step, place);
  add_details(model);
  model["num_layers"] = step.layers;
  model["seq_length"] = sequence_of(step.name);
  const int unit = 128 * tensor;
  model["vocab_size"] = (model["vocab_size"].get<int>() + unit - 1) / unit * unit;
  json config = {{"name", step.name},
                 {"model", model},
                 {"cluster", {{"device", "b200"}, {"interconnect", "dgx-b200"}}},
                 {"pipeline",
                  {{"schedule", step.virtual_stages > 1 ? "interleaved_1f1b" : "1f1b"},
                   {"stages", ranks["pp"]},
                   {"micro_batch_size", 1}}},
                 {"training",
                  {{"batch_size", step.micro_batches},
                   {"data_parallel", replicas},
                   {"tensor_parallel", tensor},
                   {"sequence_parallel", true},
                   {"context_parallel", ranks["cp"]},
                   {"expert_parallel", ranks["ep"]},
                   {"zero_stage", 1},
                   {"optimizer", "adam"},
                   {"precision", "bf16"},
                   {"gradient_precision", "fp32"}}}};
  if (step.virtual_stages > 1) config["pipeline"]["virtual_stages"] = step.virtual_stages;
  return config.dump();
}

}  // namespace pipesim::published
