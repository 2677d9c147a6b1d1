#pragma once

#include <span>

#include "models/settings/training.hpp"

namespace pipesim {

/// The step sizes and decays of an optimizer; what a config can't set has PyTorch's defaults.
struct OptimizerSettings {
  Optimizer kind = Optimizer::sgd;
  double learning_rate = 0.001;
  double momentum = 0.9;           ///< µ
  double decay_of_mean = 0.9;      ///< Adam's β₁
  double decay_of_square = 0.999;  ///< Adam's β₂
  double smoothing = 0.99;         ///< RMSprop's α
  double epsilon = 1e-8;
};

/// What an optimizer reads and writes for a run of parameters; all have one length.
template <class T>
struct OptimizerView {
  std::span<T> weights{};
  std::span<T> gradient{};  ///< Set to 0 once it has been read, ready for the next step.
  std::span<T> first{};     ///< momentum: v; adam: m; rmsprop: s; sgd: empty.
  std::span<T> second{};    ///< adam: v; else empty.
};

/// One update; `step` counts from 1. In PyTorch's formulation, g the gradient, η the learning rate:
/// - sgd: w -= η g
/// - momentum: v = µ v + g; w -= η v
/// - rmsprop: s = α s + (1-α) g²; w -= η g / (√s + ε)
/// - adam (Kingma and Ba, arXiv:1412.6980): m = β₁ m + (1-β₁) g; v = β₂ v + (1-β₂) g²;
///   w -= η (m / (1-β₁ᵗ)) / (√(v / (1-β₂ᵗ)) + ε)
template <class T>
void update(const OptimizerSettings& settings, int step, const OptimizerView<T>& view);

/// w -= η direction: what is left of an update when the direction already stands.
template <class T>
void descend(double learning_rate, std::span<T> weights, std::span<const T> direction);

}  // namespace pipesim
