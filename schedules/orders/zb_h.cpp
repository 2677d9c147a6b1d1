#include "schedules/orders/zb_h.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "schedules/orders/interleaved_1f1b.hpp"

namespace pipesim {

namespace {

// Runs `ahead` forwards ahead, then alternates; W follows once there are more than `lag` I.
std::vector<Op> split_lane(int stage, int micro_batches, int ahead, int lag) {
  std::vector<Op> lane;
  lane.reserve(3 * static_cast<std::size_t>(micro_batches));
  const auto push = [&](OpKind kind, int m) {
    if (m < micro_batches) lane.push_back({.kind = kind, .stage = stage, .micro_batch = m});
  };
  for (int m = 0; m < std::min(ahead, micro_batches); ++m) push(OpKind::forward, m);
  for (int m = 0; m < micro_batches; ++m) {
    push(OpKind::backward_input, m);
    if (m >= lag) push(OpKind::backward_weight, m - lag);
    push(OpKind::forward, ahead + m);
  }
  for (int m = std::max(micro_batches - lag, 0); m < micro_batches; ++m) {
    push(OpKind::backward_weight, m);
  }
  return lane;
}

// The lane of a device that runs several stages in turn; it counts visits instead of micro-batches.
std::vector<Op> interleaved_lane(const PipelineShape& shape, int device,
                                 const std::vector<Visit>& visits) {
  const auto ahead =
      static_cast<std::int64_t>(shape.virtual_stages - 1) * interleaved_group(shape) +
      shape.stages - device;
  const auto count = std::ssize(visits);
  std::vector<Op> lane;
  lane.reserve(3 * visits.size());
  const auto push = [&](OpKind kind, std::int64_t i) {
    if (i < 0 || i >= count) return;
    const auto [round, m] = visits[static_cast<std::size_t>(i)];
    const int at = kind == OpKind::forward ? round : shape.virtual_stages - 1 - round;
    lane.push_back({.kind = kind, .stage = at * shape.stages + device, .micro_batch = m});
  };
  for (std::int64_t i = 0; i < std::min(ahead, count); ++i) push(OpKind::forward, i);
  for (std::int64_t i = 0; i < count; ++i) {
    push(OpKind::backward_input, i);
    push(OpKind::backward_weight, i - device);
    push(OpKind::forward, ahead + i);
  }
  for (std::int64_t i = count; i < count + device; ++i) push(OpKind::backward_weight, i - device);
  return lane;
}

Schedule empty_schedule(std::string_view name, const PipelineShape& shape) {
  return {.name = std::string(name),
          .micro_batches = shape.micro_batches,
          .placement = one_stage_per_device(shape.stages)};
}

// Whether W fits into every gap that it is meant to fill.
bool fills_gaps(const EqualStages& equal) {
  return equal.plain() && equal.backward_weight <= std::min(equal.forward, equal.backward_input);
}

}  // namespace

Schedule zb_h1(const PipelineShape& shape) {
  Schedule schedule = empty_schedule("zb_h1", shape);
  if (shape.virtual_stages > 1) {
    schedule.placement = looped_placement(shape);
    const std::vector<Visit> visits = interleaved_visits(shape);
    for (int device = 0; device < shape.stages; ++device) {
      schedule.lanes.push_back(interleaved_lane(shape, device, visits));
    }
    return schedule;
  }
  for (int stage = 0; stage < shape.stages; ++stage) {
    schedule.lanes.push_back(split_lane(stage, shape.micro_batches, shape.stages - stage, stage));
  }
  return schedule;
}

Schedule zb_h2(const PipelineShape& shape) {
  Schedule schedule = empty_schedule("zb_h2", shape);
  for (int stage = 0; stage < shape.stages; ++stage) {
    const int ahead = 2 * (shape.stages - stage) - 1;
    schedule.lanes.push_back(split_lane(stage, shape.micro_batches, ahead, 2 * stage));
  }
  return schedule;
}

std::optional<Refusal> zb_h1_refusal(const PipelineShape& shape) {
  if (shape.virtual_stages == 1 || interleaved_group(shape) >= shape.stages - 1)
    return std::nullopt;
  return Refusal{.key = "group_size",
                 .problem = "is too small: the devices would wait for each other",
                 .hint = fmt::format("at least {}; {} is usual", shape.stages - 1, shape.stages)};
}

std::optional<Refusal> zb_h2_refusal(const PipelineShape& shape) {
  return virtual_stages_refusal(shape, 1);
}

std::optional<Ratio> zb_h1_bubble(const EqualStages& equal) {
  const Int128 stages = equal.shape.stages;
  const Int128 micro_batches = equal.shape.micro_batches;
  const bool interleaved = equal.shape.virtual_stages > 1;
  if (!fills_gaps(equal) || micro_batches < stages || interleaved) return std::nullopt;
  const Int128 critical = Int128{equal.forward.ps} + equal.backward_input.ps;
  const Int128 weight = equal.backward_weight.ps;
  const Int128 idle = (stages - 1) * (critical - weight);
  return bubble_ratio(idle, micro_batches * (critical + weight));
}

std::optional<Ratio> zb_h2_bubble(const EqualStages& equal) {
  const Int128 stages = equal.shape.stages;
  const Int128 micro_batches = equal.shape.micro_batches;
  if (!fills_gaps(equal) || micro_batches < 2 * stages - 1) return std::nullopt;
  const Int128 input = equal.backward_input.ps;
  const Int128 weight = equal.backward_weight.ps;
  const Int128 idle = (stages - 1) * (equal.forward.ps + std::max<Int128>(input - 2 * weight, 0));
  return bubble_ratio(idle, micro_batches * (equal.forward.ps + input + weight));
}

}  // namespace pipesim
