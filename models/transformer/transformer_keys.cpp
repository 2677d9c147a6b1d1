#include <stdexcept>

#include "models/keys/config_key_forms.hpp"
#include "models/transformer/transformer.hpp"
#include "models/transformer/transformer_parts.hpp"

namespace pipesim {

namespace {

using namespace form;

ValueForm width(double least = 1) {
  return integer(least, most_width);
}
ValueForm tokens() {
  return integer(1, 0x1p31);
}
ValueForm probability() {
  return number(0, 1);
}

std::vector<ConfigKey> transformer_keys() {
  return {
      {"num_layers", {integer(1, 1 << 17)}, required, "blocks", {"num_hidden_layers"}},
      {"hidden_size", {width()}, required, "width h of the stream", {"n_embd"}},
      {"num_attention_heads",
       {width()},
       required,
       "heads; tensor_parallel must divide them",
       {"n_head"}},
      {"num_query_groups",
       {width()},
       "all heads",
       "heads of keys and values; fewer make projections, stash and messages smaller",
       {"num_key_value_heads"}},
      {"kv_channels", {width()}, "h / heads", "a head's size", {"head_dim"}},
      {"ffn_hidden_size", {width()}, "4h", "width of the MLP", {"intermediate_size"}},
      {"seq_length", {tokens()}, required, "tokens of a sequence; scores take its square"},
      {"vocab_size",
       {tokens()},
       required,
       "rows of the embedding, columns of the logits",
       {"padded_vocab_size"}},
      {"swiglu",
       {boolean()},
       "false",
       "gated: a third matrix, and two inputs of the activation kept"},
      {"hidden_act", {one_of(hidden_act_choices)}, "gelu", "the activation, in place of swiglu"},
      {"normalization", {one_of(normalization_choices)}, "LayerNorm", "RMSNorm has h weights less"},
      {"untie_embeddings_and_output_weights",
       {boolean()},
       "false",
       "a matrix of its own for the logits; tied, the first and the last device sum its gradient"},
      {"tie_word_embeddings", {boolean()}, "true", "the opposite of untie_…, in its place"},
      {"add_bias_linear", {boolean()}, "true", "biases of the linear layers: parameters only"},
      {"position_embedding_type", {one_of(position_choices)}, "learned_absolute", "of positions"},
      {"max_position_embeddings", {tokens()}, "seq_length", "rows of the table of positions"},
      {"attention_dropout",
       {probability()},
       "drawn",
       "unless 0, masks of the scores are kept, a byte an entry, and what they leave"},
      {"hidden_dropout", {probability()}, "drawn", "unless 0, masks are drawn and kept"},
      {"activation_dropout", {probability()}, "0", "the same inside the MLP"},
      {"use_flash_attn",
       {boolean()},
       "false",
       "attention in one kernel each way; the scores are never in memory"},
      {"gradient_accumulation_fusion",
       {boolean()},
       "false",
       "weight gradients are added where they are made, without a pass of their own"},
      {"logits_chunk_size",
       {tokens()},
       "all",
       "tokens whose logits are in memory at once; computed again in the backward"},
      {"cross_entropy_loss_fusion",
       {boolean()},
       "false",
       "softmax, loss and gradient in one kernel"},
  };
}

std::vector<ConfigKey> latent_attention_keys() {
  return {
      {"multi_latent_attention",
       {boolean()},
       "whether there is a kv_lora_rank",
       "keys and values come from one narrow vector"},
      {"q_lora_rank",
       {width(0)},
       "0",
       "width of the queries' vector; 0: they come from the stream"},
      {"kv_lora_rank",
       {width()},
       "",
       "width of the vector of keys and values; latent ones need it"},
      {"qk_head_dim", {width()}, "128", "a head's part without position", {"qk_nope_head_dim"}},
      {"qk_pos_emb_head_dim", {width()}, "64", "its part with position", {"qk_rope_head_dim"}},
      {"v_head_dim", {width()}, "128", "its values"},
  };
}

std::vector<ConfigKey> mixture_of_experts_keys() {
  const ValueForm experts = integer(1, 1 << 20);
  return {
      {"num_experts", {experts}, "none", "experts of a layer", {"n_routed_experts"}},
      {"moe_router_topk", {experts}, "2", "those that a token goes to", {"num_experts_per_tok"}},
      {"moe_ffn_hidden_size",
       {width()},
       "ffn_hidden_size",
       "an expert's width",
       {"moe_intermediate_size"}},
      {"moe_shared_expert_intermediate_size",
       {width(0)},
       "0",
       "width of what every token goes to beside; n_shared_experts: so many experts' widths",
       {"n_shared_experts"}},
      {"first_k_dense_replace", {integer(0, 1 << 20)}, "0", "layers in front that keep their MLP"},
      {"moe_router_enable_expert_bias", {boolean()}, "false", "one more weight an expert"},
  };
}

}  // namespace

ConfigSection transformer_section(Section section) {
  switch (section) {
    case Section::transformer:
      return {.name = "transformer",
              .place = "model",
              .description = "A decoder as Megatron-LM builds it",
              .keys = transformer_keys()};
    case Section::latent_attention:
      return {.name = "latent_attention",
              .place = "model",
              .description = "A transformer's multi-head latent attention",
              .keys = latent_attention_keys()};
    case Section::mixture_of_experts:
      return {.name = "mixture_of_experts",
              .place = "model",
              .description = "A transformer's experts",
              .keys = mixture_of_experts_keys()};
    default:
      throw std::logic_error("no section of a transformer");
  }
}

}  // namespace pipesim
