#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schedules/orders/catalog.hpp"

namespace pipesim::test {

/// gpipe and 1f1b: one stage on each device, whole backwards, one flush.
const std::vector<KnownSchedule>& flush_schedules();

/// A schedule of the catalog in that shape, an automatic one for equal stages; with as many
/// virtual stages as it needs. Nothing where it refuses.
std::optional<Schedule> made(const KnownSchedule& known, PipelineShape shape);

/// A schedule as its file.
std::string csv(const Schedule& schedule);

}  // namespace pipesim::test
