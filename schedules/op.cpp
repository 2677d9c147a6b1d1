#include "schedules/op.hpp"

#include <fmt/format.h>

namespace pipesim {

std::string_view noun(OpKind kind) {
  switch (kind) {
    case OpKind::forward:
      return "forward";
    case OpKind::backward:
      return "backward";
    case OpKind::backward_input:
      return "backward for the input";
    case OpKind::backward_weight:
      return "backward for the weights";
    case OpKind::recompute:
      return "re-computation";
    case OpKind::all_reduce:
      return "all-reduce";
    case OpKind::optimizer:
      return "optimizer step";
  }
  return "";
}

std::string describe(const Op& op) {
  return op.micro_batch < 0 ? fmt::format("{}{}", letter(op.kind), op.stage)
                            : fmt::format("{}{}.{}", letter(op.kind), op.stage, op.micro_batch);
}

std::string label(const Op& op) {
  return op.micro_batch < 0 ? std::string(1, letter(op.kind))
                            : fmt::format("{}{}", letter(op.kind), op.micro_batch);
}

}  // namespace pipesim
