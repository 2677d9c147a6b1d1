#include "schedules/orders/controllable_memory.hpp"

#include <algorithm>

#include "schedules/core/op_stream.hpp"

namespace pipesim {

namespace {

constexpr int period = 6;  // F, I and W of two stages

// How a micro-batch travels, in unit times: from one op's start to the next one's. On the way down
// the devices it takes `down` from each to the next, forwards and backwards, and one on the way up.
struct Block {
  int down = 1;
  int at_bottom = 1;       // From F of the last device's first stage to F of its second.
  int back_at_bottom = 1;  // From I of the last device's second stage to I of its first.
};

OpStream repeated(OpKind kind, int stage, int start) {
  return {.first = {.kind = kind, .stage = stage}, .start = start, .period = period};
}

// W takes the first time behind its I that is free in every period.
void add_weight_gradient(std::vector<OpStream>& streams, int stage, int input_start) {
  int start = input_start + 1;
  const auto taken = [&](const OpStream& stream) { return (stream.start - start) % period == 0; };
  while (std::any_of(streams.begin(), streams.end(), taken)) ++start;
  streams.push_back(repeated(OpKind::backward_weight, stage, start));
}

std::vector<OpStream> streams_of(const Block& block, int device, int stages) {
  const int below = stages - 1 - device;
  const int way_down = block.down * (stages - 1);
  const int second_forward = way_down + block.at_bottom + below;
  const int turned = way_down + block.at_bottom + stages;  // Behind F of the last stage.
  const int second_input = turned + block.down * device;
  const int first_input = turned + way_down + block.back_at_bottom + below;
  const int second = 2 * stages - 1 - device;

  std::vector<OpStream> streams = {
      repeated(OpKind::forward, device, block.down * device),
      repeated(OpKind::forward, second, second_forward),
      repeated(OpKind::backward_input, second, second_input),
      repeated(OpKind::backward_input, device, first_input),
  };
  add_weight_gradient(streams, second, second_input);
  add_weight_gradient(streams, device, first_input);
  return streams;
}

Schedule repeated_block(std::string_view name, const Block& block, const PipelineShape& shape) {
  Schedule schedule{.name = std::string(name),
                    .micro_batches = shape.micro_batches,
                    .placement = v_placement(shape)};
  for (int device = 0; device < shape.stages; ++device) {
    schedule.lanes.push_back(
        in_order_of_time(streams_of(block, device, shape.stages), shape.micro_batches));
  }
  return schedule;
}

bool unit_times(const EqualStages& equal) {
  return equal.plain() && equal.forward == equal.backward_input &&
         equal.forward == equal.backward_weight && equal.forward > Time{};
}

}  // namespace

// Down takes two and up takes one, so ops that travel opposite ways drift by three with each
// device: they meet nowhere if they differ modulo three, and those that travel the same way if they
// differ modulo six. Of the turns that do so with the least memory, these have the shortest bubble.
Schedule v_half(const PipelineShape& shape) {
  const bool even = shape.stages % 2 == 0;
  return repeated_block(
      "v_half", {.down = 2, .at_bottom = even ? 5 : 2, .back_at_bottom = even ? 1 : 4}, shape);
}

// Both ways take one, so that ops which travel opposite ways drift by two, and meet nowhere if one
// starts at odd and one at even times. I goes down 2K after F: where that is a multiple of six, the
// two would meet everywhere, and it waits.
Schedule v_min(const PipelineShape& shape) {
  const bool meets = shape.stages % 3 == 0;
  return repeated_block("v_min", {.at_bottom = meets ? 5 : 1, .back_at_bottom = meets ? 3 : 1},
                        shape);
}

std::optional<Refusal> v_half_refusal(const PipelineShape& shape) {
  return virtual_stages_refusal(shape, 2);
}

std::optional<Refusal> v_min_refusal(const PipelineShape& shape) {
  return virtual_stages_refusal(shape, 2);
}

std::optional<Ratio> v_half_bubble(const EqualStages& equal) {
  const Int128 stages = equal.shape.stages;
  const Int128 micro_batches = equal.shape.micro_batches;
  if (!unit_times(equal) || (stages > 1 && 2 * micro_batches <= stages + 1)) return std::nullopt;
  return bubble_ratio(3 * stages - (stages % 2 == 0 ? 4 : 3), period * micro_batches);
}

std::optional<Ratio> v_min_bubble(const EqualStages& equal) {
  const Int128 stages = equal.shape.stages;
  if (!unit_times(equal)) return std::nullopt;
  return bubble_ratio(stages == 1 ? 0 : 4 * stages - 5, Int128{period} * equal.shape.micro_batches);
}

}  // namespace pipesim
