#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "models/cost/stage_cost.hpp"
#include "schedules/core/op.hpp"

namespace pipesim {

/// What memory is held for.
enum class MemoryTag : std::uint8_t {
  weights,
  gradients,            ///< Of the weights, accumulated over the micro-batches.
  optimizer,            ///< Its state.
  stash,                ///< What F leaves for its backward.
  activation_gradient,  ///< Gradients of activations, received and sent, while a backward runs.
  workspace,            ///< Scratch while an op runs, a forward's outgoing message among it.
};
inline constexpr int memory_tags = 6;

std::string_view name_of(MemoryTag tag);

/// Bytes that an op allocates under a tag when it starts, and releases when it finishes.
struct MemoryUse {
  MemoryTag tag = MemoryTag::stash;
  Bytes at_start = 0;
  Bytes at_finish = 0;
};

/// All that an op allocates and releases, in order.
struct OpMemory {
  std::array<MemoryUse, 6> uses{};
  int count = 0;

  void add(MemoryUse use) {
    if (use.at_start != 0 || use.at_finish != 0) uses[static_cast<std::size_t>(count++)] = use;
  }
  std::span<const MemoryUse> all() const& { return {uses.data(), static_cast<std::size_t>(count)}; }
  void all() const&& = delete;  // A span into a temporary.
};

/// Where a stage stands in the pipeline, and what its forward keeps.
struct StagePlace {
  bool is_first = false;       ///< Sends no gradient on.
  bool is_last = false;        ///< Sends no activation on; its backward begins with the loss.
  bool keeps_insides = false;  ///< F leaves the whole stash, not only the stage's input.
  /// A receive in the lane has brought F its input, or a backward its gradient, and holds it.
  bool received_input = false;
  bool received_gradient = false;
};

/// What an op receives it holds from its start, or from that of the receive before it in the lane;
/// what it sends it holds until its finish; a message under way is on no device. `stash` is held
/// from F (its inside from R, where that was not kept) to the backward, or what of it W needs to W,
/// with the gradients that I adds. While an op runs it holds the layer that it has gathered, under
/// `weights`, and that layer's gradient before it is scattered, under `gradients`. What UNSHARD
/// brings is held until RESHARD.
OpMemory op_memory(OpKind kind, const StageCost& cost, const StagePlace& place);

}  // namespace pipesim
