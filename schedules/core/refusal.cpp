#include "schedules/core/refusal.hpp"

#include <fmt/format.h>

namespace pipesim {

std::optional<Refusal> virtual_stages_refusal(const PipelineShape& shape, int needed) {
  if (shape.virtual_stages == needed) return std::nullopt;
  return Refusal{.key = "virtual_stages",
                 .problem = fmt::format("must be {} with this schedule", needed),
                 .hint = "leave it out"};
}

std::optional<Refusal> odd_stages_refusal(const PipelineShape& shape) {
  if (shape.stages % 2 == 0) return std::nullopt;
  return Refusal{.key = "stages",
                 .problem = "must be even: the pipeline is fed from both ends",
                 .hint = fmt::format("{} would do", shape.stages + 1)};
}

}  // namespace pipesim
