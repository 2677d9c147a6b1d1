#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/base/units.hpp"
#include "models/device/interconnect.hpp"
#include "models/device/kernel_rates.hpp"
#include "models/settings/precision.hpp"

namespace pipesim {

/// Which devices take part in a layer's collective.
enum class LayerGroup {
  tensor,
  context,  ///< Those that exchange parts of a sequence for heads.
  expert,
  expert_tensor,  ///< Those that share an expert's matrices.
  context_ring,   ///< Those that pass on or gather keys and values.
};
inline constexpr int layer_groups = 5;

/// One kernel that a layer runs, per micro-batch of n samples: n·flops floating-point operations on
/// n·bytes + fixed_bytes of memory traffic. Or, where it was measured, n·seconds. Or a collective
/// of n·bytes among the devices that share the layer. Everything is one device's part.
struct Operator {
  double flops = 0;        ///< Per sample.
  double bytes = 0;        ///< Per sample. Of a collective: of the whole tensor.
  double fixed_bytes = 0;  ///< Whatever the number of samples: the weights.
  double seconds = 0;      ///< Per sample, measured; counts instead of the above when above 0.
  Kernel kernel = Kernel::other;
  double weights = 0;  ///< Of a linear layer's product: inputs × outputs.
  /// That the kernel groups, or parts in which it is launched: each adds what the kernel takes
  /// beside its work.
  double products = 1;
  Collective collective = Collective::all_reduce;
  LayerGroup group = LayerGroup::tensor;
  bool beside_product = false;  ///< A collective that a product of weights can hide in part.
  /// Above 0: not a collective but so many messages of n·bytes that each device of the group passes
  /// on to the next in a ring, each beside an equal part of the operators behind it that are in the
  /// ring. There is a part more than there are messages.
  int ring_steps = 0;
  bool in_ring = false;
  bool recomputable = true;  ///< False: re-computation of layers does not run it again.
  std::string_view part{};   ///< Of the layer, where it names its parts: a LayerPart's name.

  bool operator==(const Operator&) const = default;
};

/// When ZeRO gathers the weights of a layer's part: with those of the layer, or by themselves.
enum class Gathered { with_layer, before_layer, behind_layer };

/// A part of a layer that reports tell apart: "scores", "mlp in".
struct LayerPart {
  std::string_view name{};  ///< Outlives all layers: a literal.
  double parameters = 0;    ///< As Layer's, like the next two.
  Bytes parameter_bytes = 0;
  Bytes stash_bytes = 0;
  Gathered gathered = Gathered::with_layer;

  bool operator==(const LayerPart&) const = default;
};

/// The smallest unit that a partition may put on a stage.
struct Layer {
  std::string name{};
  std::vector<Operator> forward{};
  std::vector<Operator> backward_input{};   ///< Towards the layer before. With measured times: all.
  std::vector<Operator> backward_weight{};  ///< Towards the layer's own weights.
  /// Those of `forward` that selective re-computation runs again in the backward.
  std::vector<Operator> recomputed{};
  std::vector<LayerPart> parts{};
  double parameters = 0;      ///< Of all devices that share the layer together; 0: not known.
  Bytes parameter_bytes = 0;  ///< The weights.
  /// Of them, what not all replicas hold: each device of an expert group has its own experts.
  Bytes expert_bytes = 0;
  Bytes stash_bytes =
      0;  ///< Per sample: what forward leaves for backward beside the stage's input.
  Bytes recomputed_bytes = 0;  ///< Per sample: what of it selective re-computation does not keep.
  /// Per sample: what of it re-computation of layers keeps beside the layer's input.
  Bytes kept_bytes = 0;
  Bytes output_bytes = 0;  ///< Per sample: what the next layer takes.
  /// Per sample: what W reads, the inputs of the layer's products and the gradients of their
  /// outputs. I leaves that and nothing else. Meaningless where the network says so.
  Bytes weight_stash_bytes = 0;
  /// The launches that the backward repeats to compute again what forward did not keep, as a share
  /// of the forward's.
  double launched_again = 0;
  Bytes workspace_bytes = 0;        ///< Per sample: scratch while its backward runs.
  Bytes fixed_workspace_bytes = 0;  ///< The same, whatever the number of samples.
  /// Of it, the gradients that W makes beside the sum: scratch of W, not of I.
  Bytes handed_gradient_bytes = 0;
};

/// A chain of layers.
struct Network {
  std::vector<Layer> layers{};
  Bytes input_bytes = 0;  ///< Per sample.
  /// stash_bytes already contains the layer's input, as it does where a user states it.
  bool stash_holds_input = false;
  /// The gradients between layers wait for W, so that I has no other scratch for them.
  bool gradients_wait = false;
  /// What W reads is not known, as where a user states the stash alone: all of it waits for W.
  bool whole_stash_waits = false;
  /// Each of so many devices of a stage sends its own part of a message.
  int message_parts = 1;
  /// The parts are put together again where they arrive.
  bool gathers_messages = false;
  /// Of weights that the first and the last layer share: counted in the first, and once more in the
  /// last where that is on another stage.
  Bytes shared_embedding_bytes = 0;

  Bytes bytes_into(std::size_t layer) const {
    return layer == 0 ? input_bytes : layers[layer - 1].output_bytes;
  }
};

}  // namespace pipesim
