#include "models/transformer/mixture_of_experts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/keys/config_keys.hpp"
#include "models/transformer/transformer_parts.hpp"

namespace pipesim {

namespace {

constexpr std::int64_t most_experts = 1 << 20;

std::optional<Field> find_experts(const Field& model) {
  return find_either(model, "num_experts", "n_routed_experts");
}

void refuse_expert_keys(const Field& model) {
  for (const std::string& key : keys_of(Section::mixture_of_experts)) {
    if (const auto field = model.find(key)) {
      throw field->error("is about a mixture of experts, which this model has not",
                         "say how many experts there are as num_experts, or leave it out");
    }
  }
}

std::int64_t read_top_k(const Field& model, std::int64_t experts) {
  const auto field = find_either(model, "moe_router_topk", "num_experts_per_tok");
  const std::int64_t top_k = field ? field->integer(1, most_experts) : 2;
  if (top_k <= experts) return top_k;
  if (field) {
    throw field->error(fmt::format("is more than the {} experts", experts),
                       "a token goes to different experts");
  }
  throw find_experts(model)->error("is less than moe_router_topk, which is 2 unless given",
                                   "a token goes to different experts");
}

// Hugging Face counts shared experts, Megatron adds up their widths.
std::int64_t read_shared(const Field& model, std::int64_t ffn_hidden) {
  const auto field = find_either(model, "moe_shared_expert_intermediate_size", "n_shared_experts");
  if (!field) return 0;
  const std::int64_t value = field->integer(0, most_width);
  return model.find("n_shared_experts") ? value * ffn_hidden : value;
}

void check_expert_parallel(const Field& model, std::int64_t experts, int ranks) {
  if (experts % ranks == 0) return;
  throw model.source()->error(
      "/training/expert_parallel", fmt::format("does not divide num_experts {}", experts),
      std::to_string(ranks), "every device has as many experts: choose a divisor");
}

}  // namespace

std::optional<MixtureOfExperts> read_mixture_of_experts(const Field& model, int num_layers,
                                                        std::int64_t ffn_hidden,
                                                        int expert_parallel) {
  const auto count = find_experts(model);
  if (!count) {
    refuse_expert_keys(model);
    if (expert_parallel == 1) return std::nullopt;
    throw model.source()->error(
        "/training/expert_parallel", "has no experts to share: the model has no num_experts",
        std::to_string(expert_parallel), "set it to 1, or give the model experts");
  }
  MixtureOfExperts mixture{.experts = count->integer(1, most_experts), .ffn_hidden = ffn_hidden};
  mixture.top_k = read_top_k(model, mixture.experts);
  if (const auto width = find_either(model, "moe_ffn_hidden_size", "moe_intermediate_size")) {
    mixture.ffn_hidden = width->integer(1, most_width);
  }
  mixture.shared_hidden = read_shared(model, mixture.ffn_hidden);
  if (const auto dense = model.find("first_k_dense_replace")) {
    mixture.dense_layers = static_cast<int>(dense->integer(0, std::int64_t{1} << 20));
    if (mixture.dense_layers > num_layers) {
      throw dense->error(fmt::format("is more than the {} layers", num_layers),
                         "the first blocks keep their MLP, the others have experts");
    }
  }
  if (const auto bias = model.find("moe_router_enable_expert_bias")) {
    mixture.router_bias = bias->boolean();
  }
  check_expert_parallel(model, mixture.experts, expert_parallel);
  return mixture;
}

namespace {

// Rows in the order of experts and back reach .50 of the bandwidth of a B200, where other kernels
// that memory bounds reach .666: SimuMax's system file b200_bf16_ceperm, permute_fwd.
constexpr double scattered = 0.666 / 0.50;

/// Sizes of one sample on one device, beside TransformerShare.
struct ExpertShare {
  double sent = 0;     ///< Rows that leave this device for experts, and as many that come.
  double rows = 0;     ///< That its experts compute, with those of the devices that share them.
  double experts = 0;  ///< That it holds, or parts of.
  double ffn = 0;      ///< Columns of one expert, on this device.
  bool exchanges = false;
};

ExpertShare expert_share(const MixtureOfExperts& mixture, const TransformerShare& share) {
  const double rows = share.tokens * static_cast<double>(mixture.top_k);
  const double sent = rows / share.sequence_parts;
  return {.sent = sent,
          .rows = sent * share.expert_sequence_parts,
          .experts = static_cast<double>(mixture.experts) / share.expert,
          .ffn = static_cast<double>(mixture.ffn_hidden) / share.expert_tensor,
          .exchanges = share.expert > 1};
}

// Scores of all experts in fp32, the best of them, and the loss that balances them: five passes.
void add_router(Layer& layer, const Transformer& model, const TransformerShare& share) {
  const auto experts = static_cast<double>(model.mixture->experts);
  TransformerShare own = share;
  own.tokens /= share.sequence_parts;
  const double scores = own.tokens * experts;
  const bool other_reads = model.mixture->shared_hidden > 0;  // The shared experts' product.
  add_product(layer, model, own, share.hidden, experts,
              other_reads ? ProductInput::shared : ProductInput::own);
  add_elementwise(layer.forward, 5 * 4 * scores);
  add_elementwise(layer.backward_input, 5 * 4 * scores);
  add_stash(layer, 3 * 4 * scores);
  add_parameters(layer, share, experts * (share.hidden + (model.mixture->router_bias ? 1 : 0)), 1);
}

// Rows into the order of experts before they are sent, or back to tokens where they return; and
// between devices. Rows from several devices are sorted once more among several experts.
void add_exchange(Layer& layer, const TransformerShare& share, const ExpertShare& part) {
  const double e = share.element;
  const double kept = scattered * e * (share.stream() + 3 * part.sent * share.hidden);
  const bool sorts = part.exchanges && part.experts > 1;
  const double sorted = sorts ? scattered * 2 * e * part.sent * share.hidden : 0;
  const Operator send{.bytes = e * part.sent * share.hidden,
                      .kernel = Kernel::collective,
                      .collective = Collective::all_to_all,
                      .group = LayerGroup::expert,
                      .part = "exchange"};
  for (std::vector<Operator>* pass : {&layer.forward, &layer.backward_input}) {
    add_elementwise(*pass, kept);
    if (part.exchanges) pass->push_back(send);
    add_elementwise(*pass, sorted);
  }
}

// Adds the product of all experts on a device, which is one grouped kernel.
void add_grouped_product(Layer& layer, const Transformer& model, const TransformerShare& share,
                         const ExpertShare& part, double inputs, double outputs) {
  const double weights = part.experts * inputs * outputs;
  Operator product{.flops = 2 * part.rows * inputs * outputs,
                   .bytes = share.element * part.rows * (inputs + outputs),
                   .fixed_bytes = share.element * weights,
                   .kernel = Kernel::grouped_product,
                   .weights = weights,
                   .products = part.experts};
  keep_for_weights(layer, product.bytes);
  layer.forward.push_back(product);
  layer.backward_input.push_back(product);
  if (model.fused_gradient_accumulation) {
    product.fixed_bytes = 2 * share.gradient * weights;            // The sum, read and written.
    add_handed_gradient(layer, share.element * inputs * outputs);  // Of one expert, for all.
  }
  layer.backward_weight.push_back(product);
  if (!model.fused_gradient_accumulation) {
    layer.backward_weight.push_back({.fixed_bytes = 3 * share.element * weights});
  }
  add_expert_parameters(layer, share, weights * share.expert_tensor * share.expert);
}

}  // namespace

void add_experts(Layer& layer, const Transformer& model, const TransformerShare& share) {
  const ExpertShare part = expert_share(*model.mixture, share);
  const double columns = model.gated() ? 2 * part.ffn : part.ffn;
  const double inner = part.rows * part.ffn;
  const double e = share.element;
  TransformerShare of_expert = share;
  of_expert.tensor = share.expert_tensor;
  of_expert.sequence_parts = share.expert_sequence_parts;
  of_expert.group = LayerGroup::expert_tensor;
  add_norm(layer, model, share);
  begin_part(layer, "router");
  add_router(layer, model, share);
  begin_part(layer, "dispatch");
  add_exchange(layer, share, part);
  add_input_exchange(layer, of_expert, share.hidden * part.rows / share.tokens);
  add_stash(layer, e * part.sent * share.hidden);
  begin_part(layer, "experts in");
  add_grouped_product(layer, model, share, part, share.hidden, columns);
  begin_part(layer, "activation");
  add_activation(layer, model, share, part.rows, part.ffn);
  begin_part(layer, "experts out");
  add_grouped_product(layer, model, share, part, part.ffn, share.hidden);
  add_output_exchange(layer, of_expert, share.hidden * part.rows / share.tokens);
  begin_part(layer, "combine");
  add_exchange(layer, share, part);
  if (model.mixture->shared_hidden > 0) {
    add_inner_mlp(layer, model, share,
                  static_cast<double>(model.mixture->shared_hidden) / share.tensor);
  }
  add_residual(layer, model, share);
  need_workspace(layer, e * (2 * part.sent * share.hidden + inner + part.rows * columns));
}

}  // namespace pipesim
