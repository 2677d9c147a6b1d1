#include "models/transformer/latent_attention.hpp"

#include "models/keys/config_keys.hpp"
#include "models/transformer/transformer_parts.hpp"

namespace pipesim {

namespace {

void read_width(const Field& model, std::string_view megatron, std::string_view hugging_face,
                std::int64_t& width) {
  if (const auto field = find_either(model, megatron, hugging_face)) {
    width = field->integer(1, most_width);
  }
}

// A key that means nothing to attention of the other kind.
void refuse_latent_keys(const Field& model) {
  for (const std::string& key : keys_of(Section::latent_attention)) {
    if (key == "multi_latent_attention") continue;
    if (const auto field = model.find(key)) {
      throw field->error("is about multi-head latent attention, which this model has not",
                         "set multi_latent_attention to true, or leave it out");
    }
  }
}

}  // namespace

std::optional<LatentAttention> read_latent_attention(const Field& model) {
  const auto flag = model.find("multi_latent_attention");
  const bool latent = flag ? flag->boolean() : model.find("kv_lora_rank").has_value();
  if (!latent) {
    refuse_latent_keys(model);
    return std::nullopt;
  }
  LatentAttention attention;
  attention.key_value_rank =
      model
          .at("kv_lora_rank", "the width of the vector that keys and values come from, such as 512")
          .integer(1, most_width);
  if (const auto rank = model.find("q_lora_rank")) {
    attention.query_rank = rank->integer(0, most_width);
  }
  read_width(model, "qk_head_dim", "qk_nope_head_dim", attention.plain_head);
  read_width(model, "qk_pos_emb_head_dim", "qk_rope_head_dim", attention.rotary_head);
  read_width(model, "v_head_dim", "v_head_dim", attention.value_head);
  return attention;
}

namespace {

// What every device computes for its own tokens alone: no tensor parallelism divides it.
TransformerShare along_sequence(TransformerShare share) {
  share.tokens /= share.sequence_parts;
  return share;
}

// A narrow vector from the stream, and its norm; the vector and its norm are kept.
void add_narrow(Layer& layer, const Transformer& model, const TransformerShare& share,
                std::int64_t normed, std::int64_t plain, ProductInput input) {
  const TransformerShare own = along_sequence(share);
  const auto width = static_cast<double>(normed + plain);
  const double elements = own.tokens * static_cast<double>(normed);
  add_product(layer, model, own, share.hidden, width, input);
  add_elementwise(layer.forward, 2 * share.element * elements);
  add_elementwise(layer.backward_input, 3 * share.element * elements);
  add_stash(layer, share.element * (2 * elements + own.tokens * static_cast<double>(plain)));
  add_parameters(layer, share, share.hidden * width + static_cast<double>(normed), 1);
}

void add_wide(Layer& layer, const Transformer& model, const TransformerShare& share, double inputs,
              double outputs) {
  add_product(layer, model, share, inputs, outputs);
  add_parameters(layer, share, inputs * outputs * share.tensor, share.tensor);
}

}  // namespace

// Queries are turned where they are; keys are put together from their two parts, apart from values.
void add_latent_projections(Layer& layer, const Transformer& model, const TransformerShare& share) {
  const LatentAttention& latent = *model.latent;
  const double heads = static_cast<double>(model.heads) / share.tensor;
  const auto rank = static_cast<double>(latent.query_rank);
  const auto pair_rank = static_cast<double>(latent.key_value_rank);
  const double pairs = heads * static_cast<double>(latent.plain_head + latent.value_head);
  if (latent.query_rank > 0) {
    add_narrow(layer, model, share, latent.query_rank, 0, ProductInput::own);
  }
  add_narrow(layer, model, share, latent.key_value_rank, latent.rotary_head, ProductInput::shared);
  const double gathered = rank + pair_rank + static_cast<double>(latent.rotary_head);
  add_input_exchange(layer, share, latent.query_rank > 0 ? gathered : share.hidden);
  add_wide(layer, model, share, latent.query_rank > 0 ? rank : share.hidden, share.queries);
  add_wide(layer, model, share, pair_rank, pairs);
  const double moved = 2 * share.queries + pairs + share.keys + share.values;
  add_elementwise(layer.forward, share.element * share.tokens * moved);
  add_elementwise(layer.backward_input, share.element * share.tokens * moved);
}

}  // namespace pipesim
