#include "schedules/orders/chimera.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "schedules/core/op_stream.hpp"

namespace pipesim {

namespace {

// Within a unit of K micro-batches, half of them each way, every kind of op comes every two unit
// times; the next unit starts 2K later. Streams start at times of different parity, or K apart, so
// no two ops are due at once.
std::vector<OpStream> streams(const PipelineShape& shape, int device) {
  const auto stream = [&](const Op& first, int start) {
    return OpStream{.first = first,
                    .start = start,
                    .period = 2 * shape.stages,
                    .burst = shape.stages / 2,
                    .spacing = 2};
  };
  const int turn = 2 * shape.stages - 1;
  const int up = shape.stages - 1 - device;
  const int half = shape.micro_batches / 2;
  return {
      stream({.kind = OpKind::forward, .stage = device}, device),
      stream({.kind = OpKind::backward, .stage = device}, turn - device),
      stream({.kind = OpKind::forward, .copy = 1, .stage = up, .micro_batch = half}, up),
      stream({.kind = OpKind::backward, .copy = 1, .stage = up, .micro_batch = half}, turn - up)};
}

}  // namespace

Schedule chimera(const PipelineShape& shape) {
  Schedule schedule{.name = "chimera",
                    .micro_batches = shape.micro_batches,
                    .placement = one_stage_per_device(shape.stages),
                    .second_placement = one_stage_per_device(shape.stages)};
  std::reverse(schedule.second_placement.begin(), schedule.second_placement.end());
  for (int device = 0; device < shape.stages; ++device) {
    schedule.lanes.push_back(in_order_of_time(streams(shape, device), shape.micro_batches / 2));
  }
  return schedule;
}

std::optional<Refusal> chimera_refusal(const PipelineShape& shape) {
  if (auto refusal = virtual_stages_refusal(shape, 1)) return refusal;
  if (auto refusal = odd_stages_refusal(shape)) return refusal;
  if (shape.micro_batches % 2 == 0) return std::nullopt;
  return Refusal{.key = "micro_batches",
                 .problem = "must be even: half of them go each way",
                 .hint = fmt::format("{} would do", std::int64_t{shape.micro_batches} + 1)};
}

std::optional<Ratio> chimera_bubble(const EqualStages& equal) {
  const Int128 stages = equal.shape.stages;
  const Int128 micro_batches = equal.shape.micro_batches;
  const Int128 units = (micro_batches + stages - 1) / stages;
  const bool exact =
      units == 1 || micro_batches == units * stages || equal.forward == equal.backward;
  if (!equal.plain() || !exact) return std::nullopt;
  const Int128 longer = std::max(equal.forward, equal.backward).ps;
  const Int128 shorter = std::min(equal.forward, equal.backward).ps;
  const Int128 idle = (stages - 2) * (units * longer - (units - 1) * shorter) +
                      (units * stages - micro_batches) * shorter;
  return bubble_ratio(idle, micro_batches * (longer + shorter));
}

}  // namespace pipesim
