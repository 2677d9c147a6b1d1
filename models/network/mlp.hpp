#pragma once

#include <vector>

#include "models/base/json_field.hpp"
#include "models/network/network.hpp"
#include "models/settings/precision.hpp"

namespace pipesim {

enum class Activation { relu, tanh, linear };

/// In the order of Activation.
inline constexpr Choice activation_choices[] = {{"relu"}, {"tanh"}, {"linear", "no activation"}};

/// A multi-layer perceptron: layer l computes act(x W + b), W of layer_sizes[l] × layer_sizes[l+1].
struct Mlp {
  std::vector<int> layer_sizes{};                     ///< Inputs, hidden layers, outputs.
  Activation activation = Activation::relu;           ///< Of every layer but the last.
  Activation output_activation = Activation::linear;  ///< Of the last.
};

Mlp read_mlp(const Field& model);

/// FLOPs and bytes of its layers. A product of n×a and a×b counts 2nab operations, reads both and
/// writes the result; an element-wise step reads and writes its tensors; the loss is the mean
/// squared error. No gradient is computed for the network's input.
Network mlp_network(const Mlp& mlp, Precision precision);

}  // namespace pipesim
