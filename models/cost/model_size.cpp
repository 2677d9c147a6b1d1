#include "models/cost/model_size.hpp"

namespace pipesim {

namespace {

// A fused backward makes the scores again: five products for the four gradients.
constexpr double fused_gradients = 4.0 / 5.0;

double forward_flops(const Operator& op) {
  return op.kernel == Kernel::other ? 0 : op.flops;
}

// A forward product in a backward is computed again.
double gradient_flops(const Operator& op) {
  switch (op.kernel) {
    case Kernel::other:
    case Kernel::forward:
      return 0;
    case Kernel::fused_attention_gradient:
    case Kernel::latent_attention_gradient:
      return fused_gradients * op.flops;
    default:
      return op.flops;
  }
}

// On one device of those that share its layers.
double flops_of(const Network& network) {
  double flops = 0;
  for (const Layer& layer : network.layers) {
    for (const Operator& op : layer.forward) flops += forward_flops(op);
    for (const Operator& op : layer.backward_input) flops += gradient_flops(op);
    for (const Operator& op : layer.backward_weight) flops += gradient_flops(op);
  }
  return flops;
}

std::optional<double> unless_zero(double value) {
  return value > 0 ? std::optional(value) : std::nullopt;
}

}  // namespace

std::optional<double> parameter_count(const Config& config) {
  const auto* network = std::get_if<Network>(&config.model);
  if (network == nullptr) return std::nullopt;
  double parameters = 0;
  for (const Layer& layer : network->layers) parameters += layer.parameters;
  return unless_zero(parameters);
}

std::optional<double> model_flops(const Config& config) {
  const auto* network = std::get_if<Network>(&config.model);
  if (network == nullptr) return std::nullopt;
  if (!config.transformer) return unless_zero(flops_of(*network));
  Training alone = config.training;  // What devices that share a layer all compute counts once.
  alone.parallel = {};
  return unless_zero(flops_of(transformer_network(*config.transformer, alone)));
}

}  // namespace pipesim
