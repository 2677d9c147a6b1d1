#include <fmt/format.h>

#include "models/base/machine_memory.hpp"
#include "models/keys/config_keys.hpp"
#include "models/transformer/transformer.hpp"
#include "models/transformer/transformer_parts.hpp"

namespace pipesim {

namespace {

constexpr std::int64_t most_tokens = std::int64_t{1} << 31;
constexpr int most_layers = 1 << 17;

std::int64_t read_size(const Field& model, std::string_view megatron, std::string_view hugging_face,
                       std::int64_t most) {
  const auto field = find_either(model, megatron, hugging_face);
  if (!field) return model.at(megatron, "a transformer has one").integer(1, most);
  return field->integer(1, most);
}

// Heads whose keys and values come from one vector have all their own.
void read_latent_heads(const Field& field, Transformer& model) {
  model.query_groups = model.heads;
  for (const std::string_view key : {"num_query_groups", "num_key_value_heads"}) {
    const auto groups = field.find(key);
    if (groups && groups->integer(1, most_width) != model.heads) {
      throw groups->error(fmt::format("differs from the {} attention heads", model.heads),
                          "latent attention makes keys and values of every head: leave it out");
    }
  }
}

void read_attention(const Field& field, Transformer& model) {
  model.heads = read_size(field, "num_attention_heads", "n_head", most_width);
  model.latent = read_latent_attention(field);
  if (model.latent) return read_latent_heads(field, model);
  const auto groups = find_either(field, "num_query_groups", "num_key_value_heads");
  model.query_groups = groups ? groups->integer(1, most_width) : model.heads;
  if (model.heads % model.query_groups != 0) {
    throw groups->error(fmt::format("does not divide the {} attention heads", model.heads),
                        "each group of keys and values serves as many heads of queries");
  }
  if (const auto size = find_either(field, "kv_channels", "head_dim")) {
    model.head_size = size->integer(1, most_width);
  } else if (model.hidden % model.heads == 0) {
    model.head_size = model.hidden / model.heads;
  } else {
    throw field.at("num_attention_heads", "")
        .error(fmt::format("does not divide hidden_size {}", model.hidden),
               "give another number of heads, or a head's size as kv_channels");
  }
}

Transformer::Activation read_activation(const Field& field) {
  const auto gated = field.find("swiglu");
  const auto name = field.find("hidden_act");
  if (gated && name) throw name->error("stands beside swiglu", "give only one of the two");
  if (gated) {
    return gated->boolean() ? Transformer::Activation::swiglu : Transformer::Activation::gelu;
  }
  if (!name) return Transformer::Activation::gelu;
  return static_cast<Transformer::Activation>(name->pick("activations", hidden_act_choices));
}

void read_positions(const Field& field, Transformer& model) {
  if (const auto kind = field.find("position_embedding_type")) {
    model.positions = static_cast<Transformer::Positions>(kind->pick("kinds", position_choices));
  }
  model.max_positions = model.sequence;
  if (const auto most = field.find("max_position_embeddings")) {
    model.max_positions = most->integer(1, most_tokens);
    if (model.max_positions < model.sequence) {
      throw most->error(fmt::format("is less than seq_length {}", model.sequence),
                        "every token of a sequence has a position");
    }
  }
}

// Rates of 0 draw no mask; others differ in nothing that costs.
void read_dropout(const Field& field, std::string_view key, bool& draws) {
  if (const auto rate = field.find(key)) draws = rate->number(0, 1) > 0;
}

void read_flag(const Field& field, std::string_view key, bool& flag) {
  if (const auto given = field.find(key)) flag = given->boolean();
}

void read_details(const Field& field, Transformer& model) {
  model.activation = read_activation(field);
  if (const auto norm = field.find("normalization")) {
    model.rms_norm = norm->pick("normalizations", normalization_choices) == 1;
  }
  read_flag(field, "add_bias_linear", model.linear_bias);
  const auto tied = field.find("tie_word_embeddings");
  const auto untied = field.find("untie_embeddings_and_output_weights");
  if (tied && untied) throw tied->error("stands beside its opposite", "give only one of the two");
  if (tied) model.tied_embeddings = tied->boolean();
  if (untied) model.tied_embeddings = !untied->boolean();
  read_dropout(field, "attention_dropout", model.attention_dropout);
  read_dropout(field, "hidden_dropout", model.hidden_dropout);
  read_dropout(field, "activation_dropout", model.activation_dropout);
  read_flag(field, "use_flash_attn", model.flash_attention);
  read_flag(field, "gradient_accumulation_fusion", model.fused_gradient_accumulation);
  read_flag(field, "cross_entropy_loss_fusion", model.fused_cross_entropy);
  if (const auto chunk = field.find("logits_chunk_size")) {
    model.logits_chunk = chunk->integer(1, most_tokens);
  }
}

void must_divide(const Field& field, std::string_view key, std::int64_t ranks, std::int64_t whole,
                 std::string_view what, std::string_view hint) {
  if (whole % ranks == 0) return;
  throw field.source()->error(fmt::format("/training/{}", key),
                              fmt::format("does not divide {} {}", what, whole),
                              std::to_string(ranks), hint);
}

// Whole groups on every device, or every group on as many devices.
void check_query_groups(const Field& field, const Transformer& model, int ranks) {
  if (model.query_groups % ranks == 0 || ranks % model.query_groups == 0) return;
  throw field.source()->error(
      "/training/tensor_parallel",
      fmt::format("is neither a divisor nor a multiple of num_query_groups {}", model.query_groups),
      std::to_string(ranks),
      "every device has as many groups of keys and values, or every group as many devices");
}

void check_heads(const Field& field, const Transformer& model, int ranks) {
  if (ranks > model.heads) {
    throw field.source()->error(
        "/training/tensor_parallel",
        fmt::format("is more than the {} attention heads", model.heads), std::to_string(ranks),
        "every device has at least one head: use fewer, or more replicas or stages");
  }
  must_divide(field, "tensor_parallel", ranks, model.heads, "num_attention_heads",
              "every device has as many heads: choose a divisor");
  check_query_groups(field, model, ranks);
}

constexpr std::string_view as_many_columns = "every device has as many columns: choose a divisor";

// Devices that share experts take tokens of their own from those that share other matrices.
void check_expert_shares(const Field& field, const Transformer& model, const Training& training) {
  const Parallelism& parallel = training.parallel;
  const int ranks = expert_tensor_ranks(training);
  must_divide(field, "tensor_parallel", parallel.tensor, model.mixture->shared_hidden,
              "the shared experts' width", as_many_columns);
  must_divide(field, parallel.expert_tensor ? "expert_tensor_parallel" : "tensor_parallel", ranks,
              model.mixture->ffn_hidden, "an expert's width", as_many_columns);
  if (ranks == parallel.tensor || parallel.tensor == 1 || parallel.sequence) return;
  throw field.source()->error(
      "/training/sequence_parallel",
      fmt::format("must be true where expert_tensor_parallel is {} and tensor_parallel {}", ranks,
                  parallel.tensor),
      "false",
      "without it tensor-parallel devices hold the same tokens, and would send them twice");
}

void check_widths(const Field& field, const Transformer& model, const Training& training) {
  const int dense = model.mixture ? model.mixture->dense_layers : model.num_layers;
  if (dense > 0) {
    must_divide(field, "tensor_parallel", training.parallel.tensor, model.ffn_hidden,
                "ffn_hidden_size", as_many_columns);
  }
  if (model.mixture) return check_expert_shares(field, model, training);
  const int ranks = training.parallel.expert_tensor.value_or(1);
  if (ranks == 1 || ranks == training.parallel.tensor) return;
  throw field.source()->error("/training/expert_tensor_parallel",
                              "has no experts to share: the model has no num_experts",
                              std::to_string(ranks), "leave it out, or give the model experts");
}

void check_context(const Field& field, const Transformer& model, const Parallelism& parallel) {
  const ContextSplit split = context_split(model, parallel);
  const std::int64_t groups = query_groups_on_device(model, parallel);
  if (groups % split.heads != 0) {
    const bool nested = parallel.context_exchange == ContextExchange::a2a_p2p;
    throw field.source()->error(
        nested ? "/training/hierarchical_context_parallel_sizes/0" : "/training/context_parallel",
        fmt::format("does not divide the {} groups of keys and values on a device", groups),
        std::to_string(split.heads),
        R"(a2a exchanges parts of the sequence for whole heads: set training.cp_comm_type to "p2p")");
  }
  const std::int64_t parts = std::int64_t{parallel.sequence_ranks()} * parallel.context;
  if (model.sequence % parts != 0) {
    throw field.at("seq_length", "")
        .error(fmt::format("is not a multiple of the {} devices that share a sequence", parts),
               "sequence_parallel and context_parallel cut it into equal parts");
  }
  const std::int64_t halves = std::int64_t{2} * parallel.context;
  if (split.ring > 1 && model.sequence % halves != 0) {
    throw field.at("seq_length", "")
        .error(fmt::format("is not a multiple of {}, twice context_parallel", halves),
               "each device has a part of either half, so that causal attention is as much work "
               "for all");
  }
}

void check_shares(const Field& field, const Transformer& model, const Training& training) {
  check_heads(field, model, training.parallel.tensor);
  check_widths(field, model, training);
  check_context(field, model, training.parallel);
}

// Each layer is held operator by operator, more than once while it is costed: found before any is
// made.
void check_memory(const Field& field, int num_layers) {
  constexpr int few_layers = 1000;
  constexpr double bytes_per_layer = 25e3;  // Measured, with experts.
  if (num_layers < few_layers) return;
  const double needed = num_layers * bytes_per_layer;
  const auto available = static_cast<double>(available_memory());
  if (needed <= available) return;
  throw find_either(field, "num_layers", "num_hidden_layers")
      ->error(fmt::format("needs {:.1f} GB of this machine's memory", needed / 1e9),
              fmt::format("{:.1f} GB are available: simulate fewer layers", available / 1e9));
}

}  // namespace

Transformer read_transformer(const Field& field, const Training& training) {
  field.allow_keys(keys_of({Section::model, Section::transformer, Section::latent_attention,
                            Section::mixture_of_experts}));
  Transformer model;
  model.num_layers =
      static_cast<int>(read_size(field, "num_layers", "num_hidden_layers", most_layers));
  check_memory(field, model.num_layers);
  model.hidden = read_size(field, "hidden_size", "n_embd", most_width);
  model.sequence =
      field.at("seq_length", "tokens in a sequence, such as 2048").integer(1, most_tokens);
  model.vocabulary = read_size(field, "vocab_size", "padded_vocab_size", most_tokens);
  read_attention(field, model);
  const auto ffn = find_either(field, "ffn_hidden_size", "intermediate_size");
  model.ffn_hidden = ffn ? ffn->integer(1, most_width) : 4 * model.hidden;
  read_positions(field, model);
  read_details(field, model);
  model.mixture =
      read_mixture_of_experts(field, model.num_layers, model.ffn_hidden, training.parallel.expert);
  check_shares(field, model, training);
  return model;
}

}  // namespace pipesim
