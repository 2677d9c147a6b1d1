#pragma once

#include <optional>
#include <vector>

#include "schedules/core/bubble_formula.hpp"
#include "schedules/core/refusal.hpp"
#include "schedules/core/schedule.hpp"

namespace pipesim {

/// A micro-batch's pass through one of a device's stages, counted from the first.
struct Visit {
  int round = 0;
  int micro_batch = 0;
};

/// The order in which a device works through them, forwards: a group of micro-batches through all
/// of its stages, then the next group. Backwards are in the same order with the rounds reversed.
std::vector<Visit> interleaved_visits(const PipelineShape& shape);

/// Of interleaved schedules: `group_size`, or as many as there are stages on a row of devices.
int interleaved_group(const PipelineShape& shape);

/// 1F1B over several stages on each device, in Megatron-LM's order: a group of `group_size`
/// micro-batches goes through all the stages of a device before the next group, the last group may
/// be smaller, and a device runs ahead by 2(K-1-d) + (v-1)·group_size forwards (K-1-d with one
/// stage on each: 1F1B). Narayanan et al., arXiv:2104.04473, 2.2.2.
Schedule interleaved_1f1b(const PipelineShape& shape);

/// Whether the order runs through. The first device takes a micro-batch up again one group after it
/// first ran it, the last one does so with a gradient, and the first runs 2(K-1) ops ahead of the
/// last: unless two groups in a row have 2(K-1) micro-batches together, the two wait for each
/// other. With two stages on each device a last group of one comes too early to wait for such a
/// gradient.
bool interleaved_1f1b_runs(const PipelineShape& shape);

/// Refuses what does not run through.
std::optional<Refusal> interleaved_1f1b_refusal(const PipelineShape& shape);

/// (K-1)/(vM+K-1) where every group has at least K micro-batches (arXiv:2104.04473, 2.2.2). With a
/// deferred weight gradient every device ends with v W.
std::optional<Ratio> interleaved_1f1b_bubble(const EqualStages& equal);

}  // namespace pipesim
