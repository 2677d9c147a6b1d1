#include "schedules/orders/interleaved_1f1b.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pipesim {

namespace {

std::int64_t last_group(const PipelineShape& shape, std::int64_t micro_batches) {
  return (micro_batches - 1) % interleaved_group(shape) + 1;
}

bool runs(const PipelineShape& shape, std::int64_t micro_batches) {
  const std::int64_t group = interleaved_group(shape);
  const std::int64_t last = last_group(shape, micro_batches);
  if (shape.virtual_stages == 1 || micro_batches <= group) return true;
  if (shape.virtual_stages == 2 && last == 1) {
    return group >= shape.stages - 1 || micro_batches == group + 1;
  }
  return group + last >= 2 * (shape.stages - 1);
}

std::int64_t warm_up(const PipelineShape& shape, int device) {
  const std::int64_t below = shape.stages - 1 - device;
  const std::int64_t rounds_ahead = shape.virtual_stages - 1;
  return rounds_ahead == 0 ? below : 2 * below + rounds_ahead * interleaved_group(shape);
}

// How many micro-batches run through: one more or less than there are, or the next, and so on.
std::int64_t nearest_that_runs(const PipelineShape& shape, int step) {
  std::int64_t micro_batches = shape.micro_batches;
  do micro_batches += step;
  while (!runs(shape, micro_batches));
  return micro_batches;
}

}  // namespace

int interleaved_group(const PipelineShape& shape) {
  return shape.group_size > 0 ? shape.group_size : shape.stages;
}

std::vector<Visit> interleaved_visits(const PipelineShape& shape) {
  std::vector<Visit> order;
  order.reserve(static_cast<std::size_t>(shape.virtual_stages) *
                static_cast<std::size_t>(shape.micro_batches));
  for (int first = 0; first < shape.micro_batches;) {
    const int end = first + std::min(interleaved_group(shape), shape.micro_batches - first);
    for (int round = 0; round < shape.virtual_stages; ++round) {
      for (int m = first; m < end; ++m) order.push_back({round, m});
    }
    first = end;
  }
  return order;
}

Schedule interleaved_1f1b(const PipelineShape& shape) {
  Schedule schedule{.name = "interleaved_1f1b",
                    .micro_batches = shape.micro_batches,
                    .placement = looped_placement(shape)};
  const std::vector<Visit> order = interleaved_visits(shape);
  for (int device = 0; device < shape.stages; ++device) {
    const std::size_t ahead =
        std::min(static_cast<std::size_t>(warm_up(shape, device)), order.size());
    std::vector<Op>& lane = schedule.lanes.emplace_back();
    lane.reserve(2 * order.size());

    for (std::size_t i = 0; i < order.size() + ahead; ++i) {
      if (i < order.size()) {
        const auto [round, m] = order[i];
        lane.push_back(
            {.kind = OpKind::forward, .stage = round * shape.stages + device, .micro_batch = m});
      }
      if (i >= ahead) {
        const auto [round, m] = order[i - ahead];
        lane.push_back({.kind = OpKind::backward,
                        .stage = (shape.virtual_stages - 1 - round) * shape.stages + device,
                        .micro_batch = m});
      }
    }
  }
  return schedule;
}

bool interleaved_1f1b_runs(const PipelineShape& shape) {
  return runs(shape, shape.micro_batches);
}

std::optional<Refusal> interleaved_1f1b_refusal(const PipelineShape& shape) {
  if (interleaved_1f1b_runs(shape)) return std::nullopt;
  if (interleaved_group(shape) < shape.stages - 1) {
    return Refusal{.key = "group_size",
                   .problem = "is too small: the devices would wait for each other",
                   .hint = fmt::format("at least {}; {} is usual", shape.stages - 1, shape.stages)};
  }
  return Refusal{.key = "micro_batches",
                 .problem = "leaves too small a last group: the devices would wait for each other",
                 .hint = fmt::format("in groups of {}, {} or {} would do", interleaved_group(shape),
                                     nearest_that_runs(shape, -1), nearest_that_runs(shape, 1))};
}

std::optional<Ratio> interleaved_1f1b_bubble(const EqualStages& equal) {
  const PipelineShape& shape = equal.shape;
  if (shape.virtual_stages == 1) return flush_bubble(equal);
  const bool exact = equal.recompute_setting == Recompute::none &&
                     last_group(shape, shape.micro_batches) >= shape.stages;
  if (!exact) return std::nullopt;
  const Int128 fill = shape.stages - 1;
  const Int128 visits = Int128{shape.virtual_stages} * shape.micro_batches;
  return bubble_ratio(fill * equal.pass(), visits * equal.pass() + equal.deferred_tail());
}

}  // namespace pipesim
