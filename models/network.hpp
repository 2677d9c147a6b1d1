#pragma once

#include <string>
#include <vector>

#include "models/kernel_rates.hpp"
#include "models/precision.hpp"
#include "models/units.hpp"

namespace pipesim {

/// One kernel that a layer runs, per micro-batch of n samples: n·flops floating-point operations on
/// n·bytes + fixed_bytes of memory traffic. Or, where it was measured, n·seconds.
struct Operator {
  double flops = 0;        ///< Per sample.
  double bytes = 0;        ///< Per sample.
  double fixed_bytes = 0;  ///< Whatever the number of samples: the weights.
  double seconds = 0;      ///< Per sample, measured; counts instead of the above when above 0.
  Kernel kernel = Kernel::other;
  double weights = 0;  ///< Of a linear layer's product: inputs × outputs.
};

/// The smallest unit that a partition may put on a stage.
struct Layer {
  std::string name{};
  std::vector<Operator> forward{};
  std::vector<Operator> backward_input{};   ///< Towards the layer before. With measured times: all.
  std::vector<Operator> backward_weight{};  ///< Towards the layer's own weights.
  Bytes parameter_bytes = 0;                ///< The weights.
  Bytes stash_bytes =
      0;  ///< Per sample: what forward leaves for backward beside the stage's input.
  Bytes output_bytes = 0;  ///< Per sample: what the next layer takes.
  /// Per sample: what I adds to the stash for W, the gradient behind the layer. Not on a stage's
  /// last layer, whose gradient overwrites its output in the stash.
  Bytes gradient_stash_bytes = 0;
};

/// A chain of layers.
struct Network {
  std::vector<Layer> layers{};
  Bytes input_bytes = 0;  ///< Per sample.
  /// stash_bytes already contains the layer's input, as it does where a user states it.
  bool stash_holds_input = false;

  Bytes bytes_into(std::size_t layer) const {
    return layer == 0 ? input_bytes : layers[layer - 1].output_bytes;
  }
};

}  // namespace pipesim
