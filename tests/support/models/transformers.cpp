#include "support/models/transformers.hpp"

namespace pipesim {

namespace {

// What Llama and its descendants have in common.
const std::string llama_like =
    R"("kind": "transformer", "seq_length": 4096, "hidden_act": "silu", "normalization": "RMSNorm",
       "add_bias_linear": false, "tie_word_embeddings": false, "position_embedding_type": "rope",
       "attention_dropout": 0, "hidden_dropout": 0, "use_flash_attn": true,
       "gradient_accumulation_fusion": true, )";

}  // namespace

// The models' own config.json on Hugging Face.
const std::string llama3_70b = llama_like + R"("num_hidden_layers": 80, "hidden_size": 8192,
    "num_attention_heads": 64, "num_key_value_heads": 8, "intermediate_size": 28672,
    "vocab_size": 128256)";
const std::string llama3_405b = llama_like + R"("num_hidden_layers": 126, "hidden_size": 16384,
    "num_attention_heads": 128, "num_key_value_heads": 8, "intermediate_size": 53248,
    "vocab_size": 128256)";
const std::string mixtral_8x7b = llama_like + R"("num_hidden_layers": 32, "hidden_size": 4096,
    "num_attention_heads": 32, "num_key_value_heads": 8, "intermediate_size": 14336,
    "vocab_size": 32000, "num_experts": 8, "num_experts_per_tok": 2)";
const std::string deepseek_v2 = llama_like + R"("num_hidden_layers": 60, "hidden_size": 5120,
    "num_attention_heads": 128, "num_key_value_heads": 128, "intermediate_size": 12288,
    "vocab_size": 102400, "q_lora_rank": 1536, "kv_lora_rank": 512, "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64, "v_head_dim": 128, "n_routed_experts": 160, "num_experts_per_tok": 6,
    "moe_intermediate_size": 1536, "n_shared_experts": 2, "first_k_dense_replace": 1)";
const std::string deepseek_v2_lite = llama_like + R"("num_hidden_layers": 27, "hidden_size": 2048,
    "num_attention_heads": 16, "intermediate_size": 10944, "vocab_size": 102400,
    "kv_lora_rank": 512, "n_routed_experts": 64, "num_experts_per_tok": 6,
    "moe_intermediate_size": 1408, "n_shared_experts": 2, "first_k_dense_replace": 1)";
const std::string deepseek_v3 = llama_like + R"("num_hidden_layers": 61, "hidden_size": 7168,
    "num_attention_heads": 128, "intermediate_size": 18432, "vocab_size": 129280,
    "q_lora_rank": 1536, "kv_lora_rank": 512, "n_routed_experts": 256, "num_experts_per_tok": 8,
    "moe_intermediate_size": 2048, "n_shared_experts": 1, "first_k_dense_replace": 3,
    "moe_router_enable_expert_bias": true)";

Config transformer_config(const std::string& model, const std::string& training) {
  const std::string more = training.empty() ? "" : ", " + training;
  return read_config(parse_document(R"({"model": {)" + model +
                                        R"(}, "pipeline": {"stages": 1, "micro_batches": 1},
          "training": {"precision": "bf16")" +
                                        more + "}}",
                                    "t.json", {}));
}

double parameters_of(const Config& config) {
  double sum = 0;
  for (const Layer& layer : std::get<Network>(config.model).layers) sum += layer.parameters;
  return sum;
}

std::vector<Operator> operators_of(const std::vector<Operator>& pass, Kernel kernel) {
  std::vector<Operator> chosen;
  for (const Operator& op : pass) {
    if (op.kernel == kernel) chosen.push_back(op);
  }
  return chosen;
}

}  // namespace pipesim
