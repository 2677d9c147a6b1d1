#include "schedules/orders/dualpipe.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pipesim {

namespace {

// A device's part in one of the two ways on which micro-batches go through it.
struct Way {
  int stage = 0;
  std::uint8_t copy = 0;
  int next_forward = 0;
  int next_backward = 0;
};

class TwoWayLane {
 public:
  TwoWayLane(const Way& near, const Way& far) : near_(near), far_(far) {}

  // The order of a device. `near` is the way that enters the pipeline closer to it, `depth` devices
  // away, out of `half` devices up to where the two ways meet; each has so many micro-batches.
  std::vector<Op> order(int depth, int half, int micro_batches) && {
    ops_.reserve(4 * static_cast<std::size_t>(micro_batches) + 2 * static_cast<std::size_t>(half));
    const int to_middle = half - 1 - depth;
    for (int i = 0; i < 2 * to_middle; ++i) forward(near_);
    for (int i = 0; i <= depth; ++i) {
      forward(near_);
      forward(far_);
    }
    for (int i = 0; i < to_middle; ++i) {
      input_gradient(far_);
      weight_gradient();
      forward(far_);
    }
    for (int i = 0; i < micro_batches - 2 * half + depth + 1; ++i) {
      // In the middle the first backward does not wait for a partner: its gradient leaves earlier.
      const bool apart = i == 0 && to_middle == 0;
      forward(near_, !apart);
      backward(far_);
      pair(far_, near_);
    }
    for (int i = 0; i < to_middle; ++i) {
      backward(far_);
      pair(far_, near_);
    }
    cool_down(depth, to_middle);
    return std::move(ops_);
  }

 private:
  Way near_;
  Way far_;
  std::vector<Op> ops_;
  std::vector<Op>
      weights_;  // A W for each I so far; the first `done_` of them have had their turn.
  std::size_t done_ = 0;

  void forward(Way& way, bool with_next = false) {
    ops_.push_back({.kind = OpKind::forward,
                    .with_next = with_next,
                    .copy = way.copy,
                    .stage = way.stage,
                    .micro_batch = way.next_forward++});
  }
  void backward(Way& way, OpKind kind = OpKind::backward) {
    ops_.push_back(
        {.kind = kind, .copy = way.copy, .stage = way.stage, .micro_batch = way.next_backward++});
  }
  void pair(Way& ahead, Way& back) {
    forward(ahead, true);
    backward(back);
  }
  void input_gradient(Way& way) {
    backward(way, OpKind::backward_input);
    Op& weight = weights_.emplace_back(ops_.back());
    weight.kind = OpKind::backward_weight;
  }
  void weight_gradient() { ops_.push_back(weights_[done_++]); }

  // Backwards are split from about half of the last ones on: the neighbours wait for them.
  void cool_down(int depth, int to_middle) {
    const int split = depth + 1;  // Counting the backwards of both ways.
    for (int i = 0; i < 2 * (depth + 1); ++i) {
      Way& way = i % 2 == 0 ? far_ : near_;
      if (i < split) {
        backward(way);
      } else {
        input_gradient(way);
      }
    }
    for (int i = 0; i < to_middle; ++i) {
      weight_gradient();
      input_gradient(near_);
    }
    while (done_ < weights_.size()) weight_gradient();
  }
};

// The bubble of one half of the pipeline: `half` devices, each with `micro_batches` in either
// direction.
std::optional<Ratio> overlapped_bubble(const EqualStages& equal, int half, int micro_batches) {
  const Int128 forward = equal.forward.ps;
  const Int128 weight = equal.backward_weight.ps;
  const Int128 backward = forward + weight;
  const Int128 pair =
      equal.overlapped ? equal.overlapped->ps : Int128{equal.forward.ps} + equal.backward.ps;
  const bool exact = equal.plain() && equal.backward_input == equal.forward &&
                     equal.backward.ps == backward && weight <= forward && pair >= backward;
  if (!exact) return std::nullopt;

  const Int128 h = half;
  const Int128 saved = forward + backward - pair;  // By a pair.
  const Int128 most_pairs = 2 * Int128{micro_batches} - 2 * h - 1;
  const Int128 fewer_pairs = (h - 1) * (h - 2) / 2;  // Summed over the devices of one half.
  const Int128 busy = 2 * Int128{micro_batches} * (forward + backward) - most_pairs * saved;
  const Int128 idle = (h - 1) * (pair + backward - 3 * weight);
  return bubble_ratio(h * idle - fewer_pairs * saved, h * busy + fewer_pairs * saved);
}

}  // namespace

Schedule dualpipe(const PipelineShape& shape) {
  const int last = shape.stages - 1;
  const int each = shape.micro_batches / 2;
  Schedule schedule{.name = "dualpipe",
                    .micro_batches = shape.micro_batches,
                    .placement = one_stage_per_device(shape.stages),
                    .second_placement = one_stage_per_device(shape.stages)};
  std::reverse(schedule.second_placement.begin(), schedule.second_placement.end());
  for (int device = 0; device < shape.stages; ++device) {
    const Way down{.stage = device};
    const Way up{.stage = last - device, .copy = 1, .next_forward = each, .next_backward = each};
    const bool first_half = device < shape.stages / 2;
    TwoWayLane lane(first_half ? down : up, first_half ? up : down);
    schedule.lanes.push_back(
        std::move(lane).order(std::min(device, last - device), shape.stages / 2, each));
  }
  return schedule;
}

Schedule dualpipe_v(const PipelineShape& shape) {
  Schedule schedule{
      .name = "dualpipe_v", .micro_batches = shape.micro_batches, .placement = v_placement(shape)};
  for (int device = 0; device < shape.stages; ++device) {
    TwoWayLane lane({.stage = device}, {.stage = shape.all_stages() - 1 - device});
    schedule.lanes.push_back(std::move(lane).order(device, shape.stages, shape.micro_batches));
  }
  return schedule;
}

std::optional<Refusal> dualpipe_refusal(const PipelineShape& shape) {
  if (auto refusal = virtual_stages_refusal(shape, 1)) return refusal;
  if (auto refusal = odd_stages_refusal(shape)) return refusal;
  if (shape.micro_batches % 2 == 0 && shape.micro_batches >= 2 * shape.stages) return std::nullopt;
  const std::int64_t enough =
      std::max(std::int64_t{shape.micro_batches} + 1, std::int64_t{2} * shape.stages);
  return Refusal{.key = "micro_batches",
                 .problem = "must be even, and at least twice the stages",
                 .hint = fmt::format("{} would do", enough)};
}

std::optional<Refusal> dualpipe_v_refusal(const PipelineShape& shape) {
  if (auto refusal = virtual_stages_refusal(shape, 2)) return refusal;
  if (shape.micro_batches >= 2 * shape.stages) return std::nullopt;
  return Refusal{.key = "micro_batches",
                 .problem = "must be at least twice the stages",
                 .hint = fmt::format("at least {}", 2 * shape.stages)};
}

std::optional<Ratio> dualpipe_bubble(const EqualStages& equal) {
  return overlapped_bubble(equal, equal.shape.stages / 2, equal.shape.micro_batches / 2);
}

std::optional<Ratio> dualpipe_v_bubble(const EqualStages& equal) {
  return overlapped_bubble(equal, equal.shape.stages, equal.shape.micro_batches);
}

}  // namespace pipesim
