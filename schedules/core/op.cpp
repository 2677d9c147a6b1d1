#include "schedules/core/op.hpp"

#include <fmt/format.h>

#include <array>

namespace pipesim {

namespace {

struct KindNames {
  std::string_view token;
  std::string_view noun;
};

// In the order of OpKind.
constexpr std::array<KindNames, op_kinds> names{{
    {"F", "forward"},
    {"B", "backward"},
    {"I", "backward for the input"},
    {"W", "backward for the weights"},
    {"R", "re-computation"},
    {"A", "all-reduce"},
    {"O", "optimizer step"},
    {"UNSHARD", "gathering of weights"},
    {"RESHARD", "dropping of gathered weights"},
    {"REDUCE_GRAD", "reduction of gradients"},
    {"SEND_F", "sending of an activation"},
    {"RECV_F", "receiving of an activation"},
    {"SEND_B", "sending of a gradient"},
    {"RECV_B", "receiving of a gradient"},
}};

}  // namespace

std::string_view token(OpKind kind) {
  return names[static_cast<std::size_t>(kind)].token;
}

std::string_view noun(OpKind kind) {
  return names[static_cast<std::size_t>(kind)].noun;
}

std::string describe(const Op& op) {
  const std::string stage = fmt::format("{}{}", op.stage, op.copy == 0 ? "" : "'");
  return op.micro_batch < 0 ? fmt::format("{}{}", token(op.kind), stage)
                            : fmt::format("{}{}.{}", token(op.kind), stage, op.micro_batch);
}

std::string label(const Op& op) {
  return op.micro_batch < 0 ? std::string(token(op.kind))
                            : fmt::format("{}{}", token(op.kind), op.micro_batch);
}

}  // namespace pipesim
