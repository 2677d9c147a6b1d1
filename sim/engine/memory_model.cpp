#include "sim/engine/memory_model.hpp"

#include <algorithm>

namespace pipesim {

std::string_view name_of(MemoryTag tag) {
  constexpr std::string_view names[memory_tags] = {"weights", "gradients",           "optimizer",
                                                   "stash",   "activation_gradient", "workspace"};
  return names[static_cast<int>(tag)];
}

namespace {

// Held while an op runs.
MemoryUse for_now(MemoryTag tag, Bytes bytes) {
  return {.tag = tag, .at_start = bytes, .at_finish = bytes};
}

OpMemory forward_memory(const StageCost& cost, const StagePlace& place) {
  OpMemory memory;
  memory.add(for_now(MemoryTag::weights, cost.gathered_layer));
  const Bytes held = place.received_input ? cost.boundary : 0;
  if (place.keeps_insides) {
    const Bytes sent = place.is_last ? 0 : cost.output;
    memory.add({.tag = MemoryTag::stash, .at_start = cost.stash - held});
    memory.add({.tag = MemoryTag::workspace, .at_start = sent, .at_finish = sent});
  } else {
    const Bytes scratch = cost.workspace + cost.output;
    memory.add({.tag = MemoryTag::stash, .at_start = cost.boundary - held});
    memory.add({.tag = MemoryTag::workspace, .at_start = scratch, .at_finish = scratch});
  }
  return memory;
}

// `added`: what it leaves in the stash beyond what F did; `released`: what it takes out.
struct StashChange {
  Bytes added = 0;
  Bytes released = 0;
};

OpMemory backward_memory(const StageCost& cost, const StagePlace& place, Bytes workspace,
                         const StashChange& stash) {
  const Bytes sent = place.is_first ? 0 : cost.boundary;
  OpMemory memory;
  memory.add(for_now(MemoryTag::weights, cost.gathered_layer));
  memory.add({.tag = MemoryTag::activation_gradient,
              .at_start = place.received_gradient ? 0 : cost.output,
              .at_finish = cost.output});
  memory.add({.tag = MemoryTag::activation_gradient, .at_start = sent, .at_finish = sent});
  memory.add({.tag = MemoryTag::workspace, .at_start = workspace, .at_finish = workspace});
  memory.add({.tag = MemoryTag::stash, .at_start = stash.added, .at_finish = stash.released});
  return memory;
}

OpMemory weight_memory(const StageCost& cost) {
  OpMemory memory;
  memory.add(for_now(MemoryTag::gradients, cost.unreduced_gradient));
  memory.add({.tag = MemoryTag::workspace,
              .at_start = cost.update_workspace,
              .at_finish = cost.update_workspace});
  memory.add({.tag = MemoryTag::stash,
              .at_finish = cost.weight_stash * std::max(1, cost.deferred_micro_batches)});
  return memory;
}

}  // namespace

OpMemory op_memory(OpKind kind, const StageCost& cost, const StagePlace& place) {
  OpMemory memory;
  switch (kind) {
    case OpKind::forward:
      return forward_memory(cost, place);
    case OpKind::backward:
      memory = backward_memory(cost, place, cost.workspace, {.released = cost.stash});
      memory.add(for_now(MemoryTag::gradients, cost.unreduced_gradient));
      break;
    case OpKind::backward_input:
      return backward_memory(cost, place, cost.input_workspace,
                             {.added = std::max<Bytes>(0, cost.weight_stash - cost.stash),
                              .released = std::max<Bytes>(0, cost.stash - cost.weight_stash)});
    case OpKind::backward_weight:
      return weight_memory(cost);
    case OpKind::recompute:
      memory.add(for_now(MemoryTag::weights, cost.gathered_layer));
      memory.add({.tag = MemoryTag::stash, .at_start = cost.stash - cost.boundary});
      break;
    case OpKind::receive_forward:
      memory.add({.tag = MemoryTag::stash, .at_start = cost.boundary});
      break;
    case OpKind::receive_backward:
      memory.add({.tag = MemoryTag::activation_gradient, .at_start = cost.output});
      break;
    case OpKind::unshard:
      memory.add({.tag = MemoryTag::weights, .at_start = cost.unsharded_weights});
      break;
    case OpKind::reshard:
      memory.add({.tag = MemoryTag::weights, .at_finish = cost.unsharded_weights});
      break;
    default:
      break;
  }
  return memory;
}

}  // namespace pipesim
