#include "schedules/handcrafted_zero_bubble.hpp"

#include <algorithm>

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
  return virtual_stages_refusal(shape, 1);
}

std::optional<Refusal> zb_h2_refusal(const PipelineShape& shape) {
  return virtual_stages_refusal(shape, 1);
}

std::optional<Ratio> zb_h1_bubble(const EqualStages& equal) {
  const Int128 stages = equal.shape.stages;
  const Int128 micro_batches = equal.shape.micro_batches;
  if (!fills_gaps(equal) || micro_batches < stages) return std::nullopt;
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
