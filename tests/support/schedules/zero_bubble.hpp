#pragma once

#include <random>

#include "schedules/core/schedule.hpp"
#include "support/schedules/zero_bubble_rates.hpp"

namespace pipesim::test {

/// The stages of a row, without a memory limit. Stashes are those of a layer and a sample of 1024
/// tokens (arXiv:2401.10241, table 1): 34h + 5as before I, 32h after it. With two stages on a
/// device the row's times are those of each.
ScheduleRequest published_request(const PublishedRates& row, int hidden, int heads,
                                  int virtual_stages);

/// Stages that all cost the same, free transfers, the same memory on every device.
ScheduleRequest equal_request(const PipelineShape& shape, const StageLoad& load, Bytes memory);

/// From `low` to `high`.
int draw(std::mt19937& random, int low, int high);

/// Times from 1 to 60 ps, a weight stash no larger than the stash.
StageLoad random_load(std::mt19937& random);

/// Up to 7 devices and 20 micro-batches; equal or uneven stages; W's and transfers of no length, or
/// long ones; no memory limit, the least one, or one in between.
ScheduleRequest random_request(std::mt19937& random, int virtual_stages);

}  // namespace pipesim::test
