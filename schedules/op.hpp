#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace pipesim {

/// What an op does with a micro-batch in a stage. The letters are PyTorch's.
enum class OpKind : std::uint8_t {
  forward,          ///< F
  backward,         ///< B: the gradient of the stage's input and of its weights
  backward_input,   ///< I: the gradient of the stage's input
  backward_weight,  ///< W: the gradient of its weights
  recompute,        ///< R: the stage's forward again, for a backward that kept only the input
  all_reduce,       ///< A: sums the gradients over the replicas; after the pipeline
  optimizer,        ///< O: updates the weights; after the pipeline
};
inline constexpr int op_kinds = 7;

constexpr char letter(OpKind kind) {
  return "FBIWRAO"[static_cast<int>(kind)];
}

/// "forward", "backward", …
std::string_view noun(OpKind kind);

/// One stage processing one micro-batch: the smallest thing a device runs.
struct Op {
  OpKind kind = OpKind::forward;
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

/// "F0.3": kind, stage, micro-batch. Just "W0" for the whole mini-batch.
std::string describe(const Op& op);

/// "F3": the short form for where the stage is known. Just "O" for the whole mini-batch.
std::string label(const Op& op);

}  // namespace pipesim
