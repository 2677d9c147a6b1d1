#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace pipesim {

/// What an op does with a micro-batch in a stage. The names are PyTorch's.
enum class OpKind : std::uint8_t {
  forward,           ///< F
  backward,          ///< B: the gradient of the stage's input and of its weights
  backward_input,    ///< I: the gradient of the stage's input
  backward_weight,   ///< W: the gradient of its weights
  recompute,         ///< R: the stage's forward again, for a backward that kept only the input
  all_reduce,        ///< A: sums the gradients over the replicas; after the pipeline
  optimizer,         ///< O: updates the weights; after the pipeline
  unshard,           ///< UNSHARD: gathers the stage's weights from the replicas that share them
  reshard,           ///< RESHARD: drops what UNSHARD gathered
  reduce_grad,       ///< REDUCE_GRAD: sums the stage's gradients over the replicas
  send_forward,      ///< SEND_F: the stage's output to the stage behind it
  receive_forward,   ///< RECV_F: its input from the stage before it
  send_backward,     ///< SEND_B: the gradient of its input to the stage before it
  receive_backward,  ///< RECV_B: the gradient of its output from the stage behind it
};
inline constexpr int op_kinds = 14;

/// "F", "SEND_B", …: as schedule files and traces write it.
std::string_view token(OpKind kind);

/// "forward", "backward", …
std::string_view noun(OpKind kind);

/// One stage processing one micro-batch: the smallest thing a device runs.
struct Op {
  OpKind kind = OpKind::forward;
  /// Runs overlapped with the op in the next slot: a forward with a backward. The two start when
  /// both can, and hand on their results when both are done.
  bool with_next = false;
  /// Which copy of its stage runs it: 1 only in bidirectional schedules, which hold each stage
  /// twice.
  std::uint8_t copy = 0;
  int stage = 0;        ///< Stage 0 reads the input batch.
  int micro_batch = 0;  ///< Counts from 0 within one training step; -1: the whole mini-batch.

  auto operator<=>(const Op&) const = default;
};

/// A weight gradient of all micro-batches at once, fused with the update.
constexpr bool is_deferred(const Op& op) {
  return op.kind == OpKind::backward_weight && op.micro_batch < 0;
}

/// It sends its input's gradient to the stage before.
constexpr bool sends_gradient(OpKind kind) {
  return kind == OpKind::backward || kind == OpKind::backward_input;
}

/// It computes the gradient of its stage's weights.
constexpr bool makes_weight_gradient(OpKind kind) {
  return kind == OpKind::backward || kind == OpKind::backward_weight;
}

constexpr bool recomputes(OpKind kind) {
  return kind == OpKind::recompute;
}

/// F, B, I, W or R: what a device computes for a micro-batch.
constexpr bool computes(OpKind kind) {
  return kind <= OpKind::recompute;
}

/// UNSHARD, RESHARD or REDUCE_GRAD: they stand for a stage, not for a micro-batch.
constexpr bool is_sharding(OpKind kind) {
  return kind >= OpKind::unshard && kind <= OpKind::reduce_grad;
}

/// One of the four sends and receives.
constexpr bool communicates(OpKind kind) {
  return kind >= OpKind::send_forward;
}

/// SEND_F or SEND_B.
constexpr bool is_send(OpKind kind) {
  return kind == OpKind::send_forward || kind == OpKind::send_backward;
}

/// RECV_F or RECV_B.
constexpr bool is_receive(OpKind kind) {
  return kind == OpKind::receive_forward || kind == OpKind::receive_backward;
}

/// "F0.3": kind, stage, micro-batch; "F0'.3" on the stage's second copy. Just "W0" for the whole
/// mini-batch.
std::string describe(const Op& op);

/// "F3": the short form for where the stage is known. Just "O" for the whole mini-batch.
std::string label(const Op& op);

}  // namespace pipesim
